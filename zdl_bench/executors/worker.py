"""One local worker process: loky's, with a fresh interpreter, which makes one run at a time."""

import os
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker as multiprocessing_tracker

from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.backend import resource_tracker as loky_tracker

from zdl_bench.executors.contract import attempt, ready_since
from zdl_bench.executors.orphan import end_with_parent
from zdl_bench.interrupts import signals_deferred
from zdl_bench.run import Run, RunConfig


class Worker:
    """A process that is started with its first run. When it dies, it is known which run it was making."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._ready: Future[float]
        self._handed_over = 0.0
        self._config: RunConfig | None = None

    def start(self, config: RunConfig) -> Future[Run]:
        """Hands over a run; the future ends with it, or with BrokenProcessPool when the process dies."""
        self._config, self._handed_over = config, time.monotonic()
        for tracker in (multiprocessing_tracker, loky_tracker):  # a start of one unblocks SIGINT: not while we have it blocked
            tracker.ensure_running()
        with signals_deferred():
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
            self._ready = self._pool.submit(ready_since)
        future: Future[Run] = self._pool.submit(attempt, config)
        return future

    def overdue_in(self, timeout: float) -> float:
        """Seconds until the run has taken longer than the timeout; the start of the process and its imports do not count.

        Compiling does: whether a run has compiled loops, only it finds out.
        """
        if not self._ready.done() or self._ready.exception() is not None:
            return timeout
        return max(self._handed_over, self._ready.result()) + timeout - time.monotonic()

    def release(self, future: Future[Run]) -> RunConfig:
        """The config that was handed over. Ends the process unless its run has come back."""
        config, self._config = self._config, None
        assert config is not None
        if not future.done() or future.exception() is not None:
            self.kill()
        return config

    def kill(self) -> None:
        """Ends the process at once, whatever it is doing; the next run gets a new one.

        An idle one loses nothing by it, and would take a third of a second to end by itself.
        """
        pool, self._pool = self._pool, None
        if pool is not None:
            with warnings.catch_warnings(), _quiet_threads(), suppress(RuntimeError):  # it may never have been started
                warnings.simplefilter("ignore")  # loky misses `pgrep` where there is none, and does without
                pool.shutdown(wait=True, kill_workers=True)


@contextmanager
def _quiet_threads() -> Iterator[None]:
    """Threads that fail in the block print no traceback: loky's stumbles over a run that it was given just before the end."""
    before = threading.excepthook
    threading.excepthook = lambda _: None
    try:
        yield
    finally:
        threading.excepthook = before
