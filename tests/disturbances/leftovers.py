"""What a sweep could leave behind outside of its store: processes, semaphores, shared memory."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from disturbances.sweeping import MARK, Place

MAX_SECONDS = 30
"""Nobody lives longer than its parent by more."""


def descendants(place: Place) -> list[int]:
    """Ids of the living processes that carry the place's mark."""
    wanted = f"{MARK}={place.mark}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
            except OSError:  # it has ended, or belongs to somebody else
                continue
    return found


def workers(place: Place) -> list[int]:
    return [pid for pid in descendants(place) if b"zdl_bench.executors.child" in _command_line(pid)]


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
    except OSError:
        return b""


def end_all(place: Place) -> None:
    """Kills what carries the place's mark."""
    for pid in descendants(place):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def leftovers(place: Place) -> list[str]:
    """What is still there after the time that descendants have to end; those that live are named and then killed."""
    deadline = time.monotonic() + MAX_SECONDS
    while time.monotonic() < deadline and (descendants(place) or place.shared_objects() - place.shared_before):
        time.sleep(0.02)
    found = []
    for pid in descendants(place):
        command = _command_line(pid).decode(errors="replace").strip()
        found.append(f"process {pid} lives {MAX_SECONDS} s after its parent: {command[:200]}")
    end_all(place)
    return [*found, *(f"/dev/shm/{name} is left" for name in sorted(place.shared_objects() - place.shared_before))]
