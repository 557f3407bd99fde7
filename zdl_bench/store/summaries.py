"""Runs in short: what a sweep prints and decides by.

A sweep's manifest keeps the summaries of its runs. A summary counts only if it was made by the present code from the very bytes
of the run's file; otherwise the file is decoded again.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from zdl_bench.registry.sources import hash_of_sources
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Run, Status
from zdl_bench.statistics.metrics.convergence import final_train_loss, has_learned, tail_loss
from zdl_bench.store.manifest import Summaries
from zdl_bench.store.runs import Hashes
from zdl_bench.store.store import Store


@dataclass(frozen=True)
class RunSummary:
    """What a sweep keeps of a run in memory.

    hashes: of the stored run. reason: why there is no result, empty if there is one.
    """

    config: RunConfig
    hashes: Hashes
    status: Status
    learned: bool
    tail_loss: float
    final_train_loss: float
    test_accuracy: float
    reason: str = ""

    @property
    def run_id(self) -> str:
        return self.config.run_id

    def as_list(self) -> list[Any]:
        """Return what a manifest keeps: the hashes, the status and the numbers, NaN as None."""
        numbers = (self.tail_loss, self.final_train_loss, self.test_accuracy)
        return [*self.hashes, self.status.value, self.learned, *(None if math.isnan(x) else float(x) for x in numbers)]

    @classmethod
    def from_list(cls, config: RunConfig, stored: list[Any]) -> "RunSummary":
        content, file, status, learned = stored[:4]
        tail, final, accuracy = (math.nan if number is None else number for number in stored[4:])
        return cls(config, Hashes(content, file), Status(status), learned, tail, final, accuracy)


@np.errstate(all="ignore")  # a number that cannot be computed is NaN, whatever a file says
def summarize(run: Run, hashes: Hashes) -> RunSummary:
    curve = run.curve
    return RunSummary(
        config=run.config,
        hashes=hashes,
        status=run.status,
        learned=curve is not None and has_learned(curve),
        tail_loss=tail_loss(curve) if curve else math.nan,
        final_train_loss=final_train_loss(curve) if curve else math.nan,
        test_accuracy=run.end.get("test_accuracy", math.nan),
        reason=f"{run.failure.type}: {run.failure.message}" if run.failure else "",
    )


def collect_summaries(summaries: Iterable[RunSummary]) -> Summaries:
    """Return what a manifest keeps: the summaries of runs that have a result."""
    runs = {summary.run_id: summary.as_list() for summary in summaries if summary.status.is_result}
    return Summaries(hash_of_sources("*.py"), runs)


def recall(store: Store, name: str) -> Summaries:
    """Return what the manifest of a sweep keeps, if there is one and the present code has made the summaries."""
    code = hash_of_sources("*.py")  # before any run: a source that changes meanwhile is not the code that summarizes
    manifest = store.find_manifest(name)
    return manifest.summaries if manifest and manifest.summaries.code == code else Summaries()
