"""Processes that each make one run at a time and can be killed.

A thread cannot be stopped, and a process that makes two runs at a time cannot keep to one BLAS thread for each. So the threads
that fan runs out (joblib's, or those of a Dask worker) train nothing themselves: each hands its run to a child process, which
is killed when the run takes too long or is no longer wanted.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from typing import Any

from zdl_bench.errors import ExecutorError, display, refusal
from zdl_bench.executors.attempt import Stopwatch, attempt, timed_out_run
from zdl_bench.executors.process_end import end_with_parent, kill_with_descendants
from zdl_bench.interrupts import signals_deferred
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Run

CHECK_SECONDS = 0.25
"""How often a child's parent checks the time limit and whether the run is still wanted."""
IDLE_SECONDS = 60.0
"""A child without a run exits after this time; the system lists it until its parent starts another child or exits."""
MAX_STARTS = 3
"""New children tried for one run: a child may be killed from outside while it starts."""
START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from zdl_bench.executors.child import serve; serve(int(sys.argv[2]), int(sys.argv[3]))"
)
"""The program of a child: it finds packages where its parent does."""


class Child:
    """A fresh interpreter that finds packages where this process does."""

    def __init__(self) -> None:
        self._connection, theirs = Pipe()
        with theirs:
            paths = json.dumps([path for path in sys.path if isinstance(path, str)])  # Python ignores what is no text, too
            command = [sys.executable, "-P", "-c", START, paths, str(theirs.fileno()), str(os.getpid())]
            self._process = subprocess.Popen(  # noqa: S603  (this very module)
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )

    def is_ready(self, is_wanted: Callable[[], bool]) -> bool:
        """Wait until the process can make runs; False if it dies before. Raise CancelledError if its run is not wanted."""
        with suppress(EOFError, OSError):
            self._answer(None, is_wanted)
            return True
        return False

    def take(self, config: RunConfig, is_wanted: Callable[[], bool]) -> bool:
        """Start a run; return False if the process has died, or exits, since its last one. Raise CancelledError."""
        with suppress(EOFError, OSError):
            self._connection.send(config)
            self._answer(None, is_wanted)
            return True
        return False

    def result(self, config: RunConfig, timeout: float | None, is_wanted: Callable[[], bool]) -> Run | None:
        """Return the run that was taken, as timed out if it takes longer than `timeout` seconds; None if its process died.

        The start of the process and its imports do not count towards the timeout, nor does time for which all of us are
        stopped. Compilation does: only the run finds out whether it has compiled loops. Raise CancelledError if the run is no
        longer wanted.
        """
        try:
            run: Run = self._answer(timeout, is_wanted)
        except TimeoutError:
            assert timeout is not None
            return timed_out_run(config, timeout)
        except (EOFError, OSError):
            return None
        return run

    def _answer(self, timeout: float | None, is_wanted: Callable[[], bool]) -> Any:
        """Return what the process sends next.

        If it dies (EOFError, OSError), takes too long (TimeoutError) or is not wanted (CancelledError), it is killed.
        """
        stopwatch = Stopwatch()
        try:
            while not self._connection.poll(CHECK_SECONDS):
                if not self.is_alive and not self._connection.poll(0):  # processes that it has started may hold its end open
                    raise EOFError
                if not is_wanted():
                    raise CancelledError
                if timeout is not None and stopwatch.seconds() >= timeout:
                    raise TimeoutError
            return self._connection.recv()
        except BaseException:
            self.kill()
            raise

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """End the process at once, whatever it is doing; a thread that waits for its answer gets an EOFError."""
        kill_with_descendants(self._process)


class Children:
    """The children of this process, shared by its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: set[Child] = set()
        self._idle: list[Child] = []
        self._is_closed = False

    def make(self, config: RunConfig, timeout: float | None, is_wanted: Callable[[], bool] = lambda: True) -> Run | None:
        """Make a run in an idle or a new child; return None if the run killed it, see `Child.result`.

        Raise ExecutorError if no child can be started, CancelledError if the run is no longer wanted.
        """
        child = self._child_with(config, is_wanted)
        run = child.result(config, timeout, is_wanted)
        if child.is_alive:
            self._idle.append(child)
        return run

    def _child_with(self, config: RunConfig, is_wanted: Callable[[], bool]) -> Child:
        while idle := self._pop_idle():
            if idle.take(config, is_wanted):
                return idle
        for _ in range(MAX_STARTS):
            child = self._start()
            if child.is_ready(is_wanted) and child.take(config, is_wanted):
                return child
        raise cannot_start("they die before they can make a run")

    def _pop_idle(self) -> Child | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _start(self) -> Child:
        with signals_deferred(), self._lock:
            if self._is_closed:
                raise CancelledError
            try:
                child = Child()
            except Exception as error:
                raise cannot_start(refusal(error) or str(error)) from error
            self._all = {child, *(other for other in self._all if other.is_alive)}
        return child

    def close(self) -> None:
        """Kill all children; runs that are asked for later raise CancelledError."""
        with self._lock:
            self._is_closed = True
            for child in self._all:
                child.kill()


def cannot_start(reason: str) -> ExecutorError:
    remedy = "fix that, start fewer of them with n_jobs=1, or use executor=serial, which needs none"
    return ExecutorError(f"worker processes cannot be started ({display(reason)}); {remedy}")


def serve(descriptor: int, parent: int) -> None:
    """Make the runs that come through the connection until it ends. parent: the id of the process at its other end."""
    os.set_inheritable(descriptor, False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    end_with_parent(parent)
    with Connection(descriptor) as connection, suppress(EOFError, OSError):  # raised when the parent is gone
        connection.send("ready")
        while connection.poll(IDLE_SECONDS):
            config = connection.recv()
            connection.send("taken")
            connection.send(attempt(config))
