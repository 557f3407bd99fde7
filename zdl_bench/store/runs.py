"""The runs of a store. Each run is one Parquet file, which is written completely or not at all."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from zdl_bench.errors import ConfigError, DamagedFile, MissingRun, OtherEngine, StoreError, display
from zdl_bench.run.atomic import folder_locked
from zdl_bench.run.config import ENGINE_VERSION, RUN_ID, RunConfig
from zdl_bench.run.run import Run
from zdl_bench.run.untrusted import decode_as
from zdl_bench.store.damage import NOT_A_RUN, first_line, looking_at, writing
from zdl_bench.store.encoding import decode, encode, sound_checksum, stored_checksum
from zdl_bench.store.run_file import file_of, metadata_in, read_file, table_in


class Hashes(NamedTuple):
    """SHA-256 hashes of a stored run, in hex.

    content: the checksum of the run's table, also stored in the table's metadata. file: the hash of the bytes of the file.
    """

    content: str
    file: str


class FoundRuns(NamedTuple):
    """The outcome of reading several runs.

    runs: each run that could be read, with its hashes. missing: run id → error, for the runs that could not be read.
    """

    runs: list[tuple[Run, Hashes]]
    missing: dict[str, StoreError]

    @property
    def engine(self) -> int:
        """The engine whose runs are shown."""
        return choose_engine(run.engine for run, _ in self.runs)

    def of_engine(self, engine: int) -> "FoundRuns":
        """Return the runs of one engine. The others count as missing: numbers of two engines cannot be compared."""
        others = {run.run_id: other_engine(run.run_id, run.engine) for run, _ in self.runs if run.engine != engine}
        return FoundRuns([found for found in self.runs if found[0].engine == engine], {**self.missing, **others})


class RunFiles:
    """The run files of a store, in the folder DIR/runs.

    Every method raises StoreError if the folder cannot be read or written, or DamagedFile if a stored file is damaged.
    """

    def __init__(self, root: str | Path) -> None:
        if root == "":
            raise ConfigError(
                "results_dir=: a store is a folder; name one with results_dir=DIR or --results DIR ('.' is the current folder)"
            )
        self.root = Path(root)
        with looking_at(self.root):  # fail early if the name is too long or the folder cannot be entered
            (self.root / "runs").exists()

    def run_path(self, run_id: str) -> Path:
        if not RUN_ID.fullmatch(run_id):
            raise StoreError(f"run_id={run_id[:40]!r}: give the id of a run, which has 16 hex digits")
        return self.root / "runs" / run_id[:2] / f"{run_id}.parquet"

    def has(self, run_id: str) -> bool:
        path = self.run_path(run_id)
        with looking_at(path):
            return path.is_file()

    def run_ids(self) -> Iterator[str]:
        """Return the ids of all stored runs, sorted."""
        return (path.stem for path in sorted(self.root.glob("runs/??/*.parquet")) if RUN_ID.fullmatch(path.stem))

    def write(self, run: Run) -> Hashes:
        table = encode(run)
        content = file_of(table)
        with writing(self.run_path(run.run_id)) as draft:
            draft.write_bytes(content)
        return Hashes(stored_checksum(table), _hash_of(content))

    def read(self, run_id: str) -> Run:
        return self.read_with_hashes(run_id)[0]

    def read_with_hashes(self, run_id: str) -> tuple[Run, Hashes]:
        """Return a run and the hashes of its content and its file."""
        with self._reading(run_id) as path:
            content = read_file(path)
            file, table = _hash_of(content), table_in(content)
            del content  # `content` may be large, and decoding needs as much memory again
            run, hashes = decode(table), Hashes(stored_checksum(table), file)
            if {run_id, json.loads(table.schema.metadata[b"run_id"])} != {run.run_id}:
                raise ValueError("the file holds another run than its name or its metadata say")
        return run, hashes

    def read_all(self, run_ids: Iterable[str]) -> FoundRuns:
        """Return the runs that can be read, and the errors of those that cannot be read."""
        found = FoundRuns([], {})
        for run_id in run_ids:
            try:
                found.runs.append(self.read_with_hashes(run_id))
            except StoreError as error:
                found.missing[run_id] = error
        return found

    def read_metadata(self, run_id: str) -> dict[str, str]:
        """Return the metadata of a run as key → JSON text. The checksum is not verified, so that listings are fast."""
        with self._reading(run_id) as path:
            return {key.decode(): text.decode() for key, text in metadata_in(read_file(path)).items()}

    def read_config(self, run_id: str) -> RunConfig:
        """Return the config of a run from its metadata. The checksum is not verified."""
        with self._reading(run_id):
            config = RunConfig.from_dict(json.loads(self.read_metadata(run_id)["config"]))
            if config.run_id != run_id:
                raise ValueError("the file holds another run than its name says")
        return config

    def sound_checksum(self, run_id: str) -> tuple[str, int]:
        """Compute the checksum of a run's content again. Return it and the number of the run's engine.

        Raise DamagedFile if the checksum differs from the stored checksum.
        """
        with self._reading(run_id) as path:
            table = table_in(read_file(path))
            checksum = sound_checksum(table)
            engine: int = decode_as(int, json.loads(table.schema.metadata[b"engine"]), "engine")
        return checksum, engine

    def hash_of_file(self, run_id: str) -> str:
        """Return the SHA-256 of a run's file. The content of the file is not decoded."""
        with self._reading(run_id) as path:
            return _hash_of(read_file(path))

    @contextmanager
    def _reading(self, run_id: str) -> Iterator[Path]:
        """Yield the path of a run's file. Raise MissingRun or DamagedFile if the block fails to read the file."""
        path = self.run_path(run_id)
        try:
            yield path
        except FileNotFoundError as error:
            lost = f"run {run_id} is not in {self.root}; run the command of its sweep again"
            raise MissingRun(lost) from error
        except NOT_A_RUN as error:
            remedy = "run the command of its sweep again, which sets the file aside and repeats the run"
            raise DamagedFile(f"{path} is damaged ({first_line(error)}); {remedy}") from error

    def set_aside(self, run_id: str) -> Path | None:
        """Move a run's file to DIR/damaged/ and return its new path.

        Return None if the file is gone or no longer damaged, because another process has already moved the file or repeated
        the run.
        """
        path = self.run_path(run_id)
        aside = self.root / "damaged" / path.name
        try:
            with folder_locked(path.parent):
                reason = self.read_all([run_id]).missing.get(run_id)
                if reason is None or isinstance(reason, MissingRun):
                    return None
                aside.parent.mkdir(exist_ok=True)
                os.replace(path, aside)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(
                f"{path} is damaged and cannot be set aside ({error.strerror}); move the file out of the store"
            ) from error
        return aside


def _hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def choose_engine(engines: Iterable[int]) -> int:
    """Return the engine whose runs of a sweep are shown: this program's if it made any of them, otherwise the newest."""
    found = {*engines}
    return ENGINE_VERSION if ENGINE_VERSION in found else max(found, default=ENGINE_VERSION)


def other_engine(run_id: str, engine: int) -> OtherEngine:
    made_by = f"run {run_id} was made by engine {display(engine)}, this is engine {ENGINE_VERSION}"
    return OtherEngine(f"{made_by}; run its sweep's command again")
