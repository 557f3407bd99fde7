"""What tuning cost each optimizer, how sure its choice is, and which optimizer is ahead as a function of the tuning budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from zdl_bench.run.run import Floats
from zdl_bench.statistics.tuning import RESAMPLING_SEED, LrChoice, choose_lr_of, count_candidates, lr_grid
from zdl_bench.statistics.tuning_curve import best_shares, expected_best

BUDGET_RESAMPLES = 200
"""The number of resamples of the seeds behind `ahead_shares`. For each, all draws of trials are counted exactly."""
SURE_SHARE = 0.95
"""The share of resamples in which a value has to be chosen, or others are within noise of it."""
FALLING = 1.05
"""The ratio by which the last trial has to lower the expected loss, or the curve counts as flat."""


@dataclass(frozen=True, eq=False)
class TuningCost:
    """The tuning of one optimizer: its trials on the tuning seeds, and what they cost.

    losses: (trials, seeds), tail losses; a trial in which some run has no value has the loss of an untrained start on all
    seeds, ∞ if that is unknown. runs, evaluations: the runs on tuning seeds, and how often they evaluated the gradient. budget:
    how often they could have, since a run that diverges ends early. has_lr: whether its rule has a learning rate.
    """

    variant: str
    choice: LrChoice
    losses: Floats
    runs: int
    evaluations: float
    budget: float
    has_lr: bool

    @property
    def trials(self) -> int:
        return len(self.losses)

    @property
    def was_tuned(self) -> bool:
        """Whether there was something to choose."""
        return self.trials > 1

    @property
    def is_unsure(self) -> bool:
        """Whether another value is within noise of the chosen one: resamples of the seeds choose it too often."""
        return self.was_tuned and self.losses.shape[1] > 1 and self.choice.share < SURE_SHARE

    @property
    def runner_up(self) -> int | None:
        """The row of the value that is chosen most often beside the best one, or None if none ever is."""
        if self.choice.row is None:
            return None
        shares = self.choice.candidate_shares.copy()
        shares[self.choice.row] = 0
        return int(shares.argmax()) if shares.any() else None

    @cached_property
    def last_gain(self) -> float:
        """The ratio of the expected loss of the best of all trials but one to that of all trials; 1 without a choice.

        NaN if a loss is not positive.
        """
        means = self.losses.mean(axis=1)
        if not self.was_tuned:
            return 1.0
        expected = expected_best(means)
        return float(expected[-2] / expected[-1]) if (means > 0).all() else float("nan")

    @property
    def still_falls(self) -> bool:
        """Whether the last trial lowered the expected loss by FALLING or more, so that another trial may lower it further."""
        return self.last_gain >= FALLING


def tuning_costs(trials: pd.DataFrame) -> list[TuningCost]:
    """Return the tuning of each variant, in the order of the plan. trials: runs on tuning seeds, with the column variant."""
    seeds = sorted(trials["seed"].unique())
    return [_cost_of(str(variant), rows, seeds) for variant, rows in trials.groupby("variant", sort=False)]


def _cost_of(variant: str, rows: pd.DataFrame, seeds: Sequence[int]) -> TuningCost:
    has_lr = bool(rows["lr"].notna().any())
    numbered = rows if count_candidates(rows) else rows.assign(lr=1.0)  # a rule without a learning rate has one trial
    tail = lr_grid(numbered).reindex(columns=seeds).to_numpy()
    starts = rows["start_loss"].dropna()
    losses = np.where(np.isfinite(tail).all(axis=1)[:, None], tail, starts.mean() if len(starts) else np.inf)
    spent = rows["evaluations"] if "evaluations" in rows else pd.Series([np.nan])
    planned = rows["steps"].max() if "steps" in rows else 0
    budget = len(rows) * float(max(spent.max(), planned))
    return TuningCost(variant, choose_lr_of(numbered), losses, len(rows), float(spent.sum(min_count=1)), budget, has_lr)


def held_out_best(losses: Floats) -> Floats:
    """Return the expected loss on a seed that did not choose, of the best of k of the n trials, (n,), for k = 1 … n.

    losses: (n, seeds). Each seed in turn is held out: the trials are ranked by their mean on the other seeds, the i-th best is
    the best of k drawn without replacement with the chance of `best_shares`, and counts with its loss on the seed that was held
    out. Unlike `expected_best` of the means, this owes nothing to the luck of the seeds that choose, so it may rise with k. NaN
    for one seed.
    """
    seeds = losses.shape[1]
    if seeds < 2:
        return np.full(len(losses), np.nan)
    others = (losses.sum(axis=1, keepdims=True) - losses) / (seeds - 1)
    ranked = np.take_along_axis(losses, np.argsort(others, axis=0, kind="stable"), axis=0)
    return np.asarray(best_shares(len(losses)) @ ranked.mean(axis=1))


def ahead_shares(grids: Sequence[Floats]) -> Floats:
    """Return how often each optimizer has the lowest loss if each may make k trials, (K, optimizers), for k = 1 … K.

    grids: of each optimizer (trials, seeds) on the same seeds; K is the largest number of trials. The trials of each optimizer
    are drawn at random without replacement, all of them if it has fewer than k, and its best is that with the lowest mean loss.
    The share is exact over all draws, by the chances of `best_shares`, and averaged over BUDGET_RESAMPLES resamples of the
    seeds, which are common to all optimizers, as the batches of their runs are. Of equal losses, that of the first optimizer
    counts as the lowest, so the shares of a k sum to 1.
    """
    most, seeds = max(map(len, grids)), grids[0].shape[1]
    drawn = np.random.default_rng(RESAMPLING_SEED).integers(seeds, size=(BUDGET_RESAMPLES, seeds))
    resamples, counts = np.unique(np.sort(drawn, axis=1), axis=0, return_counts=True)
    chances = [best_shares(len(grid))[np.minimum(np.arange(most), len(grid) - 1)].T for grid in grids]
    behind = [1 - np.vstack([0 * own[:1], np.cumsum(own, axis=0)]) for own in chances]
    shares = [_ahead([np.sort(grid[:, one].mean(axis=1)) for grid in grids], chances, behind) for one in resamples]
    return np.asarray(np.average(shares, axis=0, weights=counts))


def _ahead(ranked: Sequence[Floats], chances: Sequence[Floats], behind: Sequence[Floats]) -> Floats:
    """Return the chance that each optimizer is ahead, (K, optimizers).

    ranked: the losses of each optimizer's trials, ascending, (trials,). chances: that each of them is the best of k,
    (trials, K). behind: that the best of k is not among the first c of them, (trials + 1, K), for c = 0 …
    """
    ends = np.cumsum([0, *map(len, ranked)])
    everything, ahead = np.concatenate(ranked), np.concatenate(chances)
    for start, end, own, survival in zip(ends, ends[1:], ranked, behind, strict=False):
        ahead[:start] *= survival[np.searchsorted(own, everything[:start], side="left")]
        ahead[end:] *= survival[np.searchsorted(own, everything[end:], side="right")]
    return np.asarray(np.add.reduceat(ahead, ends[:-1], axis=0).T)
