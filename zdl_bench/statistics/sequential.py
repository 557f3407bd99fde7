"""Compare optimizers at several looks, with more seeds at each, until every pair is decided."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from zdl_bench.run.run import Floats
from zdl_bench.statistics.contest import Contest, PairOutcome, PairState
from zdl_bench.statistics.flip_test import ALL_OR_MANY, TIE, Flags, Flips, Rejection, SequentialFlipTest
from zdl_bench.statistics.inference import Interval
from zdl_bench.statistics.look_plan import LookPlan


@dataclass(frozen=True)
class SequentialComparison:
    """The state of a comparison after some looks. outcomes: one per pair, in the order of `Contest.pairs`."""

    plan: LookPlan
    contest: Contest
    outcomes: Sequence[PairOutcome]
    looks: int

    @property
    def entrants_in_need(self) -> list[int]:
        """The entrants whose pairs are still open; only these need more seeds."""
        is_open = [outcome for outcome in self.outcomes if outcome.state is PairState.OPEN]
        return sorted({one for outcome in is_open for one in (outcome.first, outcome.second)})

    @property
    def next_look(self) -> int | None:
        """The number of seeds that the entrants in need must have for the next look, or None if there is none."""
        return self.plan.looks[self.looks] if self.entrants_in_need else None

    def leader(self, setting: str) -> int | None:
        """Return the entrant of a setting that is shown to be faster than each other one, or None."""
        entrants = [one for one, its_setting in enumerate(self.contest.settings) if its_setting == setting]
        for one in entrants:
            if sum(outcome.faster == one for outcome in self.outcomes) == len(entrants) - 1 > 0:
                return one
        return None


def compare_sequentially(contest: Contest, plan: LookPlan, flips: Flips = ALL_OR_MANY) -> SequentialComparison:
    """Return what the looks decide whose runs are trained.

    A pure function of the runs: everything is computed anew from the first look on, so a sweep that was stopped goes on where
    it was, and a report finds what the sweep found. The error of all decisions together is at most `plan.alpha`: differences
    and equivalences each are one family of all pairs, and the levels of the two add up to it.
    """
    procedure = _Procedure(contest, plan, flips)
    looks = 0
    for seeds in plan.looks:
        needed = {one for pair in procedure.open for one in contest.pairs[pair]}
        if not needed or not contest.has_runs(needed, seeds):
            break
        looks += 1
        procedure.look(looks, seeds)
    if looks == len(plan.looks):
        for pair in procedure.open:
            procedure.close(pair, PairState.OUT_OF_SEEDS)
    return SequentialComparison(plan, contest, procedure.outcomes, looks)


def repeated_interval(differences: Floats, bound: float) -> Interval:
    """Return the mean of the differences, (n,), with an interval that holds at all looks and for all pairs together.

    Student's 95 % interval is too narrow if seeds are added until something is shown, and if there are several pairs. This one
    holds the means that the test would not reject at its bound: Σ d / √(Σ d²) is a monotone function of Student's t, and t at
    the bound takes the place of the quantile. So it excludes 0 if and only if the pair is decided.
    Source: Jennison & Turnbull 1989, Journal of the Royal Statistical Society B 51:305.
    """
    n, mean = len(differences), differences.mean()
    t = (bound - TIE) * math.sqrt((n - 1) / (n - bound**2)) if bound**2 < n else math.inf
    spread = differences.std(ddof=1) / math.sqrt(n)
    half = t if math.isinf(t) else t * spread
    return Interval(mean, mean - half, mean + half)


class _Procedure:
    """The looks so far, with the outcome of each pair."""

    def __init__(self, contest: Contest, plan: LookPlan, flips: Flips) -> None:
        self.outcomes = [PairOutcome(*pair) for pair in contest.pairs]
        self._contest, self._plan = contest, plan
        self._differences = SequentialFlipTest(plan.spent_on_differences, np.abs, flips)
        self._equivalences = SequentialFlipTest(plan.spent_on_equivalences, np.positive, flips)

    @property
    def open(self) -> list[int]:
        return [pair for pair, outcome in enumerate(self.outcomes) if outcome.state is PairState.OPEN]

    def look(self, look: int, seeds: int) -> None:
        """Look at all open pairs with a number of seeds."""
        scores, has_values = self._contest.differences(seeds)
        open_ones = self.open
        scores = np.where(np.isin(np.arange(len(scores)), open_ones)[:, None], scores, 0.0)  # others may lack runs
        self.outcomes = [
            replace(outcome, look=look, seeds=seeds) if pair in open_ones else outcome
            for pair, outcome in enumerate(self.outcomes)
        ]
        for pair in open_ones:
            self._close_untestable(pair, scores[pair])
        self._differences.look(scores)
        for pair in self.open:
            rejection = self._differences.rejections.get(pair)
            outcome = replace(self.outcomes[pair], bound=self._differences.bounds[-1])
            self.outcomes[pair] = outcome
            if rejection:
                faster = outcome.first if scores[pair].sum() < 0 else outcome.second
                self.close(pair, PairState.DECIDED, faster, rejection)
        if self._plan.margin is not None:
            self._look_for_equivalence(scores, has_values, math.log(self._plan.margin))
        for pair in self.open:
            if self._is_not_needed(self.outcomes[pair]):
                self.close(pair, PairState.NOT_NEEDED)

    def close(self, pair: int, state: PairState, faster: int | None = None, by: Rejection | None = None) -> None:
        outcome = replace(self.outcomes[pair], state=state, faster=faster)
        self.outcomes[pair] = replace(outcome, p=by.p, bound=by.bound) if by else outcome
        self._differences.withdraw(pair)
        for row in _rows(pair):
            self._equivalences.withdraw(row)

    def _close_untestable(self, pair: int, scores: Floats) -> None:
        """Close a pair of deterministic runs, or one that no seed tells apart."""
        outcome = self.outcomes[pair]
        if not scores.any():
            self.close(pair, PairState.SAME)
        elif self._contest.are_exact[outcome.first] and self._contest.are_exact[outcome.second]:
            self.close(pair, PairState.EXACT, outcome.first if scores[0] < 0 else outcome.second)

    def _look_for_equivalence(self, scores: Floats, has_values: Flags, margin: float) -> None:
        """Close the pairs whose difference is shown to be below the margin and above −margin, perhaps at different looks."""
        within = np.stack([margin - scores, margin + scores], axis=1) * has_values[:, None, None]
        self._equivalences.look(within.reshape(-1, scores.shape[1]))
        for pair in self.open:
            found = [self._equivalences.rejections.get(row) for row in _rows(pair)]
            rejections = [one for one in found if one]
            if len(rejections) == 2:
                self.close(pair, PairState.EQUIVALENT, None, max(rejections, key=lambda one: one.p))

    def _is_not_needed(self, pair: PairOutcome) -> bool:
        """Return whether both of a pair are shown to be slower than a third one, and neither is the control."""
        ahead_of_first, ahead_of_second = (
            {one.faster for one in self.outcomes if one.faster not in (None, entrant) and entrant in (one.first, one.second)}
            for entrant in (pair.first, pair.second)
        )
        return bool(ahead_of_first & ahead_of_second) and not {pair.first, pair.second} & self._contest.controls


def _rows(pair: int) -> tuple[int, int]:
    """Return the two one-sided hypotheses of a pair: that it is above the margin, and below its negative."""
    return 2 * pair, 2 * pair + 1
