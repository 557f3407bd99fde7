"""The trials of a tuning: which values are tried on the tuning seeds, which are best, and where the grid goes on."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from zdl_bench.plan.lr_grid import lr_beyond
from zdl_bench.plan.overrides import Setting
from zdl_bench.statistics.tuning import LrChoice, choose_lr

Job = tuple[Setting, ...]


@dataclass(frozen=True)
class Tuning:
    """A combination of values whose learning rate is tuned, and perhaps other keys.

    Each of `lrs` is tried with each combination of the other tuned keys, `others`, on each tuning seed. The best is then used
    for the runs with `seeds`. lrs: empty for a rule without a learning rate. max_extensions: how often the grid may go on.
    """

    combination: Job
    lrs: Sequence[Setting]
    tuning_seeds: Sequence[Setting]
    seeds: Sequence[Setting]
    others: Sequence[Job] = ((),)
    max_extensions: int = 0

    @property
    def candidates(self) -> list[Job]:
        """The values that are tried: each learning rate (outer loop) with each combination of the other keys (inner loop)."""
        lrs: Sequence[Job] = [(lr,) for lr in self.lrs] or [()]
        return [(*lr, *other) for lr, other in itertools.product(lrs, self.others)]

    @property
    def trials(self) -> list[Job]:
        """One job per candidate (outer loop) and tuning seed (inner loop)."""
        return [
            (*self.combination, *candidate, seed) for candidate, seed in itertools.product(self.candidates, self.tuning_seeds)
        ]

    def at(self, candidate: Job) -> list[Job]:
        """Return the jobs that judge a candidate, one per seed."""
        return [(*self.combination, *candidate, seed) for seed in self.seeds]


@dataclass(frozen=True)
class TriedGrid:
    """A tuning with the tail_loss of each of its trials, in their order, NaN for one without a value.

    extensions: how often the grid has gone on.
    """

    tuning: Tuning
    tail_losses: Sequence[float]
    extensions: int = 0

    @property
    def grid_lrs(self) -> list[float]:
        """The learning rates, ascending."""
        return sorted(float(lr.value) for lr in self.tuning.lrs)

    @cached_property
    def choice(self) -> LrChoice:
        """The choice among the candidates."""
        candidates = self.tuning.candidates
        lrs = [float(candidate[0].value) if self.tuning.lrs else np.nan for candidate in candidates]
        by_candidate = np.reshape(np.array(self.tail_losses, dtype=float), (len(candidates), len(self.tuning.tuning_seeds)))
        return choose_lr(lrs, by_candidate)

    @property
    def best(self) -> Job | None:
        """The best candidate, or None if none of several has a value on all tuning seeds."""
        candidates, place = self.tuning.candidates, self.choice.place
        if len(candidates) == 1:  # nothing to choose
            return candidates[0]
        return None if place is None else candidates[place]

    @property
    def next_lr(self) -> Setting | None:
        """The learning rate with which the grid goes on, or None if it ends here.

        It goes on beyond an edge if the best learning rate lies there and is better than all others, and below its smallest if
        no candidate has a value, until `max_extensions` is reached.
        """
        if len(self.grid_lrs) < 2 or self.extensions >= self.tuning.max_extensions:
            return None
        choice = self.choice
        if choice.place is None:
            return lr_beyond(self.grid_lrs, at_end=False)
        return lr_beyond(self.grid_lrs, at_end=choice.lr == self.grid_lrs[-1]) if choice.is_ahead_at_edge else None

    def beyond(self, lr: Setting) -> Tuning:
        """Return the tuning of only this learning rate, with which the grid goes on."""
        return replace(self.tuning, lrs=[lr])

    def extended(self, lr: Setting, tail_losses: Sequence[float]) -> "TriedGrid":
        """Return the grid with one more learning rate and the tail losses of its trials."""
        longer = replace(self.tuning, lrs=[*self.tuning.lrs, lr])
        return TriedGrid(longer, [*self.tail_losses, *tail_losses], self.extensions + 1)
