"""One attempt to execute a run, which always ends as a Run even if it fails, and a stopwatch for time limits."""

import time
import traceback
from collections.abc import Callable, Generator, Sequence

from zdl_bench.run.config import RunConfig
from zdl_bench.run.environment import describe_environment
from zdl_bench.run.output import best_effort_output
from zdl_bench.run.run import Failure, Run, Status
from zdl_bench.training.loop import train

TICK_SECONDS = 0.1
"""The time between two readings of a Stopwatch."""
MAX_GAP_SECONDS = 0.5
"""A longer time between two readings, with little computation, means that this process was stopped, for example by Ctrl-Z."""


def attempt(config: RunConfig) -> Run:
    """Execute a run and return it. If the run raises an exception or tries to exit the program, return a failed run."""
    try:
        with best_effort_output():  # a part that cannot print must not make its run fail
            return train(config)
    except (Exception, SystemExit) as error:
        texts = (type(error).__name__, _message(error), traceback.format_exc())
        # a path that is not UTF-8 appears as surrogates, which cannot be written
        return failed_run(config, Failure(*(text.encode(errors="replace").decode() for text in texts)))


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "the message of this error cannot be read"


def failed_run(config: RunConfig, failure: Failure) -> Run:
    return Run(config, Status.FAILED, failure=failure, environment=describe_environment())


def timed_out_run(config: RunConfig, timeout: float) -> Run:
    """Return the record of a run that was stopped because it took longer than `timeout` seconds."""
    failure = Failure("TimedOut", f"stopped after {timeout:g} s; allow more time with timeout=SECONDS", "")
    return Run(config, Status.TIMED_OUT, failure=failure, environment=describe_environment())


Attempts = Callable[[Sequence[RunConfig], int], Generator[Run, None, list[RunConfig]]]
"""(configs, runs at a time) → a generator that yields the runs and returns the configs of the runs whose process died."""


def retry_alone(attempts: Attempts, configs: Sequence[RunConfig], at_a_time: int, death: Failure) -> Generator[Run, None, None]:
    """Yield all runs. Runs whose process died are repeated at the end, one at a time.

    A run whose process dies again is yielded as failed, with `death` as its failure.
    """
    suspects = yield from attempts(configs, at_a_time)
    for config in (yield from attempts(suspects, 1)):
        yield failed_run(config, death)


class Stopwatch:
    """A clock that starts when it is created. Time for which this process and its children are stopped does not count."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._wall, self._computing = time.monotonic(), time.process_time()

    def seconds(self) -> float:
        wall, computing = time.monotonic(), time.process_time()
        passed, computed = wall - self._wall, computing - self._computing
        self._seconds += passed if passed <= MAX_GAP_SECONDS else min(passed, max(TICK_SECONDS, computed))
        self._wall, self._computing = wall, computing
        return self._seconds
