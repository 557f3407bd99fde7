"""Short summaries of runs: the values that a sweep prints and uses for its decisions.

A sweep's manifest keeps the summaries of its runs. A summary is used only if the same version of the code computed it and the
bytes of the run's file have not changed since; otherwise the file is decoded again.
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
    """The part of a run that a sweep keeps in memory.

    hashes: the hashes of the stored run. reason: why the run has no result; empty if it has one.
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
        """Return the values that a manifest keeps: the hashes, the status, `learned` and the numbers, with None for NaN."""
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
    """Return the summaries that a manifest keeps: those of runs that have a result."""
    runs = {summary.run_id: summary.as_list() for summary in summaries if summary.status.is_result}
    return Summaries(hash_of_sources("*.py"), runs)


def recall(store: Store, name: str) -> Summaries:
    """Return the summaries in a sweep's manifest; empty if there are none or if another version of the code computed them."""
    code = hash_of_sources("*.py")  # before any run: later the sources may differ from the code that computes the summaries
    manifest = store.find_manifest(name)
    return manifest.summaries if manifest and manifest.summaries.code == code else Summaries()
