"""Which learning rate is best, and how sure that is. NumPy only: the sweeper imports it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zdl_bench.run import Floats

DRAWS = 1000
SEED = 0


@dataclass(frozen=True)
class Selection:
    """lr: the best; None where no learning rate has a value for each tuning seed.

    at_edge: the best is the smallest or largest of the grid, so that a better one may lie beyond.
    shares: how often each learning rate is chosen when the tuning seeds are resampled.
    """

    lr: float | None
    at_edge: bool
    shares: dict[float, float]


def select_lr(lrs: Sequence[float], tail_losses: Floats) -> Selection:
    """The learning rate with the lowest mean tail loss over the tuning seeds; of equals the smaller.

    tail_losses: (learning rates, tuning seeds). A learning rate with a run without a value (NaN, ∞) is no candidate, in no
    resample either. The same 1,000 resamples of seeds are taken for all learning rates.
    """
    order = np.argsort(lrs)
    grid, losses = np.asarray(lrs, np.float64)[order], tail_losses[order]
    candidates = np.asarray(np.isfinite(losses).all(axis=1))
    seeds = losses.shape[1]
    if seeds == 0 or not candidates.any():
        return Selection(None, False, dict.fromkeys(grid.tolist(), 0.0))

    best = int(_best_rows(losses, candidates))
    draws = np.random.default_rng(SEED).integers(seeds, size=(DRAWS, seeds))
    chosen = np.bincount(_best_rows(losses[:, draws], candidates), minlength=len(grid)) / DRAWS
    return Selection(float(grid[best]), best in (0, len(grid) - 1), dict(zip(grid.tolist(), chosen.tolist(), strict=True)))


def _best_rows(losses: Floats, candidates: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Number of the first candidate with the lowest mean; losses: (learning rates, …, seeds)."""
    means = losses.mean(axis=-1)
    means[~candidates] = np.inf
    return np.asarray(np.argmin(means, axis=0))
