"""One run after the other in this process, for a debugger."""

import signal
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from zdl_bench.errors import ExecutorError
from zdl_bench.executors.executor import Event, Executor, Finished, Limits, Started, attempt, timed_out
from zdl_bench.executors.stopwatch import TICK_SECONDS, Stopwatch
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Run


class Overdue(BaseException):
    """A run has taken too long; it passes through what catches exceptions."""


@dataclass(frozen=True)
class Serial(Executor):
    """A run that is overdue is stopped between two operations of the interpreter: one that hangs in C code is not."""

    def execute(self, configs: Sequence[RunConfig], limits: Limits) -> Generator[Event, None, None]:
        for config in configs:
            yield Started(config.run_id)
            yield Finished(config.run_id, _attempt_within(config, limits.timeout))

    def parallel_runs(self, n_jobs: int) -> int:
        return 1


def _attempt_within(config: RunConfig, timeout: float | None) -> Run:
    if timeout is None:
        return attempt(config)
    try:
        with _alarm(timeout):
            return attempt(config)
    except Overdue:
        return timed_out(config, timeout)


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raises Overdue in the block after so many seconds; those for which this process is stopped do not count."""
    if threading.current_thread() is not threading.main_thread():
        raise ExecutorError("executor=serial: a timeout needs the main thread; use executor=processes")
    stopwatch = Stopwatch()

    def tick(number: int, frame: FrameType | None) -> None:
        if stopwatch.seconds() >= seconds:
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise Overdue

    before = signal.signal(signal.SIGALRM, tick)
    signal.setitimer(signal.ITIMER_REAL, TICK_SECONDS, TICK_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
