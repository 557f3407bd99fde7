"""The store: one Parquet file per run, and a manifest and a report per sweep.

    DIR/runs/ab/ab12….parquet     per-step table; the rest of the run as JSON in the schema's metadata
    DIR/sweeps/NAME/sweep.json    manifest
    DIR/damaged/                  files that could not be read, set aside

The parent process is the only writer.
"""

import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from zdl_bench.errors import DamagedFile, StoreError, abridge, closest, hint, require
from zdl_bench.run.atomic import DRAFT, DRAFTS, remove_abandoned
from zdl_bench.store.damage import first_line, looking_at, writing
from zdl_bench.store.manifest import MAX_MANIFEST, Manifest, decode_manifest, encode_manifest
from zdl_bench.store.runs import RunFiles

FOLDERS_WRITTEN_TO = ("runs/??", "sweeps/*", "sweeps/*/figures", "sweeps/*/tables")
SWEEP_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
"""Of a stored sweep. A new one does not begin with '-': a command would take its name for a flag."""


class Store(RunFiles):
    """Runs and sweeps below one folder."""

    def require_writable(self) -> None:
        """Raise StoreError unless files can be made here."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise StoreError(
                f"results_dir={self.root}: the store cannot be written ({error.strerror}); name another with results_dir=DIR"
            ) from error

    def require_existing(self) -> None:
        """Raise StoreError unless there is a store here."""
        with looking_at(self.root):
            exists = any((self.root / part).is_dir() for part in ("runs", "sweeps"))
        if not exists:
            raise StoreError(f"{self.root} holds no results; run a sweep first, or name the store with --results DIR")

    def tidy(self) -> None:
        """Remove what writers left behind that were killed while they wrote."""
        remove_abandoned(path for folder in FOLDERS_WRITTEN_TO for path in self.root.glob(f"{folder}/{DRAFTS}"))

    def sweep_folder(self, name: str) -> Path:
        _require_name(name, bool(SWEEP_NAME.fullmatch(name)))
        return self.root / "sweeps" / name

    def write_manifest(self, manifest: Manifest) -> None:
        folder = self.sweep_folder(manifest.name)
        with writing(folder / "sweep.json") as draft:
            draft.write_text(encode_manifest(manifest), encoding="utf-8")
        with suppress(OSError):
            (folder / "rows.json").unlink()  # earlier versions kept the summaries there

    def write_optimized(self, name: str, content: str) -> None:
        """Keep what a foreign sweeper says that it has found."""
        with writing(self.sweep_folder(name) / "optimization_results.yaml") as draft:
            draft.write_text(content, encoding="utf-8")

    def replace_report(self, name: str, files: Mapping[str, bytes]) -> None:
        """Write the files of a sweep's report, by their paths below its folder, and remove those of an earlier one."""
        folder = self.sweep_folder(name)
        links = [one for one in (folder.parent, folder, folder / "figures", folder / "tables") if one.is_symlink()]
        if links:  # a store from elsewhere could have our files replaced
            raise StoreError(f"{links[0]} is a link; a report is only written into the store itself: replace it by a folder")
        for path, content in files.items():
            with writing(folder / path) as draft:
                draft.write_bytes(content)
        for old in [*folder.glob("figures/*"), *folder.glob("tables/*")]:
            is_in_the_making = old.suffix == DRAFT  # by another report of the same sweep
            if old.is_file() and not is_in_the_making and old.relative_to(folder).as_posix() not in files:
                old.unlink(missing_ok=True)

    def read_manifest(self, name: str) -> Manifest:
        path = self.sweep_folder(name) / "sweep.json"
        with looking_at(path):
            exists = path.is_file()
        if not exists:
            names = self.sweep_names()
            known = f"it has {abridge(name, names) or 'none yet'}"
            raise StoreError(f"there is no sweep {name} in {self.root}; {hint(closest(name, names), known)}")
        try:
            if path.stat().st_size > MAX_MANIFEST:
                raise ValueError(f"it has more than {MAX_MANIFEST:,} bytes")
            return decode_manifest(path.read_bytes(), name)
        except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise DamagedFile(f"{path} is damaged ({first_line(error)}); run the sweep's command again") from error

    def find_manifest(self, name: str) -> Manifest | None:
        """Return a sweep's manifest, None if it cannot be read."""
        try:
            return self.read_manifest(name)
        except StoreError:
            return None

    def sweep_names(self) -> list[str]:
        """Return the names of all sweeps, sorted, whether their manifests can be read or not."""
        names = (path.parent.name for path in self.root.glob("sweeps/*/sweep.json"))
        return sorted(name for name in names if SWEEP_NAME.fullmatch(name))

    def manifests(self) -> list[Manifest]:
        """Return all manifests that can be read, those started last at the end."""
        found = filter(None, map(self.find_manifest, self.sweep_names()))
        return sorted(found, key=lambda manifest: (manifest.started, manifest.name))

    def latest_manifest(self) -> Manifest:
        manifests = self.manifests()
        if not manifests:
            raise StoreError(f"{self.root} holds no sweep; run one first, or name the store with --results DIR")
        return manifests[-1]


def require_new_name(name: str) -> None:
    """Raise ConfigError if no new sweep can have this name."""
    _require_name(name, is_new_name(name))


def is_new_name(name: str) -> bool:
    return SWEEP_NAME.fullmatch(name) is not None and not name.startswith("-")


def _require_name(name: str, holds: bool) -> None:
    allowed = "a sweep's name is up to 100 letters, digits, '.', '_' or '-', the first a letter, a digit or '_'"
    require("name", name, holds, allowed)
