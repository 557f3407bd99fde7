"""Errors in the files of a store, and the messages that report such errors to the user."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from zdl_bench.errors import ConfigError, DamagedFile, OtherEngine, StoreError, display
from zdl_bench.run.atomic import draft_file
from zdl_bench.run.config import ENGINE_VERSION

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
"""Exceptions raised by reading a file that does not hold a sound run."""
MAX_NAMED = 5
"""The largest number of runs that a message names."""
PLANNED = "planned runs are not in the store"


def first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def how_many_are_missing(missing: Mapping[str, StoreError], of: int, what: str = PLANNED) -> str:
    """Return a phrase that counts the missing runs and names the damaged runs and the runs of other engine versions.

    Return an empty text if no run is missing.
    """
    if not missing:
        return ""
    words = f"{len(missing)} of {of} {what}"
    for kind, why in ((DamagedFile, "damaged"), (OtherEngine, "made by another engine")):
        ids = [run_id for run_id, error in missing.items() if isinstance(error, kind)]
        named = ", ".join(ids[:MAX_NAMED]) + (" …" if len(ids) > MAX_NAMED else "")
        words += f", {len(ids)} of them {why} ({named})" if ids else ""
    return words


def about_engine(engine: int) -> str:
    """Return what readers must know about runs of this engine version; empty if it is the version of this program."""
    if engine == ENGINE_VERSION:
        return ""
    return (
        f"These are runs of engine {display(engine)}, but this program has engine {ENGINE_VERSION}: their numbers cannot be "
        "compared with those of new runs; run the command of the sweep again to make them anew"
    )


@contextmanager
def looking_at(path: Path) -> Iterator[None]:
    """Raise StoreError if the block cannot find out whether the path exists, for example without permission for a folder."""
    try:
        yield
    except OSError as error:  # the name is too long, or a folder cannot be entered
        raise StoreError(f"{display(path)} cannot be read ({error.strerror}); check its name and permissions") from error


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yield a draft file, which replaces `path` if the block ends without an error. Raise StoreError if writing fails."""
    try:
        with draft_file(path) as draft:
            yield draft
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(
            f"{path} cannot be written ({reason}); free some space or check its permissions. All earlier results are kept"
        ) from error
