"""Rows: what a sweep keeps of a run in memory, its curve being in the store."""

import math
from dataclasses import dataclass

import numpy as np

from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Run, Status
from zdl_bench.statistics.metrics.convergence import final_train_loss, has_learned, tail_loss
from zdl_bench.store.store import Hashes


@dataclass(frozen=True)
class Row:
    """hashes: those of the stored run."""

    config: RunConfig
    hashes: Hashes
    status: Status
    learned: bool
    tail_loss: float
    final_train_loss: float
    test_accuracy: float
    reason: str

    @property
    def run_id(self) -> str:
        return self.config.run_id


@np.errstate(all="ignore")  # a number that cannot be computed is NaN, whatever a file says
def summarized(run: Run, hashes: Hashes) -> Row:
    curve = run.curve
    return Row(
        config=run.config,
        hashes=hashes,
        status=run.status,
        learned=curve is not None and has_learned(curve),
        tail_loss=tail_loss(curve) if curve else math.nan,
        final_train_loss=final_train_loss(curve) if curve else math.nan,
        test_accuracy=run.end.get("test_accuracy", math.nan),
        reason=f"{run.failure.type}: {run.failure.message}" if run.failure else "",
    )
