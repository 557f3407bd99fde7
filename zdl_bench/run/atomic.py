"""Files and folders that are written completely or not at all. Each is written as a draft in the same folder, then renamed.

A draft is locked while a process writes it. The system releases the locks of a killed process, so the next process can tell an
abandoned draft from a draft in use. A limit on the age of drafts would not work: the drafts of a killed sweep must be removed
as soon as its command is started again, while another sweep may be writing to the same folder.
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
"""Glob pattern for the names of drafts."""


@contextmanager
def draft_file(path: Path) -> Iterator[Path]:
    """Yield a draft to write to. If the block ends without an error, flush the draft to disk and move it to `path`.

    Raise OSError if the file cannot be written.
    """
    with _draft(path, Path.touch) as draft:
        yield draft
        with open(draft, "rb+") as stream:
            os.fsync(stream.fileno())
        with folder_locked(path.parent):
            os.replace(draft, path)


@contextmanager
def draft_folder(path: Path) -> Iterator[Path]:
    """Yield a draft folder beside `path`, which the caller fills and renames. A draft that was not renamed is removed.

    Raise OSError if the folder cannot be written.
    """
    with _draft(path, Path.mkdir) as draft:
        yield draft


@contextmanager
def folder_locked(folder: Path) -> Iterator[None]:
    """Lock a folder, so that no other process replaces a file there between a check of the file and its move.

    Raise OSError if the folder is missing or cannot be read.
    """
    lock = _lock(folder)
    try:
        yield
    finally:
        os.close(lock)


@contextmanager
def folder_in_use(folder: Path) -> Iterator[None]:
    """Keep `folder_to_itself` out of a folder. Any number of processes can use it. Raise OSError if it cannot be read."""
    with _flocked(folder, fcntl.LOCK_SH):
        yield


@contextmanager
def folder_to_itself(folder: Path) -> Iterator[None]:
    """Have a folder that no process uses. Raise BlockingIOError at once if one does, or OSError if it cannot be read."""
    with _flocked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
        yield


def remove_abandoned(drafts: Iterable[Path]) -> None:
    """Remove each of the given drafts unless a process is writing it."""
    for draft in drafts:
        with suppress(OSError):  # the draft is gone, locked, or in a read-only folder
            lock = os.open(draft, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(draft)
            finally:
                os.close(lock)


@contextmanager
def _draft(path: Path, create: Callable[[Path], None]) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = -1
    while lock < 0:
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}{DRAFT}")
        create(draft)
        with suppress(FileNotFoundError):  # another process removed the draft as abandoned before it was locked
            lock = _lock(draft)
    try:
        yield draft
    finally:
        with suppress(OSError):
            _remove(draft)
        os.close(lock)


@contextmanager
def _flocked(folder: Path, how: int) -> Iterator[None]:
    lock = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, how)
        except BlockingIOError:
            raise
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(lock)


def _lock(path: Path) -> int:
    """Lock a file or folder and return the descriptor that holds the lock. Raise FileNotFoundError if the path is gone."""
    lock = os.open(path, os.O_RDONLY)
    with suppress(OSError):  # on a file system without locks, no draft counts as abandoned
        fcntl.flock(lock, fcntl.LOCK_EX)
    if not path.exists():
        os.close(lock)
        raise FileNotFoundError(path)
    return lock


def _remove(draft: Path) -> None:
    if draft.is_dir():
        shutil.rmtree(draft)
    else:
        draft.unlink()
