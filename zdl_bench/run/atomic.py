"""Files and folders that are there whole or not at all: written as a draft beside their place, and renamed.

A draft is locked while somebody writes it. The system frees the lock of a process that was killed, so that whoever comes next
can tell what another sweep is writing from what nobody will ever finish.
"""

import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

DRAFT = ".draft"
DRAFTS = f".*{DRAFT}"
"""Pattern of their names."""


@contextmanager
def draft_file(path: Path) -> Iterator[Path]:
    """Gives a draft to write to, and puts it in place, flushed to the disk, when the block ends without an error.

    Raises OSError.
    """
    with _draft(path, Path.touch) as draft:
        yield draft
        with open(draft, "rb+") as stream:
            os.fsync(stream.fileno())
        with folder_locked(path.parent):
            os.replace(draft, path)


@contextmanager
def folder_locked(folder: Path) -> Iterator[None]:
    """Keeps other writers from putting a file in place there: who looks at one before moving it moves what was looked at.

    Raises OSError.
    """
    lock = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


@contextmanager
def draft_folder(path: Path) -> Iterator[Path]:
    """Gives a folder beside the path to fill and to rename; it is removed when it still is there at the end.

    Raises OSError.
    """
    with _draft(path, Path.mkdir) as draft:
        yield draft


def remove_abandoned(drafts: Iterable[Path]) -> None:
    """Removes those of the drafts that nobody is writing."""
    for draft in drafts:
        with suppress(OSError):  # it is gone, or locked, or in a folder that cannot be changed
            lock = os.open(draft, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(draft)
            finally:
                os.close(lock)


@contextmanager
def _draft(path: Path, create: Callable[[Path], None]) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft, lock = _created(path, create)
    try:
        yield draft
    finally:
        with suppress(OSError):
            _remove(draft)
        os.close(lock)


def _created(path: Path, create: Callable[[Path], None]) -> tuple[Path, int]:
    """A new draft and the descriptor that locks it."""
    while True:
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}{DRAFT}")
        create(draft)
        with suppress(FileNotFoundError):
            lock = os.open(draft, os.O_RDONLY)
            with suppress(OSError):  # a file system without locks: then nothing there is ever taken for abandoned
                fcntl.flock(lock, fcntl.LOCK_EX)
            if draft.exists():
                return draft, lock
            os.close(lock)  # it was taken for abandoned before it was locked


def _remove(draft: Path) -> None:
    if draft.is_dir():
        shutil.rmtree(draft)
    else:
        draft.unlink()
