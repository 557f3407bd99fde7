"""What a case may not do to this machine, and how that is noticed: files, memory, time."""

import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

SECONDS = 20
"""A case that computes for longer hangs."""
WAITING = 10
"""So many times as long it may take by the clock."""
MEMORY = 1_000_000_000
"""Bytes that a case may take beyond what the process had before."""
ADDRESS_SPACE = 4 * MEMORY
"""Beyond what there was before: above this an allocation fails, so that a bomb ends its case and not the machine."""

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
PATHS = {
    "os.mkdir": (0,),
    "os.rename": (0, 1),
    "os.remove": (0,),
    "os.rmdir": (0,),
    "os.link": (1,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.chmod": (0,),
    "os.chown": (0,),
    "shutil.rmtree": (0,),
}
"""Audit event → which of its arguments name what it changes."""
FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "os.startfile", "webbrowser.open")
HARMLESS = ("/dev/null", "/dev/tty", "/dev/shm/")


class Hang(BaseException):
    """A case has run out of time; no `except Exception` stops it."""


class Watch:
    """While it is on, writes outside the given folders are refused and remembered."""

    def __init__(self) -> None:
        self._allowed: tuple[str, ...] | None = None
        self.trespasses: list[str] = []
        sys.addaudithook(self._look)  # a hook cannot be removed again: there is one for the whole process

    @contextmanager
    def on(self, *allowed: Path) -> Iterator[None]:
        self.trespasses = []
        self._allowed = (*(os.path.realpath(path) for path in allowed), *HARMLESS)
        try:
            yield
        finally:
            self._allowed = None

    def _look(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._allowed is None:
            return
        if event in FORBIDDEN:
            self._refuse(f"{event}{arguments!r:.200}")
        elif event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING:
            self._require_allowed(event, arguments[0])
        elif event == "os.mkdir" and os.path.isdir(arguments[0]):
            return  # with `exist_ok`
        elif event in PATHS:
            for position in PATHS[event]:
                self._require_allowed(event, arguments[position])

    def _require_allowed(self, event: str, path: Any) -> None:
        if isinstance(path, int):  # a file that is open already
            return
        allowed, self._allowed = self._allowed or (), None  # realpath looks at files too
        try:
            place = os.path.realpath(os.fsdecode(path))
        except (ValueError, TypeError):  # no path at all, which the call itself will say
            place = allowed[0]
        finally:
            self._allowed = allowed
        if not any(place == root or place.startswith(root.rstrip("/") + "/") for root in allowed):
            self._refuse(f"{event} {place}")

    def _refuse(self, what: str) -> None:
        self.trespasses.append(what)
        raise PermissionError(1, "refused by the fuzzing guard", what)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raises Hang in the main thread once it has computed for so many seconds, or waited for many times as long.

    What others do on this machine decides no case.
    """

    def end(number: int, frame: FrameType | None) -> None:
        raise Hang

    limits = ((signal.ITIMER_PROF, signal.SIGPROF, seconds), (signal.ITIMER_REAL, signal.SIGALRM, WAITING * seconds))
    before = [signal.signal(number, end) for _, number, _ in limits]
    for timer, _, limit in limits:
        signal.setitimer(timer, limit)
    try:
        yield
    finally:
        for timer, _, _ in limits:
            signal.setitimer(timer, 0)
        for (_, number, _), handler in zip(limits, before, strict=True):
            signal.signal(number, handler)


@contextmanager
def address_space(extra: int) -> Iterator[None]:
    """Allocations fail once the process has so many bytes more of address space than now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + extra, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


class PeakMemory:
    """The growth of this process's resident memory, by Linux's high-water mark."""

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")  # the mark starts anew
        self._before = _status("VmRSS")

    def growth(self) -> int:
        return _status("VmHWM") - self._before


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(f"{key}:")).split()[1])
