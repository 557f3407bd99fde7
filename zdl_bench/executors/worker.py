"""One local worker process: loky's, with a fresh interpreter, which makes one run at a time."""

import multiprocessing
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker as multiprocessing_tracker

from zdl_bench.errors import ExecutorError, display, refusal
from zdl_bench.executors.executor import attempt, be_ready
from zdl_bench.executors.loky import ProcessPoolExecutor
from zdl_bench.executors.loky import resource_tracker as loky_tracker
from zdl_bench.executors.parent_death import end_with_parent
from zdl_bench.executors.stopwatch import Stopwatch
from zdl_bench.interrupts import signals_deferred
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Run

TRACKERS = (multiprocessing_tracker, loky_tracker)
STARTS = 3
"""Processes that are tried one after the other: the first may be killed from outside while it starts."""


class Worker:
    """A process that is started with its first run. When it dies, it is known which run it was making."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._ready: Future[None]
        self._stopwatch = Stopwatch()
        self._config: RunConfig | None = None
        self._failed_starts = 0

    def start(self, config: RunConfig) -> Future[Run]:
        """Hands over a run; the future ends with it, or with BrokenProcessPool when the process dies.

        Raises ExecutorError if no process can be started here.
        """
        self._config, self._stopwatch = config, Stopwatch()
        try:
            _require_what_loky_needs()
            for tracker in TRACKERS:  # a start of one unblocks SIGINT: not while we have it blocked
                tracker.ensure_running()
            with signals_deferred():
                return self._handed_to_a_process(config)
        except Exception as error:  # no memory, descriptors, processes or semaphores: each fails in a way of its own
            raise _cannot_start(refusal(error) or str(error)) from error

    def _handed_to_a_process(self, config: RunConfig) -> Future[Run]:
        for _ in ("a process that may have died while it was idle, which is nobody's fault", "a new one"):
            try:
                return self._submitted(config)
            except BrokenProcessPool as error:
                self.kill()
                broken = error
        future: Future[Run] = Future()
        future.set_exception(broken)
        return future

    def _submitted(self, config: RunConfig) -> Future[Run]:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(max_workers=1, initializer=end_with_parent, initargs=(os.getpid(),))
            self._pool.submit(be_ready)  # after its first task loky has a process look at itself, which may fail
            self._ready = self._pool.submit(be_ready)
        future: Future[Run] = self._pool.submit(attempt, config)
        return future

    def overdue_in(self, timeout: float) -> float:
        """Seconds until the run has taken longer than the timeout, to be asked at each tick.

        The start of the process and its imports do not count, nor the time for which all of us are stopped.
        Compiling does: whether a run has compiled loops, only it finds out.
        """
        if not self._ready.done() or self._ready.exception() is not None:
            self._stopwatch = Stopwatch()
        return timeout - self._stopwatch.seconds()

    def release(self, future: Future[Run]) -> RunConfig:
        """The config that was handed over. Ends the process unless its run has come back."""
        config, self._config = self._config, None
        assert config is not None
        if not future.done() or future.exception() is not None:
            self.kill()
        return config

    def start_failed(self) -> bool:
        """Whether the process of the last run died before it could make any, which is not the run's fault.

        Raises ExecutorError if that happens again and again.
        """
        if not self._ready.done() or self._ready.exception() is None:
            self._failed_starts = 0
            return False
        self._failed_starts += 1
        if self._failed_starts == STARTS:
            raise _cannot_start("they die before they can make a run")
        return True

    def kill(self) -> None:
        """Ends the process at once, whatever it is doing; the next run gets a new one.

        An idle one loses nothing by it, and would take a third of a second to end by itself.
        """
        pool, self._pool = self._pool, None
        if pool is not None:
            with warnings.catch_warnings(), _quiet_threads(), suppress(RuntimeError):  # it may never have been started
                warnings.simplefilter("ignore")  # loky misses `pgrep` where there is none, and does without
                pool.shutdown(wait=True, kill_workers=True)


def _require_what_loky_needs() -> None:
    """Raises OSError for what loky would stumble over in a way of its own: no room for semaphores, no /proc."""
    try:
        multiprocessing.get_context("fork").Lock()
    except OSError as error:
        raise OSError(f"no semaphore can be made, which takes a /dev/shm with room: {error}") from error
    if "psutil" in sys.modules and sys.platform == "linux" and not os.path.exists("/proc/self/stat"):
        raise OSError("/proc is missing: loky reads there how much memory a process takes")


def _cannot_start(reason: str) -> ExecutorError:
    remedy = "mend that, give fewer of them with n_jobs=1, or use executor=serial, which needs none"
    return ExecutorError(f"worker processes cannot be started ({display(reason)}); {remedy}")


@contextmanager
def _quiet_threads() -> Iterator[None]:
    """Threads that fail in the block print no traceback: loky's stumbles over a run that it was given just before the end."""
    before = threading.excepthook
    threading.excepthook = lambda _: None
    try:
        yield
    finally:
        threading.excepthook = before
