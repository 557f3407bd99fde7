"""The store, which holds one Parquet file per run, and one manifest and one report per sweep.

    DIR/runs/ab/ab12….parquet     a table with one row per step; the schema's metadata hold the rest of the run as JSON
    DIR/sweeps/NAME/sweep.json    the manifest of the sweep
    DIR/damaged/                  files that could not be read and were moved here

Only the parent process of a sweep writes to the store; its worker processes do not.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from zdl_bench.errors import DamagedFile, StoreError, abridge, closest, hint, require
from zdl_bench.run.atomic import DRAFT, DRAFTS, folder_in_use, remove_abandoned
from zdl_bench.store.damage import first_line, looking_at, writing
from zdl_bench.store.manifest import MAX_MANIFEST, Manifest, decode_manifest, encode_manifest
from zdl_bench.store.runs import RunFiles

FOLDERS_WRITTEN_TO = ("runs/??", "sweeps/*", "sweeps/*/figures", "sweeps/*/tables")
SWEEP_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
"""The pattern of sweep names. A new name must also not begin with '-', since a command would read such a name as a flag."""


class Store(RunFiles):
    """The runs and sweeps below one folder."""

    def require_writable(self) -> None:
        """Raise StoreError unless files can be created in the store's folder."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise StoreError(
                f"results_dir={self.root}: the store cannot be written ({error.strerror}); name a folder with results_dir=DIR"
            ) from error

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep every sweep in the store from being removed during the block. Raise StoreError if it cannot be written."""
        self.require_writable()
        with looking_at(self.root / "runs"):
            (self.root / "runs").mkdir(exist_ok=True)
        with folder_in_use(self.root / "runs"):
            yield

    def require_existing(self) -> None:
        """Raise StoreError unless the folder exists and holds a store."""
        with looking_at(self.root):
            exists = any((self.root / part).is_dir() for part in ("runs", "sweeps"))
        if not exists:
            raise StoreError(f"{self.root} holds no results; run a sweep first, or name the store with --results DIR")

    def tidy(self) -> None:
        """Remove the drafts of processes that were killed while they were writing."""
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
        """Write the results that a third-party Hydra sweeper reports to the folder of its sweep."""
        with writing(self.sweep_folder(name) / "optimization_results.yaml") as draft:
            draft.write_text(content, encoding="utf-8")

    def replace_report(self, name: str, files: Mapping[str, bytes]) -> None:
        """Write a sweep's report and remove old report files. files: path below the sweep's folder → content of the file."""
        folder = self.sweep_folder(name)
        links = [one for one in (folder.parent, folder, folder / "figures", folder / "tables") if one.is_symlink()]
        if links:  # a store from an untrusted source could make us overwrite other files
            raise StoreError(
                f"{links[0]} is a link, but reports are written only to real folders; replace the link with a folder"
            )
        for path, content in files.items():
            with writing(folder / path) as draft:
                draft.write_bytes(content)
        for old in [*folder.glob("figures/*"), *folder.glob("tables/*")]:
            is_in_the_making = old.suffix == DRAFT  # a draft of another report of the same sweep
            if old.is_file() and not is_in_the_making and old.relative_to(folder).as_posix() not in files:
                old.unlink(missing_ok=True)

    def read_manifest(self, name: str) -> Manifest:
        path = self.sweep_folder(name) / "sweep.json"
        with looking_at(path):
            exists = path.is_file()
        if not exists:
            names = self.sweep_names()
            known = f"the store has {abridge(name, names) or 'no sweeps yet'}"
            raise StoreError(f"there is no sweep {name} in {self.root}; {hint(closest(name, names), known)}")
        try:
            if path.stat().st_size > MAX_MANIFEST:
                raise ValueError(f"the file has more than {MAX_MANIFEST:,} bytes")
            return decode_manifest(path.read_bytes(), name)
        except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise DamagedFile(f"{path} is damaged ({first_line(error)}); run the command of the sweep again") from error

    def find_manifest(self, name: str) -> Manifest | None:
        """Return a sweep's manifest, or None if the manifest is missing or damaged."""
        try:
            return self.read_manifest(name)
        except StoreError:
            return None

    def sweep_names(self) -> list[str]:
        """Return the sorted names of all sweeps, including those whose manifests cannot be read."""
        names = (path.parent.name for path in self.root.glob("sweeps/*/sweep.json"))
        return sorted(name for name in names if SWEEP_NAME.fullmatch(name))

    def manifests(self) -> list[Manifest]:
        """Return all manifests that can be read, sorted by the start of the sweep from the earliest to the latest."""
        found = filter(None, map(self.find_manifest, self.sweep_names()))
        return sorted(found, key=lambda manifest: (manifest.started, manifest.name))

    def latest_manifest(self) -> Manifest:
        manifests = self.manifests()
        if not manifests:
            raise StoreError(f"{self.root} holds no sweep; run a sweep first, or name the store with --results DIR")
        return manifests[-1]


def require_new_name(name: str) -> None:
    """Raise ConfigError if the name is not allowed for a new sweep."""
    _require_name(name, is_new_name(name))


def is_new_name(name: str) -> bool:
    return SWEEP_NAME.fullmatch(name) is not None and not name.startswith("-")


def _require_name(name: str, holds: bool) -> None:
    allowed = "give a name of up to 100 letters, digits, '.', '_' or '-' that begins with a letter, a digit or '_'"
    require("name", name, holds, allowed)
