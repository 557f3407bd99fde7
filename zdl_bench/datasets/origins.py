"""Where a user's own data were read from, and with which checksums: notes in the cache, which belongs to the user.

They only serve to say that a file has changed. No number depends on them.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from zdl_bench.datasets.cache import cache_folder
from zdl_bench.errors import DataError
from zdl_bench.run.atomic import draft_file

MAX_ORIGIN_BYTES, MAX_KEPT = 100_000, 50
OPTIONS = 3


@dataclass(frozen=True)
class Origin:
    """A file that was read. options: how it was read (format, kind and name of the labels). checksums: the last one first."""

    path: str
    options: list[str]
    checksums: list[str]

    @property
    def file(self) -> Path:
        key = json.dumps([self.path, self.options])
        return cache_folder() / "origins" / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"


def note_origin(path: str, options: list[str], checksum: str) -> str | None:
    """Note the checksum of a file that was read. Return the one it had before, or None if it is the same or the first."""
    before = _read_origin(Origin(path, options, []).file)
    checksums = before.checksums if before else []
    if checksums[:1] == [checksum]:
        return None
    new = Origin(path, options, [checksum, *(one for one in checksums if one != checksum)][:MAX_KEPT])
    try:
        new.file.parent.mkdir(parents=True, exist_ok=True)
        with draft_file(new.file) as draft:
            draft.write_text(json.dumps(asdict(new)))
    except OSError:  # the note is not worth an error
        pass
    return checksums[0] if checksums else None


def origins_of(checksum: str) -> Iterator[Origin]:
    """Yield the files that had this checksum when they were read."""
    try:
        files = sorted((cache_folder() / "origins").glob("*.json"))
    except (DataError, OSError):
        return
    for file in files:
        origin = _read_origin(file)
        if origin is not None and checksum in origin.checksums:
            yield origin


def _read_origin(file: Path) -> Origin | None:
    try:
        with file.open("rb") as stream:
            stored = json.loads(stream.read(MAX_ORIGIN_BYTES))
        lists = [[str(one) for one in stored[key]] for key in ("options", "checksums")]
        return Origin(str(stored["path"]), *lists) if len(lists[0]) == OPTIONS else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
