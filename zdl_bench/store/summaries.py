"""Short summaries of runs. A summary holds the few values that a sweep prints and uses for its decisions.

A sweep's manifest stores the summaries of the sweep's runs. A stored summary is used only if the same version of the code
computed it and the run's file has not changed since. Otherwise the run's file is decoded again.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from zdl_bench.registry.sources import hash_of_sources
from zdl_bench.run.config import RUN_ID, RunConfig
from zdl_bench.run.run import Run, Status
from zdl_bench.statistics.metrics.convergence import final_train_loss, has_learned, tail_loss
from zdl_bench.store.manifest import Summaries
from zdl_bench.store.runs import Hashes
from zdl_bench.store.store import Store


@dataclass(frozen=True)
class RunSummary:
    """The part of a run that a sweep keeps in memory.

    hashes: the hashes of the stored run. digest: the first 16 digits of the run's digest, or None if it has none. reason: why
        the run has no result, or an empty text if the run has a result. test_loss: NaN if the run has a test accuracy.
    """

    config: RunConfig
    hashes: Hashes
    status: Status
    learned: bool
    tail_loss: float
    final_train_loss: float
    test_accuracy: float
    digest: str | None
    reason: str = ""
    test_loss: float = math.nan

    @property
    def run_id(self) -> str:
        return self.config.run_id

    def as_list(self) -> list[Any]:
        """Return the values that a manifest stores for a run. NaN becomes None, since JSON has no NaN."""
        numbers = (self.tail_loss, self.final_train_loss, self.test_accuracy)
        floats = [None if math.isnan(x) else float(x) for x in numbers]
        more = [] if math.isnan(self.test_loss) else [float(self.test_loss)]
        return [*self.hashes, self.status.value, self.learned, *floats, self.digest, *more]

    @classmethod
    def from_list(cls, config: RunConfig, stored: list[Any]) -> "RunSummary":
        content, file, status, learned, *numbers = stored[:7]
        tail, final, accuracy = (math.nan if number is None else number for number in numbers)
        digest = stored[7] if len(stored) > 7 else None
        test_loss = stored[8] if len(stored) > 8 else math.nan
        return cls(config, Hashes(content, file), Status(status), learned, tail, final, accuracy, digest, test_loss=test_loss)


@np.errstate(all="ignore")  # numbers that cannot be computed from a file become NaN
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
        digest=run.digest and run.digest[:16],
        test_loss=math.nan if "test_accuracy" in run.end else run.end.get("test_loss", math.nan),
        reason=f"{run.failure.type}: {run.failure.message}" if run.failure else "",
    )


def collect_summaries(summaries: Iterable[RunSummary]) -> Summaries:
    """Return the given summaries in the form that a manifest stores. Runs without a result or a digest are left out."""
    runs = {one.run_id: one.as_list() for one in summaries if one.status.is_result and RUN_ID.fullmatch(one.digest or "")}
    return Summaries(hash_of_sources("*.py"), runs)


def recall(store: Store, name: str) -> Summaries:
    """Return the summaries in a sweep's manifest, or no summaries if a different version of the code computed them."""
    code = hash_of_sources("*.py")  # hashed before any run, since the source files may change during the sweep
    manifest = store.find_manifest(name)
    return manifest.summaries if manifest and manifest.summaries.code == code else Summaries()
