"""The interface of executors, which take run configs and yield finished runs, within limits."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from zdl_bench.errors import require
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Run

MAX_TIMEOUT = 1e7
"""The largest timeout, in seconds. System clocks accept at most a few years."""


@dataclass(frozen=True)
class Limits:
    """Limits on runs. n_jobs: runs at a time, or -1 for one per core. timeout: seconds per run, or None for no limit."""

    n_jobs: int = -1
    timeout: float | None = None

    def __post_init__(self) -> None:
        require("n_jobs", self.n_jobs, self.n_jobs == -1 or self.n_jobs >= 1, "give 1 or more, or -1 for one run per core")
        sensible = self.timeout is None or 0 < self.timeout <= MAX_TIMEOUT
        require("timeout", self.timeout, sensible, f"give seconds above 0 and up to {MAX_TIMEOUT:g}, or null for no limit")


class Executor(ABC):
    @abstractmethod
    def execute(self, configs: Sequence[RunConfig], limits: Limits) -> Generator[Run, None, None]:
        """Execute the runs within the limits. Yield each run when it ends, in any order.

        Every config gives exactly one Run, whatever happens during the run. Closing the generator stops the work at once.
        """

    @abstractmethod
    def parallel_runs(self, n_jobs: int) -> int | None:
        """Return how many runs are executed at a time, or None if that depends on the cluster."""
