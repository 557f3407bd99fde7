"""The choice of the best learning rate, and how certain it is.

This module imports neither pandas nor SciPy, because every sweep starts by importing this module.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zdl_bench.run.run import Floats

if TYPE_CHECKING:
    import pandas as pd

RESAMPLES = 1000
RESAMPLING_SEED = 0
TUNED = "tuned"
"""The column with a run's values of the keys that were tuned besides lr, in words. Frames without such keys do not have it."""


@dataclass(frozen=True, eq=False)
class LrChoice:
    """The choice of a learning rate, and perhaps of other keys, by the mean tail loss over the tuning seeds.

    lrs: (candidates,), ascending, NaN for a rule without a learning rate. Candidates that differ in other tuned keys have the
    same learning rate. tail_losses: (candidates, seeds). One that has a run without a value (NaN or ∞) is not chosen. order:
    (candidates,), the place of each candidate in the order in which they were given. others: (candidates,) in that order, their
    values of the other keys in words, or nothing if no other key was tuned.
    """

    lrs: Floats
    tail_losses: Floats
    order: npt.NDArray[np.intp]
    others: tuple[str, ...] = ()

    @cached_property
    def row(self) -> int | None:
        """The row of the candidate with the lowest mean loss, the first row in a tie, or None if none has values."""
        return int(self._best_rows(self.tail_losses)) if self._are_candidates.any() else None

    @property
    def place(self) -> int | None:
        """The place of the best candidate in the order in which they were given, or None."""
        return None if self.row is None else int(self.order[self.row])

    @cached_property
    def lr(self) -> float | None:
        """The learning rate of the best candidate, the smaller in a tie, or None if there is no such candidate or rate."""
        return None if self.row is None or np.isnan(self.lrs[self.row]) else float(self.lrs[self.row])

    @property
    def best_others(self) -> str:
        """The values of the other keys of the best candidate, in words; empty if there are none."""
        return self.others[self.place] if self.others and self.place is not None else ""

    @property
    def words(self) -> str:
        """The best candidate in words, such as `lr, 0.01` or `lr, 0.01 beta2=0.9`."""
        lr = [] if self.lr is None else [f"lr, {self.lr:g}"]
        return " ".join(filter(None, [*lr, self.best_others]))

    @property
    def at_edge(self) -> bool:
        """Whether the best learning rate is the smallest or largest of the grid. If so, a better one may lie beyond it."""
        is_fixed = len(self.lrs) > 1 and self.lrs[0] == self.lrs[-1]  # only other keys were tuned
        return self.lr is not None and not is_fixed and self.lr in (self.lrs[0], self.lrs[-1])

    @property
    def is_ahead_at_edge(self) -> bool:
        """Whether the best learning rate lies at the edge and has a lower mean loss than every other learning rate."""
        if not self.at_edge:
            return False
        others = self.tail_losses[(self.lrs != self.lr) & self._are_candidates].mean(axis=1)
        return bool((others > self.tail_losses[self.row].mean()).all())

    @property
    def share(self) -> float:
        """The share of resamples of the seeds in which the best candidate is chosen; 0 if there is none."""
        return 0.0 if self.row is None else float(self.candidate_shares[self.row])

    @cached_property
    def candidate_shares(self) -> Floats:
        """The share of 1,000 resamples of the seeds in which each candidate is chosen, (candidates,)."""
        if self.row is None:
            return np.zeros(len(self.lrs))
        seeds = self.tail_losses.shape[1]
        resamples = np.random.default_rng(RESAMPLING_SEED).integers(seeds, size=(RESAMPLES, seeds))
        return np.bincount(self._best_rows(self.tail_losses[:, resamples]), minlength=len(self.lrs)) / RESAMPLES

    @cached_property
    def shares(self) -> dict[float, float]:
        """Learning rate → the share of 1,000 resamples of the seeds in which it is chosen. All rates share these resamples."""
        return {float(lr): float(self.candidate_shares[self.lrs == lr].sum()) for lr in self.lrs}

    @cached_property
    def _are_candidates(self) -> npt.NDArray[np.bool_]:
        return np.asarray(np.isfinite(self.tail_losses).all(axis=1) & (self.tail_losses.shape[1] > 0))

    def _best_rows(self, losses: Floats) -> npt.NDArray[np.intp]:
        """Return the rows of the best candidates, (…); losses: (learning rates, …, seeds)."""
        means = losses.mean(axis=-1)
        means[~self._are_candidates] = np.inf
        return np.asarray(np.argmin(means, axis=0))


