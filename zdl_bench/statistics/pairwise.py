"""How optimizers compare pair by pair, by one metric."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

from zdl_bench.statistics.all_pairs import can_be_judged_at_once, judge_all_pairs
from zdl_bench.statistics.claim_part import ClaimPart, Kind, View
from zdl_bench.statistics.evidence import VARIANT, Entrants
from zdl_bench.statistics.finding import Finding
from zdl_bench.statistics.judge import describe, judge
from zdl_bench.statistics.leader import FindingOf
from zdl_bench.statistics.verdict import Verdict


@dataclass(frozen=True)
class Pairwise:
    """Comparisons of all variants by one metric, pair by pair, without a verdict.

    pairs: first every pair in the order of the plan, then every pair with its variants swapped.
    """

    metric: str
    pairs: FindingOf

    @property
    def in_order(self) -> list[tuple[str, str]]:
        """Each pair once, in the order of the plan."""
        return list(self.pairs)[: len(self.pairs) // 2]

    def win_rate(self, first: str, second: str) -> float:
        """Return the share of seeds on which the first variant is better, ties counted half; NaN if nothing is known."""
        finding = self.pairs[first, second]
        if finding.is_exact and not finding.reason:
            return (1 + finding.p_against - self.pairs[second, first].p_against) / 2
        return finding.wins.rate if finding.wins else math.nan


@dataclass(frozen=True)
class PairVerdict:
    """The verdict on a pair by one metric. p: on the scale of the page, NaN if nothing was tested.

    verdict: SUPPORTED if the first variant is shown to be better than the second, REFUTED if the second is.
    """

    metric: str
    first: str
    second: str
    finding: Finding
    p: float
    verdict: Verdict
    reason: str = ""

    @property
    def label(self) -> str:
        return f"{self.first} / {self.second}"

    @property
    def is_decided(self) -> bool:
        return self.verdict in (Verdict.SUPPORTED, Verdict.REFUTED)

    def p_of(self, variant: str) -> float:
        """Return the p-value of this variant being better than the other one; 0 if that is exact, 1 if it is not ahead."""
        p_ahead = self.finding.p_for if variant == self.first else self.finding.p_against
        p_behind = self.finding.p_against if variant == self.first else self.finding.p_for
        return 1.0 if p_ahead >= p_behind else 0.0 if self.finding.is_exact else self.p


def shown_pairs(entrants: Entrants, variants: Sequence[str], metric: str) -> Pairwise:
    """Return how the variants, given in the order of the plan, compare by a metric, without a test."""
    return Pairwise(metric, _pairs(variants, lambda a, b: describe(_part(a, b, metric), entrants)))


def tested_pairs(entrants: Entrants, variants: Sequence[str], metric: str) -> Pairwise:
    """Return how the variants, given in the order of the plan, compare by a metric, each pair tested alone."""
    part, sides = _part("first", "second", metric), {one: entrants.sides[one] for one in variants if one in entrants.sides}
    fit_arrays = entrants.allows_tests(sides.values()) and can_be_judged_at_once(list(sides.values()), part)
    at_once = judge_all_pairs(sides, part) if fit_arrays else {}
    return Pairwise(metric, _pairs(variants, lambda a, b: at_once.get((a, b)) or judge(_part(a, b, metric), entrants)))


def _pairs(variants: Sequence[str], find: Callable[[str, str], Finding]) -> FindingOf:
    """Return the findings on all pairs in both orders. Exact pairs are judged in each order, since neither side wins a tie."""
    pairs = {(a, b): find(a, b) for a, b in combinations(variants, 2)}
    inverse = {
        (b, a): find(b, a) if finding.is_exact or finding.reason else finding.inverse() for (a, b), finding in pairs.items()
    }
    return pairs | inverse


def _part(first: str, second: str, metric: str) -> ClaimPart:
    return ClaimPart(Kind.SUPERIORITY, metric, {VARIANT: first}, {VARIANT: second}, View.BEST_LR)
