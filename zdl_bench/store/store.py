"""The store: one Parquet file per run, written whole or not at all, and a manifest per sweep.

    DIR/runs/ab/ab12….parquet     per-step table; the rest of the run as JSON in the schema's metadata
    DIR/sweeps/NAME/sweep.json    manifest
    DIR/sweeps/NAME/rows.json     what it remembers of its runs; can be deleted at any time
    DIR/damaged/                  files that could not be read, kept aside

The parent process is the only writer.
"""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from zdl_bench.errors import (
    ConfigError,
    DamagedFile,
    MissingRun,
    OtherEngine,
    StoreError,
    abridge,
    closest,
    display,
    hint,
    require,
)
from zdl_bench.run.atomic import DRAFT, DRAFTS, draft_file, folder_locked, remove_abandoned
from zdl_bench.run.config import ENGINE_VERSION, RUN_ID
from zdl_bench.run.run import Run
from zdl_bench.run.untrusted import json_in, require_plain
from zdl_bench.store.encoding import decode, encode, file_of, metadata_in, read_file, sound_checksum, stored_checksum, table_in
from zdl_bench.store.manifest import Manifest, Report, checksum_of

FOLDERS_WRITTEN_TO = ("runs/??", "sweeps/*", "sweeps/*/figures", "sweeps/*/tables")
MAX_MANIFEST = 20_000_000
"""Bytes; one of 100,000 runs has 2 million."""
ROWS = "rows.json"
MAX_ROWS = 50_000_000
"""Bytes; 100,000 rows have 24 million."""
MAX_IN_MEMORY = 400_000_000
"""Bytes of the values in a manifest, or in what a sweep remembers."""
MAX_NAMED = 5
"""Damaged runs that a message names."""
UNREADABLE = (OSError, pa.ArrowException, ValueError)
"""What a file raises that is no Parquet file of a run."""
NOT_A_RUN = (*UNREADABLE, KeyError, TypeError, AttributeError, OverflowError, RecursionError, ConfigError)
"""What content raises that is none of a run."""
SWEEP_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
"""Of a stored sweep. A new one does not begin with '-': a command would take its name for a flag."""


