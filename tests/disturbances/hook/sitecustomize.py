"""Ends this process in an exact moment of a write. A test puts this folder on PYTHONPATH; the interpreter then imports it.

KILLED_AT="MOMENT PART COUNT": in the moment, of the COUNT-th draft whose path contains PART. Workers do not inherit it.
Audit events come before the call that they tell of, so nothing of the program is replaced.
"""

import os
import resource
import signal
import sys

HALF_BYTES = 700
"""Every file that is written is larger."""


def _moment_of(event, args):
    """The moment that an audit event marks in the life of a draft, and the draft's path."""
    path = os.fspath(args[0]) if args and isinstance(args[0], str | os.PathLike) else ""
    if not isinstance(path, str) or ".draft" not in path:
        return None, path
    if event == "open":
        _, mode, flags = args
        is_plain = mode is None and not flags & (os.O_WRONLY | os.O_RDWR)
        opened = {"r+": "before_fsync", "rb+": "before_fsync", None: "empty" if is_plain else "before_it_exists"}
        return opened.get(mode), path
    moments = {"os.mkdir": "before_it_exists", "os.rename": "before_rename", "os.remove": "after_rename"}
    return moments.get(event), path


def _kill_at(moment, part, count):
    seen = 0

    def watch(event, args):
        nonlocal seen
        marked, path = _moment_of(event, args)
        if marked != ("empty" if moment == "half_written" else moment) or part not in path:
            return
        seen += 1
        if seen != count:
            return
        if moment == "half_written":  # the system ends the process in the midst of the write that passes the limit
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_FSIZE, (HALF_BYTES, HALF_BYTES))
        else:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


if "KILLED_AT" in os.environ:
    _moment, _part, _count = os.environ.pop("KILLED_AT").split()
    _kill_at(_moment, _part, int(_count))
