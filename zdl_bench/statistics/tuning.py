"""Which learning rate is best, and how sure that is. NumPy only: the sweeper imports it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zdl_bench.run.run import Floats

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


def best_lr(lrs: Sequence[float], tail_losses: Floats) -> float | None:
    """The learning rate with the lowest mean tail loss over the seeds; of equals the smaller. None without a candidate.

    tail_losses: (learning rates, seeds). A learning rate with a run without a value (NaN, ∞) is no candidate.
    """
    grid, losses, candidates = _sorted_grid(lrs, tail_losses)
    return float(grid[_best_rows(losses, candidates)]) if candidates.any() else None


def select_lr(lrs: Sequence[float], tail_losses: Floats) -> Selection:
    """As `best_lr`, with how sure that is. What is no candidate is none in any resample, and the same 1,000 resamples of seeds
    are taken for all learning rates.
    """
    grid, losses, candidates = _sorted_grid(lrs, tail_losses)
    if not candidates.any():
        return Selection(None, False, dict.fromkeys(grid.tolist(), 0.0))
    seeds, best = losses.shape[1], int(_best_rows(losses, candidates))
    draws = np.random.default_rng(SEED).integers(seeds, size=(DRAWS, seeds))
    chosen = np.bincount(_best_rows(losses[:, draws], candidates), minlength=len(grid)) / DRAWS
    return Selection(float(grid[best]), best in (0, len(grid) - 1), dict(zip(grid.tolist(), chosen.tolist(), strict=True)))


def _sorted_grid(lrs: Sequence[float], tail_losses: Floats) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """Learning rates in ascending order, their losses, and which of them are candidates."""
    order = np.argsort(lrs)
    losses = tail_losses[order]
    has_seeds = losses.shape[1] > 0
    return np.asarray(lrs, np.float64)[order], losses, np.isfinite(losses).all(axis=1) & has_seeds


def _best_rows(losses: Floats, candidates: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Number of the first candidate with the lowest mean; losses: (learning rates, …, seeds)."""
    means = losses.mean(axis=-1)
    means[~candidates] = np.inf
    return np.asarray(np.argmin(means, axis=0))
