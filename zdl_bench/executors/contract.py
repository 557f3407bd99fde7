"""What an executor is: run configs in, events out; and the attempt that each of them makes at a run."""

import traceback
from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from zdl_bench.environment import describe_environment
from zdl_bench.run import Failure, Run, RunConfig, Status
from zdl_bench.training import train


@dataclass(frozen=True)
class Started:
    run_id: str


@dataclass(frozen=True)
class Finished:
    run_id: str
    run: Run


Event = Started | Finished


class Executor(ABC):
    @abstractmethod
    def execute(self, configs: Sequence[RunConfig], n_jobs: int) -> Generator[Event, None, None]:
        """Makes the runs, `n_jobs` at a time (-1: one per core), and tells of each start and each end, in any order.

        Every config ends as a Finished event, whatever happens to its run. Closing the generator ends the work at once.
        """


def attempt(config: RunConfig) -> Run:
    """Makes a run; an exception becomes a failed one."""
    try:
        return train(config)
    except Exception as error:
        failure = Failure(type(error).__name__, str(error), traceback.format_exc())
        return failed(config, failure)


def failed(config: RunConfig, failure: Failure) -> Run:
    return Run(config, Status.FAILED, failure=failure, environment=describe_environment())
