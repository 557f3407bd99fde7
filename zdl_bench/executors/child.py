"""Child processes that execute one run at a time and can be killed.

A thread cannot be stopped. So the threads of joblib or of a Dask worker, which distribute the runs, train nothing themselves.
Each thread hands its run to a child process. The child is killed if the run takes too long or is no longer wanted.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from typing import Any

from zdl_bench.errors import ExecutorError, display, refusal
from zdl_bench.executors.attempt import Stopwatch, attempt, timed_out_run
from zdl_bench.executors.part_delivery import pack_parts, unpack_parts
from zdl_bench.executors.process_end import end_with_parent, kill_with_descendants
from zdl_bench.interrupts import signals_deferred
from zdl_bench.registry.given_parts import parts_in_use
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Run
from zdl_bench.training.loop import prepare

CHECK_SECONDS = 0.25
"""How often a child's parent checks the time limit and whether the run is still wanted."""
IDLE_SECONDS = 60.0
"""A child exits after this time without a run. The system lists the dead child until the parent starts a new one or exits."""
MAX_STARTS = 3
"""The number of new children to try for one run, since a child can be killed from outside while it starts."""
START = (
    "import json, os, sys; os.environ.setdefault('OPENBLAS_NUM_THREADS', '1'); sys.path[:] = json.loads(sys.argv[1]); "
    "from zdl_bench.executors.child import serve; serve(int(sys.argv[2]), int(sys.argv[3]))"
)
"""The program that a child executes. The child finds packages in the same folders as its parent."""


class Child:
    """A new Python process that executes runs. It finds packages in the same folders as this process."""

    def __init__(self, variables: Mapping[str, str], parts: bytes = b"") -> None:
        """Start the process. variables: what its environment has besides this process's. parts: of `pack_parts`."""
        self._parts = parts
        self._connection, theirs = Pipe()
        with theirs:
            paths = json.dumps([path for path in sys.path if isinstance(path, str)])  # Python ignores entries that are not text
            command = [sys.executable, "-P", "-c", START, paths, str(theirs.fileno()), str(os.getpid())]
            self._process = subprocess.Popen(  # noqa: S603  (this module itself)
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=os.environ | variables
            )

    def is_ready(self, is_wanted: Callable[[], bool]) -> bool:
        """Wait until the child is ready; return False if it dies first. Raise CancelledError if the run is no longer wanted."""
        with suppress(EOFError, OSError):
            self._answer(None, is_wanted)
            self._connection.send_bytes(self._parts)
            return True
        return False

    def take(self, config: RunConfig, is_wanted: Callable[[], bool]) -> bool:
        """Send a run to the child; return False if the child has died. Raise CancelledError if the run is no longer wanted."""
        with suppress(EOFError, OSError):
            self._connection.send(config)
            self._answer(None, is_wanted)
            return True
        return False

    def result(self, config: RunConfig, timeout: float | None, is_wanted: Callable[[], bool]) -> Run | None:
        """Wait for the run that `take` sent and return it, or None if the child died.

        A run that takes longer than `timeout` seconds is returned as timed out. The start of the child and its imports do not
        count towards the timeout, nor does time for which parent and child are stopped. The compilation of a rule counts, that
        of the kernels does not. Raise CancelledError if the run is no longer wanted.
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
        """Return the next object that the child sends.

        Kill the child and raise an error if the child has died (EOFError, OSError) or takes too long (TimeoutError), or if its
        run is no longer wanted (CancelledError).
        """
        stopwatch = Stopwatch()
        try:
            while not self._connection.poll(CHECK_SECONDS):
                if not self.is_alive and not self._connection.poll(0):  # a forked process may hold the pipe open
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
        """Kill the child and all processes that it started. A thread that waits for the child's answer gets an EOFError."""
        kill_with_descendants(self._process)


class Children:
    """The children of this process, shared by its threads. They know the parts that were handed over to this sweep."""

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        """Raise ExecutorError if a part that was handed over as an object cannot leave this process."""
        self._variables = variables or {}
        self._parts = pack_parts()
        self._lock = threading.Lock()
        self._all: set[Child] = set()
        self._idle: list[Child] = []
        self._is_closed = False

    def make(self, config: RunConfig, timeout: float | None, is_wanted: Callable[[], bool] = lambda: True) -> Run | None:
        """Execute a run in an idle or a new child. Return None if the child died during the run.

        See `Child.result` for the timeout. Raise ExecutorError if no child can be started, and CancelledError if the run is no
        longer wanted.
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
        raise cannot_start("the processes die before they can execute a run")

    def _pop_idle(self) -> Child | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _start(self) -> Child:
        with signals_deferred(), self._lock:
            if self._is_closed:
                raise CancelledError
            try:
                child = Child(self._variables, self._parts)
            except Exception as error:
                raise cannot_start(refusal(error) or str(error)) from error
            self._all = {child, *(other for other in self._all if other.is_alive)}
        return child

    def close(self) -> None:
        """Kill all children. Later calls of `make` raise CancelledError."""
        with self._lock:
            self._is_closed = True
            for child in self._all:
                child.kill()


def cannot_start(reason: str) -> ExecutorError:
    remedy = "fix the cause, train only one run at a time with n_jobs=1, or use executor=serial, which needs no worker process"
    return ExecutorError(f"worker processes cannot be started ({display(reason)}); {remedy}")


def serve(descriptor: int, parent: int) -> None:
    """Execute the runs that arrive through a connection, until the connection is closed or idle for IDLE_SECONDS.

    descriptor: the file descriptor of the connection. parent: the process id of the parent.
    """
    os.set_inheritable(descriptor, False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    end_with_parent(parent)
    with Connection(descriptor) as connection, suppress(EOFError, OSError):  # raised when the parent is gone
        connection.send("ready")
        with parts_in_use(unpack_parts(connection.recv_bytes())):
            while connection.poll(IDLE_SECONDS):
                config = connection.recv()
                with suppress(Exception):  # the run will raise it
                    prepare(config)
                connection.send("taken")
                connection.send(attempt(config))
