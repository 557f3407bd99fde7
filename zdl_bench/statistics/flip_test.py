"""A group-sequential permutation test: hypotheses that are tested together, by flips of whole seeds, at several looks."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zdl_bench.run.run import Floats

MIN_FLIPS = 20_000
"""The number of random flips if there are very many hypotheses."""
TIE = 1e-9
"""Statistics that differ by less are equal up to rounding."""
MAX_STATISTICS = 4_000_000
"""The largest number of statistics that are in memory at once."""

Flags = npt.NDArray[np.bool_]


class Flips(NamedTuple):
    """Which flips of seeds are tried: all, if they are no more than `most`; otherwise so many, drawn with `seed`.

    By default, all flips of up to 16 seeds are tried.
    """

    most: int = 2**16
    seed: int = 0


ALL_OR_MANY = Flips()


class Rejection(NamedTuple):
    """The look at which a hypothesis was rejected, counted from 1, its p-value, and the bound that its statistic reached.

    p: the share of flips that reach an earlier bound, or at this look a statistic as large. It is adjusted for all hypotheses.
    """

    look: int
    p: float
    bound: float


class SequentialFlipTest:
    """A test of several hypotheses on the same seeds, look by look, that errs at all looks and on all hypotheses together.

    The statistic of a hypothesis is Σ d / √(Σ d²) over its scores d, a monotone function of Student's t. If its scores are as
    likely as their negatives, so is every flip of seeds, and a flip turns a seed in all hypotheses and at all looks. At each
    look, the bound is such that the share of flips whose largest statistic reached its bound there or at an earlier look is at
    most the error spent so far. Flips that reached an earlier bound stay out: they would have ended before.

    - Step-down: if hypotheses are rejected, the bounds of the others are those of a test that never had the rejected ones
      (closure; Romano & Wolf 2005, Econometrica 73:1237).
    - A hypothesis that is withdrawn without a rejection is not tested any more, but stays in the reference distribution: its
      earlier scores are repeated in place of those that it does not get. If it left, the bounds would fall for the others, and
      these are those with the largest statistics if the small ones are withdrawn.

    For one hypothesis the test is exact. For several, the closure needs bounds that do not rise when hypotheses leave; this
    and the error were simulated (tests/benchmarks/sequential.py).

    Source: Mathieu et al. 2023, AdaStop (arXiv:2306.10882), who permute unpaired scores.
    """

    def __init__(self, spent: Sequence[float], statistic: np.ufunc, flips: Flips = ALL_OR_MANY) -> None:
        """Plan the looks.

        Args:
            spent: the error that may be spent up to each look.
            statistic: `np.abs` to test both directions, `np.positive` to test whether scores are above 0.
            flips: if they are drawn, the first has the observed signs (Phipson & Smyth 2010).
        """
        self._spent = spent
        self._statistic = statistic
        self._flips = flips
        self._looks: list[Floats] = []
        self._withdrawn: dict[int, Floats] = {}
        self._known_bounds: dict[tuple[int, tuple[int, ...]], float] = {}
        self._known_largest: dict[tuple[int, tuple[int, ...], int], Floats] = {}
        self.rejections: dict[int, Rejection] = {}
        self.bounds: list[float] = []

    def is_open(self, hypothesis: int) -> bool:
        return hypothesis not in self.rejections and hypothesis not in self._withdrawn

    def withdraw(self, hypothesis: int) -> None:
        """Test an open hypothesis no more."""
        if self.is_open(hypothesis):
            self._withdrawn[hypothesis] = self._looks[-1][hypothesis] if self._looks else np.zeros(1)

    def look(self, scores: Floats) -> None:
        """Test the open hypotheses at the next look; scores: of all seeds so far, (hypotheses, seeds)."""
        scores = scores.copy()
        for one, earlier in self._withdrawn.items():
            scores[one] = np.resize(earlier, scores.shape[1])  # repeats them
        norms = np.sqrt((scores * scores).sum(axis=1, keepdims=True))
        self._looks.append(scores / np.where(norms > 0, norms, 1.0))
        observed = self._statistic(self._looks[-1].sum(axis=1))
        self._flips = self._flips._replace(most=min(self._flips.most, max(MIN_FLIPS, MAX_STATISTICS // max(1, len(scores)))))
        p, bound = 0.0, np.inf
        self.bounds.append(bound)
        while competing := [one for one in range(len(scores)) if self.is_open(one)]:
            members = tuple(one for one in range(len(scores)) if one not in self.rejections)
            crossed, largest = self._under_flips(len(self._looks) - 1, members)
            self.bounds[-1] = bound = self._bound(len(self._looks) - 1, members)
            ahead = [one for one in competing if observed[one] >= bound - TIE]
            if not ahead:
                break
            for one in ahead:
                p_alone = float(np.mean(crossed | (largest >= observed[one] - TIE)))
                self.rejections[one] = Rejection(len(self._looks), max(p, p_alone), bound)
            p = max(self.rejections[one].p for one in ahead)
            self._known_largest.clear()

    def _under_flips(self, look: int, members: tuple[int, ...]) -> tuple[Flags, Floats]:
        """Return which flips reached a bound before a look, (flips,), and the largest statistic at this look, (flips,).

        members: the hypotheses of the reference distribution.
        """
        seeds = self._looks[look].shape[1]
        crossed = np.zeros(len(signs_of(seeds, self._flips)), dtype=bool)
        for earlier in range(look):
            crossed |= self._largest(earlier, members, seeds) >= self._bound(earlier, members) - TIE
        return crossed, self._largest(look, members, seeds)

    def _bound(self, look: int, members: tuple[int, ...]) -> float:
        """Return the smallest bound at a look that spends no more than the error allows, ∞ if there is none."""
        if (look, members) not in self._known_bounds:
            crossed, largest = self._under_flips(look, members)
            room = int(self._spent[look] * len(crossed) + TIE) - int(crossed.sum())
            free = np.sort(largest[~crossed])[::-1]
            bounds = free[:room][free[:room] > free[room] + TIE] if 0 < room < len(free) else free[:0]
            self._known_bounds[look, members] = float(bounds[-1]) if len(bounds) else np.inf
        return self._known_bounds[look, members]

    def _largest(self, look: int, hypotheses: tuple[int, ...], seeds: int) -> Floats:
        """Return the largest statistic of the hypotheses at a look under each flip of so many seeds, (flips,)."""
        scores, flips = self._looks[look], signs_of(seeds, self._flips)
        drawn_for = min(seeds, self._flips.most.bit_length())  # random flips of more seeds begin with those of fewer seeds
        key = (look, hypotheses, drawn_for)
        if key not in self._known_largest:
            largest = np.full(len(flips), -np.inf)
            chunk = max(1, MAX_STATISTICS // len(flips))
            for start in range(0, len(hypotheses), chunk):
                some = scores[list(hypotheses[start : start + chunk])]
                np.maximum(largest, self._statistic(flips[:, : scores.shape[1]] @ some.T).max(axis=1), out=largest)
            self._known_largest[key] = largest
        return self._known_largest[key]


@lru_cache(maxsize=16)
def signs_of(seeds: int, flips: Flips = ALL_OR_MANY) -> Floats:
    """Return the flips as signs, (flips, seeds). The first are the observed signs."""
    if 2**seeds <= flips.most:
        return 1.0 - 2.0 * (np.arange(2**seeds)[:, None] >> np.arange(seeds) & 1)
    signs = 1.0 - 2.0 * np.random.default_rng(flips.seed).integers(2, size=(seeds, flips.most)).T
    signs[0] = 1.0
    return signs
