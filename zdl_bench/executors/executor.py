"""The contract of an executor: run configs in, finished runs out, within limits."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from zdl_bench.errors import require
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Run

MAX_TIMEOUT = 1e7
"""Seconds; system clocks accept no more than a few years."""


@dataclass(frozen=True)
class Limits:
    """What runs may use. n_jobs: runs at a time, -1 for one per core. timeout: seconds per run, None for no limit."""

    n_jobs: int = -1
    timeout: float | None = None

    def __post_init__(self) -> None:
        require("n_jobs", self.n_jobs, self.n_jobs == -1 or self.n_jobs >= 1, "take -1 (one per core) or 1 and more")
        sensible = self.timeout is None or 0 < self.timeout <= MAX_TIMEOUT
        require("timeout", self.timeout, sensible, f"seconds from above 0 to {MAX_TIMEOUT:g}, or null for no limit")


class Executor(ABC):
    @abstractmethod
    def execute(self, configs: Sequence[RunConfig], limits: Limits) -> Generator[Run, None, None]:
        """Make the runs within the limits and yield each when it ends, in any order.

        Every config ends as a Run, whatever happens to it. Closing the generator stops the work at once.
        """

    @abstractmethod
    def parallel_runs(self, n_jobs: int) -> int | None:
        """Return how many runs are made at a time; None if only the cluster knows."""