def choose_lr(lrs: Sequence[float], tail_losses: Floats) -> LrChoice:
    """Return the choice among candidates, given in any order; lrs: that of each, tail_losses: (candidates, seeds)."""
    order = np.argsort(lrs, kind="stable")
    return LrChoice(np.asarray(lrs, np.float64)[order], tail_losses[order], order)


def choose_lr_of(trials: "pd.DataFrame") -> LrChoice:
    """Return the choice among the candidates of one optimizer's trials, which are rows of `Results.runs`."""
    grid = lr_grid(trials)
    if TUNED not in trials:
        return choose_lr(grid.index.tolist(), grid.to_numpy())
    return replace(choose_lr([lr for lr, _ in grid.index], grid.to_numpy()), others=tuple(other for _, other in grid.index))


def lr_grid(trials: "pd.DataFrame", column: str = "tail_loss") -> "pd.DataFrame":
    """Return the losses of one optimizer's trials, a row per candidate and a column per seed.

    A candidate is a learning rate; if other keys were tuned, the index is that of pairs of a learning rate and their values. A
    cell is NaN if the candidate was not tried on the seed. Several runs in a cell count with their mean, which is NaN if one of
    the runs has no value.
    """
    keys = candidate_keys(trials)
    cells = with_candidates(trials).groupby([*keys, "seed"], dropna=False)[column]
    return cells.mean().where(cells.count() == cells.size()).unstack("seed").astype(float)


def candidate_keys(runs: "pd.DataFrame") -> list[str]:
    """Return the columns that tell the candidates of an optimizer apart."""
    return ["lr", TUNED] if TUNED in runs else ["lr"]


def count_candidates(trials: "pd.DataFrame") -> int:
    """Return the number of candidates of an optimizer; a rule without a learning rate has none unless another key was tuned."""
    return len(with_candidates(trials).drop_duplicates(candidate_keys(trials)))


def with_candidates(trials: "pd.DataFrame") -> "pd.DataFrame":
    """Return the trials without those that tried nothing: those without a learning rate, unless another key was tuned."""
    return trials if TUNED in trials else trials.dropna(subset="lr")


def runs_at(choice: LrChoice, runs: "pd.DataFrame") -> "pd.DataFrame":
    """Return the runs of an optimizer that have the values of its best candidate."""
    at_lr = runs if choice.lr is None else runs[near(runs["lr"], choice.lr)]
    return at_lr[at_lr[TUNED] == choice.best_others] if choice.others else at_lr


def near(column: "pd.Series", value: float) -> npt.NDArray[np.bool_]:
    """Return where the numbers of a column equal a value up to rounding."""
    return np.asarray(np.isclose(column.to_numpy(dtype=float), value, rtol=1e-9, atol=0))


def at_best_others(runs: "pd.DataFrame", trials: "pd.DataFrame") -> "pd.DataFrame":
    """Return the runs of each variant at its best values of the other tuned keys; all runs if there are no such keys.

    A variant for which nothing could be chosen keeps all of its runs. runs, trials: have the column variant.
    """
    if TUNED not in runs:
        return runs
    choices = {variant: choose_lr_of(rows) for variant, rows in trials.groupby("variant", sort=False)}
    best = {variant: choice.best_others for variant, choice in choices.items() if choice.row is not None}
    return runs[runs[TUNED].eq(runs["variant"].map(best)) | ~runs["variant"].isin(list(best))]


def free_tuning_seeds(used: set[int]) -> str:
    """Return three seeds that are not used yet, as a value of `tuning_seeds`."""
    first = 100 if used.isdisjoint(range(100, 103)) else max(used) + 1
    return f"range({first},{first + 3})"
