"""The process that makes the runs of one thread of a Dask worker.

A thread cannot be stopped, and a process that makes two runs at a time cannot keep to one BLAS thread for each. So a Dask
worker trains nothing itself: it hands its runs to children, which can be killed when one hangs or nobody wants it any more.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection

from zdl_bench.errors import ExecutorError
from zdl_bench.executors.executor import attempt, timed_out
from zdl_bench.executors.parent_death import end_with_parent
from zdl_bench.executors.stopwatch import Stopwatch
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Run

CHECK_SECONDS = 0.25
"""How often a child's parent asks whether somebody still wants the run."""
IDLE_SECONDS = 60.0
"""After so long without a run a child ends; its entry among the processes stays until the next run or the worker's end."""
STARTS = 2
"""New children that are tried: the first may be killed from outside while it starts."""


class ChildDied(Exception):
    """The process ended while it made a run."""


class ChildGone(Exception):
    """The process had ended before it took the run."""


class Unwanted(Exception):
    """Nobody waits for the run any more; its process was ended."""


class Child:
    """A fresh interpreter that finds packages where this process does."""

    def __init__(self) -> None:
        self._connection, theirs = Pipe()
        with theirs:
            command = [sys.executable, "-P", "-m", __name__, str(theirs.fileno()), str(os.getpid())]
            self._process = subprocess.Popen(  # noqa: S603  (this very module)
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            )

    def make(self, config: RunConfig, timeout: float | None, is_wanted: Callable[[], bool]) -> Run:
        """Makes a run within `timeout` seconds; a run that takes longer is killed and comes back as timed out.

        Raises ChildDied, ChildGone or Unwanted; the child is no longer of use then, nor after a run that timed out.
        """
        try:
            self._connection.send(config)
            self._wait(None, is_wanted)
            self._connection.recv()  # it has taken the run: before that it may have been starting
        except (EOFError, OSError) as error:
            self.kill()
            raise ChildGone from error
        if not self._wait(timeout, is_wanted):
            assert timeout is not None
            self.kill()
            return timed_out(config, timeout)
        try:
            run: Run = self._connection.recv()
        except (EOFError, OSError) as error:
            self.kill()
            raise ChildDied from error
        return run

    def _wait(self, seconds: float | None, is_wanted: Callable[[], bool]) -> bool:
        """Whether the child has said something, or died, in time. Raises Unwanted."""
        stopwatch = Stopwatch()
        while not self._connection.poll(CHECK_SECONDS):
            if not is_wanted():
                self.kill()
                raise Unwanted
            if seconds is not None and stopwatch.seconds() >= seconds:
                return False
        return True

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """Ends the process at once, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        self._connection.close()


class Children:
    """The children of a Dask worker that have nothing to do."""

    def __init__(self) -> None:
        self._idle: list[Child] = []

    def make(self, config: RunConfig, timeout: float | None, is_wanted: Callable[[], bool]) -> Run:
        """As Child.make, with a child that is idle or new. Raises ExecutorError where none can be started."""
        while self._idle:
            try:
                return self._make_with(self._idle.pop(), config, timeout, is_wanted)
            except ChildGone:  # it died while it was idle, which is nobody's fault
                continue
            except IndexError:  # another thread of the worker took it
                break
        for _ in range(STARTS):
            try:
                return self._make_with(Child(), config, timeout, is_wanted)
            except (ChildGone, OSError) as error:
                failure = error
        raise ExecutorError("a process that makes runs cannot be started; the worker's log says why") from failure

    def _make_with(self, child: Child, config: RunConfig, timeout: float | None, is_wanted: Callable[[], bool]) -> Run:
        run = child.make(config, timeout, is_wanted)
        if child.is_alive:
            self._idle.append(child)
        return run


def main() -> None:
    """Makes the runs that come through the connection until none comes any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the worker's terminal is for the worker
    end_with_parent(int(sys.argv[2]))
    with Connection(int(sys.argv[1])) as connection:
        while connection.poll(IDLE_SECONDS):
            try:
                config = connection.recv()
            except EOFError:
                return
            connection.send(None)
            connection.send(attempt(config))


if __name__ == "__main__":
    main()