class Store:
    """Runs and sweeps below one folder.

    Raises StoreError where the folder cannot be written or read, DamagedFile where a stored file is not sound, ConfigError for
    a folder without a name.
    """

    def __init__(self, root: str | Path) -> None:
        if root == "":
            raise ConfigError(
                "results_dir=: a store is a folder; name one with results_dir=DIR or --results DIR ('.': this one)"
            )
        self.root = Path(root)
        with _reading(self.root):  # too long a name, or a folder that may not be entered, whatever is asked of it
            (self.root / "runs").exists()

    def require_writable(self) -> None:
        """Raises StoreError unless files can be made here."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise StoreError(
                f"results_dir={self.root}: the store cannot be written ({error.strerror}); name another with results_dir=DIR"
            ) from error

    def require_existing(self) -> None:
        """Raises StoreError unless there is a store here."""
        if not any(_is_folder(self.root / part) for part in ("runs", "sweeps")):
            raise StoreError(f"{self.root} holds no results; run a sweep first, or name the store with --results DIR")

    def run_path(self, run_id: str) -> Path:
        if not RUN_ID.fullmatch(run_id):
            raise StoreError(f"run_id={run_id[:40]!r}: a run's id is 16 hex digits")
        return self.root / "runs" / run_id[:2] / f"{run_id}.parquet"

    def has(self, run_id: str) -> bool:
        return _is_file(self.run_path(run_id))

    def run_ids(self) -> Iterator[str]:
        """Ids of all stored runs, sorted."""
        return (path.stem for path in sorted(self.root.glob("runs/??/*.parquet")) if RUN_ID.fullmatch(path.stem))

    def write(self, run: Run) -> "Hashes":
        table = encode(run)
        content = file_of(table)
        with _writing(self.run_path(run.run_id)) as draft:
            draft.write_bytes(content)
        return Hashes(stored_checksum(table), hash_of(content))

    def read(self, run_id: str) -> Run:
        return self.read_with_hashes(run_id)[0]

    def read_with_hashes(self, run_id: str) -> tuple[Run, "Hashes"]:
        """A run, and the hashes of what was read."""
        path = self.run_path(run_id)
        try:
            content = read_file(path)
            file, table = hash_of(content), table_in(content)
            del content  # a large one, and decoding takes as much again
            run, hashes = decode(table), Hashes(stored_checksum(table), file)
            names = {run_id, json.loads(table.schema.metadata[b"run_id"])}
        except FileNotFoundError as error:
            raise self._missing(run_id) from error
        except NOT_A_RUN as error:
            raise damaged(path, error) from error
        if run.engine != ENGINE_VERSION:
            raise _other_engine(run_id, run.engine)
        if names != {run.run_id}:
            raise damaged(path, ValueError("it holds another run"))
        return run, hashes

    def read_all(self, run_ids: Iterable[str]) -> "Found":
        """The runs that can be read, and why the others cannot."""
        runs, missing = [], {}
        for run_id in run_ids:
            try:
                runs.append(self.read_with_hashes(run_id))
            except StoreError as error:
                missing[run_id] = error
        return Found(runs, missing)

    def read_metadata(self, run_id: str) -> dict[str, str]:
        """The JSON texts of a run's metadata, without the table and unchecked: enough for a listing."""
        path = self.run_path(run_id)
        try:
            return {key.decode(): text.decode() for key, text in metadata_in(read_file(path)).items()}
        except FileNotFoundError as error:
            raise self._missing(run_id) from error
        except UNREADABLE as error:
            raise damaged(path, error) from error

    def _missing(self, run_id: str) -> MissingRun:
        return MissingRun(f"run {run_id} is not in {self.root}; the sweep that planned it makes it: run it again")

    def sound_checksum(self, run_id: str) -> str:
        """The checksum of a run's content, computed anew. Raises DamagedFile where it is not the stored one."""
        path = self.run_path(run_id)
        try:
            table = table_in(read_file(path))
            checksum, engine = sound_checksum(table), json.loads(table.schema.metadata[b"engine"])
        except FileNotFoundError as error:
            raise self._missing(run_id) from error
        except NOT_A_RUN as error:
            raise damaged(path, error) from error
        if engine != ENGINE_VERSION:
            raise _other_engine(run_id, engine)
        return checksum

    def hash_of_file(self, run_id: str) -> str:
        """SHA-256 of a run's file as it is. Raises DamagedFile where it cannot be read."""
        path = self.run_path(run_id)
        try:
            return hash_of(read_file(path))
        except FileNotFoundError as error:
            raise self._missing(run_id) from error
        except (OSError, ValueError) as error:
            raise damaged(path, error) from error

    def read_rows(self, name: str) -> Any:
        """What a sweep remembers of its runs, from JSON. Raises OSError or ValueError where that is nothing."""
        path = self.sweep_folder(name) / ROWS
        if not path.is_file() or path.stat().st_size > MAX_ROWS:
            raise OSError(f"{path} is no file of up to {MAX_ROWS:,} bytes")
        return json_in(path.read_bytes(), MAX_IN_MEMORY)

    def write_rows(self, name: str, content: str) -> None:
        with _writing(self.sweep_folder(name) / ROWS) as draft:
            draft.write_text(content, encoding="utf-8")

    def write_optimized(self, name: str, content: str) -> None:
        """Keeps what a foreign sweeper says that it has found."""
        with _writing(self.sweep_folder(name) / "optimization_results.yaml") as draft:
            draft.write_text(content, encoding="utf-8")

    def set_aside(self, run_id: str) -> Path | None:
        """Moves a run's file to DIR/damaged/, where it is in nobody's way, and returns its new place.

        None where the file is gone or sound by now: another start was faster, and has made the run again.
        """
        path = self.run_path(run_id)
        aside = self.root / "damaged" / path.name
        try:
            with folder_locked(path.parent):
                if self._is_sound_or_gone(run_id):
                    return None
                aside.parent.mkdir(exist_ok=True)
                os.replace(path, aside)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{path} is damaged and cannot be set aside ({error.strerror}); move it away") from error
        return aside

    def _is_sound_or_gone(self, run_id: str) -> bool:
        try:
            self.read(run_id)
        except StoreError as error:
            return isinstance(error, MissingRun)
        return True

    def tidy(self) -> None:
        """Removes what writers left behind that were killed while they wrote."""
        remove_abandoned(path for folder in FOLDERS_WRITTEN_TO for path in self.root.glob(f"{folder}/{DRAFTS}"))

    def sweep_folder(self, name: str) -> Path:
        _require_name(name, bool(SWEEP_NAME.fullmatch(name)))
        return self.root / "sweeps" / name

    def write_manifest(self, manifest: Manifest) -> None:
        stored = asdict(manifest)
        stored["checksum"] = checksum_of(stored)
        content = json.dumps(stored, indent=1, sort_keys=True, ensure_ascii=False)
        with _writing(self.sweep_folder(manifest.name) / "sweep.json") as draft:
            draft.write_text(content + "\n", encoding="utf-8")

    def replace_report(self, name: str, files: Mapping[str, bytes]) -> None:
        """Writes the files of a sweep's report, by their paths below its folder, and removes those of an earlier one."""
        folder = self.sweep_folder(name)
        self._require_own(folder.parent, folder, folder / "figures", folder / "tables")
        for path, content in files.items():
            with _writing(folder / path) as draft:
                draft.write_bytes(content)
        for old in [*folder.glob("figures/*"), *folder.glob("tables/*")]:
            is_in_the_making = old.suffix == DRAFT  # by another report of the same sweep
            if old.is_file() and not is_in_the_making and old.relative_to(folder).as_posix() not in files:
                old.unlink(missing_ok=True)

    @staticmethod
    def _require_own(*folders: Path) -> None:
        """Raises StoreError where one is a link: a store from elsewhere could have our files replaced with it."""
        links = [folder for folder in folders if folder.is_symlink()]
        if links:
            raise StoreError(f"{links[0]} is a link; a report is only written into the store itself: replace it by a folder")

    def read_manifest(self, name: str) -> Manifest:
        path = self.sweep_folder(name) / "sweep.json"
        if not _is_file(path):
            names = self.sweep_names()
            known = f"it has {abridge(name, names) or 'none yet'}"
            raise StoreError(f"there is no sweep {name} in {self.root}; {hint(closest(name, names), known)}")
        try:
            if path.stat().st_size > MAX_MANIFEST:
                raise ValueError(f"it has more than {MAX_MANIFEST:,} bytes")
            stored = json_in(path.read_bytes(), MAX_IN_MEMORY)
            if stored.pop("checksum", None) not in (None, checksum_of(stored)):  # earlier versions wrote none
                raise ValueError("its checksum is wrong")
            require_plain({key: value for key, value in stored.items() if key != "run_ids"})  # of which there may be many
            report = Report(**stored.pop("report"))
            stored.setdefault("experiment", None)  # manifests of earlier versions have none
            manifest = Manifest(**{f.name: stored[f.name] for f in fields(Manifest) if f.name != "report"}, report=report)
            well_formed = manifest.name == name and manifest.is_well_formed
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DamagedFile(f"{path} is damaged ({_first_line(error)}); run the sweep's command again") from error
        if not well_formed:
            raise DamagedFile(f"{path} is damaged (no manifest of {name}); run the sweep's command again")
        return manifest

    def find_manifest(self, name: str) -> Manifest | None:
        """A sweep's manifest, None where there is none that can be read."""
        try:
            return self.read_manifest(name)
        except StoreError:
            return None

    def sweep_names(self) -> list[str]:
        """The names of all sweeps, sorted, whether their manifests can be read or not."""
        names = (path.parent.name for path in self.root.glob("sweeps/*/sweep.json"))
        return sorted(name for name in names if SWEEP_NAME.fullmatch(name))

    def manifests(self) -> list[Manifest]:
        """All manifests that can be read, those started last at the end."""
        found = []
        for path in filter(_is_file, self.root.glob("sweeps/*/sweep.json")):
            try:
                found.append(self.read_manifest(path.parent.name))
            except (DamagedFile, ConfigError):
                continue
        return sorted(found, key=lambda manifest: (manifest.started, manifest.name))

    def latest_manifest(self) -> Manifest:
        manifests = self.manifests()
        if not manifests:
            raise StoreError(f"{self.root} holds no sweep; run one first, or name the store with --results DIR")
        return manifests[-1]


