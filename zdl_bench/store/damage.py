"""What can be wrong with the files of a store, and what a person is told."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from zdl_bench.errors import ConfigError, DamagedFile, OtherEngine, StoreError, display
from zdl_bench.run.atomic import draft_file

NOT_A_RUN = (
    OSError,
    pa.ArrowException,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
    ConfigError,
)
"""What reading a file raises that is not the file of a run."""
MAX_NAMED = 5
"""Runs that a message names."""
PLANNED = "planned runs are not in the store"


def first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def how_many_are_missing(missing: Mapping[str, StoreError], of: int, what: str = PLANNED) -> str:
    """Return a phrase that names the files that are damaged or of another engine; empty if nothing is missing."""
    if not missing:
        return ""
    words = f"{len(missing)} of {of} {what}"
    for kind, why in ((DamagedFile, "damaged"), (OtherEngine, "made by another engine")):
        ids = [run_id for run_id, error in missing.items() if isinstance(error, kind)]
        named = ", ".join(ids[:MAX_NAMED]) + (" …" if len(ids) > MAX_NAMED else "")
        words += f", {len(ids)} of them {why} ({named})" if ids else ""
    return words


@contextmanager
def looking_at(path: Path) -> Iterator[None]:
    """Raise StoreError if it cannot be known whether there is something at the path."""
    try:
        yield
    except OSError as error:  # the name is too long, or a folder may not be entered
        raise StoreError(f"{display(path)} cannot be read ({error.strerror}); see its name and its rights") from error


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Give a draft that is put in place when the block ends without an error. Raise StoreError."""
    try:
        with draft_file(path) as draft:
            yield draft
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"{path} cannot be written ({reason}); what was stored before is kept") from error
