"""A process that ends when its parent is gone."""

import ctypes
import os
import signal
import sys
import threading
import time
from contextlib import suppress

ORPHAN_CHECK_SECONDS = 0.5
PR_SET_PDEATHSIG = 1
"""prctl(2), Linux: the signal that a process gets when its parent dies."""


def end_with_parent(parent: int) -> None:
    """Ends this process soon after the parent (its process id) is gone.

    Linux sees to it even where a run never gives the interpreter back; elsewhere a thread looks.
    """
    if _linux_sees_to_it():
        if os.getppid() != parent:  # it had gone before
            os._exit(1)
        return

    def end_when_orphaned() -> None:
        while os.getppid() == parent:
            time.sleep(ORPHAN_CHECK_SECONDS)
        os._exit(1)

    threading.Thread(target=end_when_orphaned, daemon=True).start()


def _linux_sees_to_it() -> bool:
    if sys.platform != "linux":
        return False
    with suppress(OSError, AttributeError):
        return bool(ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL) == 0)
    return False