def require_new_name(name: str) -> None:
    """Raises ConfigError for what no new sweep can be named."""
    _require_name(name, is_new_name(name))


def is_new_name(name: str) -> bool:
    return SWEEP_NAME.fullmatch(name) is not None and not name.startswith("-")


def _require_name(name: str, holds: bool) -> None:
    allowed = "a sweep's name is up to 100 letters, digits, '.', '_' or '-', the first a letter, a digit or '_'"
    require("name", name, holds, allowed)


class Hashes(NamedTuple):
    """SHA-256, in hex. content: of what a stored run says, which stands in its metadata. file: of its file's bytes."""

    content: str
    file: str


class Found(NamedTuple):
    """Runs with the hashes of what was read, and by id why the others cannot be read."""

    runs: list[tuple[Run, Hashes]]
    missing: dict[str, StoreError]


PLANNED = "planned runs are not in the store"


def how_many_are_missing(missing: Mapping[str, StoreError], of: int, what: str = PLANNED) -> str:
    """In words, with the names of files that are damaged or of another engine; empty if none is missing."""
    if not missing:
        return ""
    words = f"{len(missing)} of {of} {what}"
    for kind, why in ((DamagedFile, "damaged"), (OtherEngine, "made by another engine")):
        ids = [run_id for run_id, error in missing.items() if isinstance(error, kind)]
        named = ", ".join(ids[:MAX_NAMED]) + (" …" if len(ids) > MAX_NAMED else "")
        words += f", {len(ids)} of them {why} ({named})" if ids else ""
    return words


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _other_engine(run_id: str, engine: object) -> OtherEngine:
    made_by = f"run {run_id} was made by engine {display(engine)}, this is engine {ENGINE_VERSION}"
    return OtherEngine(f"{made_by}; run its sweep's command again")


def damaged(path: Path, error: Exception) -> DamagedFile:
    return DamagedFile(f"{path} is damaged ({_first_line(error)}); the command of its sweep sets it aside and makes it again")


def _is_file(path: Path) -> bool:
    """Raises StoreError where that cannot be known."""
    with _reading(path):
        return path.is_file()


def _is_folder(path: Path) -> bool:
    """Raises StoreError where that cannot be known."""
    with _reading(path):
        return path.is_dir()


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # too long a name, or a folder that may not be entered
        raise StoreError(f"{display(path)} cannot be read ({error.strerror}); see its name and its rights") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


@contextmanager
def _writing(path: Path) -> Iterator[Path]:
    """Gives a draft that is put in place when the block ends without an error. Raises StoreError."""
    try:
        with draft_file(path) as draft:
            yield draft
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"{path} cannot be written ({reason}); what was stored before is kept") from error
