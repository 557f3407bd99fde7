"""The choice of the best learning rate, and how certain it is.

This module imports neither pandas nor SciPy, because every sweep starts by importing this module.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zdl_bench.run.run import Floats

if TYPE_CHECKING:
    import pandas as pd

RESAMPLES = 1000
RESAMPLING_SEED = 0


@dataclass(frozen=True, eq=False)
class LrChoice:
    """The choice of a learning rate by its mean tail loss over the tuning seeds.

    lrs: (learning rates,), ascending. tail_losses: (learning rates, seeds). A learning rate is not a
    candidate if one of its runs has no value (NaN or ∞).
    """

    lrs: Floats
    tail_losses: Floats

    @cached_property
    def lr(self) -> float | None:
        """The candidate with the lowest mean loss, the smaller candidate in a tie, or None if there is no candidate."""
        return float(self.lrs[self._best_rows(self.tail_losses)]) if self._are_candidates.any() else None

    @property
    def at_edge(self) -> bool:
        """Whether the best learning rate is the smallest or largest of the grid. If so, a better one may lie beyond it."""
        return self.lr is not None and self.lr in (self.lrs[0], self.lrs[-1])

    @cached_property
    def shares(self) -> dict[float, float]:
        """Learning rate → the share of 1,000 resamples of the seeds in which it is chosen. All rates share these resamples."""
        if self.lr is None:
            return dict.fromkeys(self.lrs.tolist(), 0.0)
        seeds = self.tail_losses.shape[1]
        resamples = np.random.default_rng(RESAMPLING_SEED).integers(seeds, size=(RESAMPLES, seeds))
        counts = np.bincount(self._best_rows(self.tail_losses[:, resamples]), minlength=len(self.lrs))
        return dict(zip(self.lrs.tolist(), (counts / RESAMPLES).tolist(), strict=True))

    @cached_property
    def _are_candidates(self) -> npt.NDArray[np.bool_]:
        return np.asarray(np.isfinite(self.tail_losses).all(axis=1) & (self.tail_losses.shape[1] > 0))

    def _best_rows(self, losses: Floats) -> npt.NDArray[np.intp]:
        """Return the rows of the best candidates, (…); losses: (learning rates, …, seeds)."""
        means = losses.mean(axis=-1)
        means[~self._are_candidates] = np.inf
        return np.asarray(np.argmin(means, axis=0))


def choose_lr(lrs: Sequence[float], tail_losses: Floats) -> LrChoice:
    """Return the choice among learning rates, given in any order; tail_losses: (learning rates, seeds)."""
    order = np.argsort(lrs)
    return LrChoice(np.asarray(lrs, np.float64)[order], tail_losses[order])


def choose_lr_of(trials: "pd.DataFrame") -> LrChoice:
    """Return the choice among the learning rates of one optimizer's trials, which are rows of `Results.runs`."""
    grid = lr_grid(trials)
    return choose_lr(grid.index.tolist(), grid.to_numpy())


def lr_grid(trials: "pd.DataFrame", column: str = "tail_loss") -> "pd.DataFrame":
    """Return the losses of one optimizer's trials, a row per learning rate and a column per seed.

    A cell is NaN if the learning rate was not tried on the seed. Several runs in a cell count with their mean, which is NaN if
    one of the runs has no value.
    """
    cells = trials.dropna(subset="lr").groupby(["lr", "seed"])[column]
    return cells.mean().where(cells.count() == cells.size()).unstack("seed").astype(float)
