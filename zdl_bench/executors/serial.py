"""Execution of one run after another in this process, for use with a debugger."""

import signal
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

from zdl_bench.errors import ConfigError, ExecutorError
from zdl_bench.executors.attempt import TICK_SECONDS, Stopwatch, attempt, timed_out_run
from zdl_bench.executors.executor import Executor, Limits
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Run
from zdl_bench.training.loop import prepare


class Alarm(BaseException):
    """The error raised in a run that takes too long. A BaseException, so that no `except Exception` catches it."""


@dataclass(frozen=True)
class Serial(Executor):
    """Execute runs in this process.

    A run that takes too long is stopped between two operations of the interpreter. A run that hangs in C code is not stopped.
    """

    def execute(self, configs: Sequence[RunConfig], limits: Limits) -> Generator[Run, None, None]:
        for config in configs:
            yield _attempt_within(config, limits.timeout)

    def parallel_runs(self, n_jobs: int) -> int:
        return 1


def _attempt_within(config: RunConfig, timeout: float | None) -> Run:
    if timeout is None:
        return attempt(config)
    with suppress(ConfigError):  # the run will raise it
        prepare(config)
    try:
        with _alarm_after(timeout):
            return attempt(config)
    except Alarm:
        return timed_out_run(config, timeout)


@contextmanager
def _alarm_after(seconds: float) -> Iterator[None]:
    """Raise Alarm in the block after `seconds`, not counting time for which this process is stopped."""
    if threading.current_thread() is not threading.main_thread():
        raise ExecutorError("executor=serial: a timeout works only in the main thread; use executor=processes")
    stopwatch = Stopwatch()

    def tick(number: int, frame: FrameType | None) -> None:
        if stopwatch.seconds() >= seconds:
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise Alarm

    before = signal.signal(signal.SIGALRM, tick)
    signal.setitimer(signal.ITIMER_REAL, TICK_SECONDS, TICK_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
