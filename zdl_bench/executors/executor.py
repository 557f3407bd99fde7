"""What an executor is: run configs in, events out; and the attempt that each of them makes at a run."""

import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from zdl_bench.errors import require
from zdl_bench.run.config import RunConfig
from zdl_bench.run.environment import describe_environment
from zdl_bench.run.output import best_effort_output
from zdl_bench.run.run import Failure, Run, Status
from zdl_bench.training.loop import train


@dataclass(frozen=True)
class Started:
    run_id: str


@dataclass(frozen=True)
class Finished:
    run_id: str
    run: Run


Event = Started | Finished


MAX_TIMEOUT = 1e7
"""Seconds; the clocks of the system take no more than some years."""


@dataclass(frozen=True)
class Limits:
    """What runs may use. n_jobs: runs at a time, -1 for one per core. timeout: seconds a run may take, None for any."""

    n_jobs: int = -1
    timeout: float | None = None

    def __post_init__(self) -> None:
        require("n_jobs", self.n_jobs, self.n_jobs == -1 or self.n_jobs >= 1, "take -1 (one per core) or 1 and more")
        sensible = self.timeout is None or 0 < self.timeout <= MAX_TIMEOUT
        require("timeout", self.timeout, sensible, f"seconds from above 0 to {MAX_TIMEOUT:g}, or null for any")


class Executor(ABC):
    @abstractmethod
    def execute(self, configs: Sequence[RunConfig], limits: Limits) -> Generator[Event, None, None]:
        """Makes the runs within the limits, and tells of each start and each end, in any order.

        Every config ends as a Finished event, whatever happens to its run. Closing the generator ends the work at once.
        """

    @abstractmethod
    def parallel_runs(self, n_jobs: int) -> int | None:
        """How many runs are made at a time; None where only the cluster knows."""


def attempt(config: RunConfig) -> Run:
    """Makes a run; an exception, or an attempt to end the program, becomes a failed one."""
    try:
        with best_effort_output():  # what a rule prints costs no run
            return train(config)
    except (Exception, SystemExit) as error:
        texts = (type(error).__name__, _message(error), traceback.format_exc())
        # a path that is no UTF-8 shows as halves of surrogate pairs, which cannot be written
        return failed(config, Failure(*(text.encode(errors="replace").decode() for text in texts)))


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "its message cannot be told"


def be_ready() -> None:
    """Does nothing: a process that has done it has imported what `attempt` needs."""


Attempts = Callable[[Sequence[RunConfig], int], Generator[Event, None, list[RunConfig]]]
"""(configs, at a time) → the events of all runs but those whose process died, whose configs are returned."""


def until_all_end(
    attempts: Attempts, configs: Sequence[RunConfig], at_a_time: int, died: Failure
) -> Generator[Event, None, None]:
    """A run whose process dies is repeated when all others are done, alone; one whose process dies again has failed."""
    suspects = yield from attempts(configs, at_a_time)
    for config in (yield from attempts(suspects, 1)):
        yield Finished(config.run_id, failed(config, died))


def failed(config: RunConfig, failure: Failure) -> Run:
    return Run(config, Status.FAILED, failure=failure, environment=describe_environment())


def timed_out(config: RunConfig, timeout: float) -> Run:
    """A run that was stopped because it took longer than `timeout` seconds."""
    failure = Failure("TimedOut", f"stopped after {timeout:g} s; give it more with timeout=SECONDS", "")
    return Run(config, Status.TIMED_OUT, failure=failure, environment=describe_environment())
