"""Functions that end processes together: a child with its parent, and the processes that a child started with that child."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

ORPHAN_CHECK_SECONDS = 0.5
PR_SET_PDEATHSIG = 1
"""prctl(2), Linux: the signal that a process gets when its parent dies."""


def end_with_parent(parent: int) -> None:
    """Make this process end soon after its parent (given by process id) has ended.

    Linux ends the process even if a run never releases the interpreter lock. On other systems a thread watches the parent.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            is_bound = ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL) == 0
            if is_bound and os.getppid() == parent:
                return

    def end_when_orphaned() -> None:
        while os.getppid() == parent:
            time.sleep(ORPHAN_CHECK_SECONDS)
        os._exit(1)

    threading.Thread(target=end_when_orphaned, daemon=True).start()


def kill_with_descendants(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process and, on Linux, all processes that it started. Wait until the given process has ended."""
    started = descendants(process.pid)
    process.kill()
    for pid in started:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def descendants(pid: int) -> list[int]:
    """Return the ids of all processes below a process in the process tree, or none if the system does not list them."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        for tasks in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            with suppress(OSError):
                below = [int(word) for word in tasks.read_text().split()]
                found += below
                waiting += below
    return found
