"""Errors in the files of a store, and the messages that report such errors to the user."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from zdl_bench.errors import ConfigError, DamagedFile, OtherEngine, StoreError, display, printable
from zdl_bench.language import translatable, translate, translate_list
from zdl_bench.run.atomic import draft_file
from zdl_bench.run.config import ENGINE_VERSION
from zdl_bench.store.manifest import Manifest

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
PLANNED = translatable("{count} of {total} planned runs are not in the store")
FILES = translatable("{count} of {total} files cannot be read")


def first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def how_many_are_missing(missing: Mapping[str, StoreError], of: int, counted: str = PLANNED) -> str:
    """Return a phrase that counts the missing runs and names the damaged runs and the runs of other engine versions.

    Return an empty text if no run is missing. counted: the text that counts them.
    """
    if not missing:
        return ""
    words = translate(counted, count=len(missing), total=of)
    for kind, with_these in (
        (DamagedFile, translatable("{words}, {count} of them damaged ({names})")),
        (OtherEngine, translatable("{words}, {count} of them made by another engine ({names})")),
    ):
        ids = [run_id for run_id, error in missing.items() if isinstance(error, kind)]
        named = translate_list(ids[:MAX_NAMED]) + (" …" if len(ids) > MAX_NAMED else "")
        words = translate(with_these, words=words, count=len(ids), names=named) if ids else words
    return words


def remedy_for_missing(missing: Mapping[str, StoreError], manifest: Manifest) -> str:
    """Return how many runs of a sweep are missing, and the command that trains them."""
    words = how_many_are_missing(missing, len(manifest.run_ids))
    return translate("{words}; train them with: {command}", words=words, command=printable(manifest.command))


def about_engine(engine: int) -> str:
    """Return what readers must know about runs of this engine version; empty if it is the version of this program."""
    if engine == ENGINE_VERSION:
        return ""
    return translate(
        "These are runs of engine {engine}, but this program has engine {here}: their numbers cannot be compared with those of "
        "new runs; run the command of the sweep again to make them anew",
        engine=display(engine),
        here=ENGINE_VERSION,
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
