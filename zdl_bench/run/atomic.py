"""Files and folders that are there whole or not at all: written as a draft beside their place, and renamed.

A draft is locked while somebody writes it. The system frees the locks of a process that was killed, so the next one can tell an
abandoned draft from one that is being written. A limit on the age of a draft could not: what a killed sweep left has to go as
soon as its command is started again, while another sweep may be writing to the same folder.
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
    """Give a draft to write to; put it in place, flushed to the disk, if the block ends without an error. Raise OSError."""
    with _draft(path, Path.touch) as draft:
        yield draft
        with open(draft, "rb+") as stream:
            os.fsync(stream.fileno())
        with folder_locked(path.parent):
            os.replace(draft, path)


@contextmanager
def draft_folder(path: Path) -> Iterator[Path]:
    """Give a folder beside the path to fill and to rename; remove it if it is still there at the end. Raise OSError."""
    with _draft(path, Path.mkdir) as draft:
        yield draft


@contextmanager
def folder_locked(folder: Path) -> Iterator[None]:
    """Keep others from putting a file in place there, between a look at one and its move. Raise OSError."""
    lock = _lock(folder)
    try:
        yield
    finally:
        os.close(lock)


def remove_abandoned(drafts: Iterable[Path]) -> None:
    """Remove the drafts that no process is writing."""
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
    lock = -1
    while lock < 0:
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}{DRAFT}")
        create(draft)
        with suppress(FileNotFoundError):  # it was taken for abandoned before it was locked
            lock = _lock(draft)
    try:
        yield draft
    finally:
        with suppress(OSError):
            _remove(draft)
        os.close(lock)


def _lock(path: Path) -> int:
    """Wait for the lock on a file or folder and return the descriptor that holds it. Raise FileNotFoundError if it is gone."""
    lock = os.open(path, os.O_RDONLY)
    with suppress(OSError):  # a file system without locks: no draft there ever counts as abandoned
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
