"""How the optimizers of one setting compare: each with a control, pair by pair, and whether one optimizer beats all others."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from zdl_bench.statistics.claim_part import ClaimPart, Kind, View
from zdl_bench.statistics.claims import Claim
from zdl_bench.statistics.evidence import VARIANT, Entrants
from zdl_bench.statistics.finding import Finding
from zdl_bench.statistics.inference import ALPHA, seeds_needed
from zdl_bench.statistics.judge import NO_VALUES_REASON, describe, judge
from zdl_bench.statistics.pairing import Evidence
from zdl_bench.statistics.verdict import Judgment, Verdict, judge_family

FindingOf = Mapping[tuple[str, str], Finding]
"""(first, second) → the finding on the first variant against the second, for every ordered pair of variants."""


@dataclass(frozen=True)
class Leader:
    """The variant that is ahead of most others, and whether the tests show that this variant is ahead of every other.

    rivals: each other variant → the finding on the leader against this rival, the closest first. p: the p-value of the claim
    that the leader is better than each rival, in a family of one such claim per variant. verdict: SUPPORTED or INSUFFICIENT, or
    NOT_DECIDABLE with its reason.
    """

    variant: str
    rivals: Mapping[str, Finding]
    p: float
    verdict: Verdict
    reason: str = ""

    @property
    def is_tied(self) -> bool:
        """Whether the leader is ahead of no rival, neither by its effect nor by its wins."""
        return all(finding.is_tie for finding in self.rivals.values())

    @property
    def undecided(self) -> list[str]:
        """The rivals that are not shown to be behind the leader, each tested at the level of the whole claim."""
        return [rival for rival in self.rivals if not self.p_ahead_of(rival) <= ALPHA]

    def p_ahead_of(self, rival: str) -> float:
        """Return the p-value of the leader being ahead of one rival, at the level of the whole claim."""
        return _family_p(self.rivals[rival], 1 + len(self.rivals))


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
class Standing(Pairwise):
    """The pairwise comparisons by one metric, with the verdicts that follow from them.

    control: the first variant of the plan. contrasts: the verdict on each other variant against the control, adjusted by Holm's
    method over all contrasts. leader: None if fewer than two variants have runs.
    """

    control: str
    contrasts: Sequence[Judgment]
    leader: Leader | None


def standing_of(entrants: Entrants, variants: Sequence[str], metric: str) -> Standing:
    """Return how the variants, given in the order of the plan, compare by a metric, with verdicts."""
    control = variants[0]
    claims = [
        Claim(f"{name} / {control}", f"{name} is better than {control}.", "", Kind.SUPERIORITY, (_part(name, control, metric),))
        for name in variants[1:]
    ]
    contrasts = judge_family(claims, entrants)
    pairs = _pairs(entrants, variants, metric, judge)
    leader = leader_of(pairs, [variant for variant in variants if variant in entrants.sides])
    if leader and leader.reason == NO_VALUES_REASON:
        contrasts = [
            replace(contrast, verdict=Verdict.NOT_DECIDABLE, reason=NO_VALUES_REASON, p=math.nan, p_family=math.nan)
            for contrast in contrasts
        ]
    return Standing(metric, pairs, control, contrasts, leader)


def pairwise_of(entrants: Entrants, variants: Sequence[str], metric: str) -> Pairwise:
    """Return how the variants, given in the order of the plan, compare by a metric, without a test."""
    return Pairwise(metric, _pairs(entrants, variants, metric, describe))


def _pairs(
    entrants: Entrants, variants: Sequence[str], metric: str, find: Callable[[ClaimPart, Evidence], Finding]
) -> FindingOf:
    """Return the findings on all pairs in both orders. Exact pairs are judged in each order, since neither side wins a tie."""
    pairs = {(a, b): find(_part(a, b, metric), entrants) for a, b in combinations(variants, 2)}
    inverse = {
        (b, a): find(_part(b, a, metric), entrants) if finding.is_exact or finding.reason else finding.inverse()
        for (a, b), finding in pairs.items()
    }
    return pairs | inverse


def leader_of(pairs: FindingOf, variants: Sequence[str]) -> Leader | None:
    """Return the variant with the most evidence that it is better than each of the others, or None for fewer than two variants.

    variants: the variants with runs. A variant is shown to be better than all others if it is shown to be better than each, so
    its p-value is the largest of the one-sided p-values (intersection-union test, Berger 1982, Technometrics 24:295). The data
    choose which of the m variants is tested, so the p-value is multiplied by m (Bonferroni).
    """
    if len(variants) < 2:
        return None
    against = {one: {b: finding for (a, b), finding in pairs.items() if a == one and b in variants} for one in variants}
    ahead = max(variants, key=lambda variant: _strength(against[variant]))
    rivals = dict(sorted(against[ahead].items(), key=lambda item: -item[1].p_for))
    reasons = [finding.reason for finding in rivals.values() if finding.reason]
    if not any(_says_something(finding) for finding in rivals.values()):
        reasons = reasons or [NO_VALUES_REASON]
    if reasons:
        return Leader(ahead, rivals, math.nan, Verdict.NOT_DECIDABLE, "; ".join(dict.fromkeys(reasons)))
    p = max(_family_p(finding, len(variants)) for finding in rivals.values())
    needed = seeds_needed(len(variants) / 2)
    seeds = min((finding.n_deciding for finding in rivals.values() if not finding.is_exact), default=needed)
    if seeds < needed:
        reason = f"{seeds} seed{'s' if seeds != 1 else ''}, and {len(variants)} optimizers need {needed}"
        return Leader(ahead, rivals, p, Verdict.INSUFFICIENT, reason)
    return Leader(ahead, rivals, p, Verdict.SUPPORTED if p <= ALPHA else Verdict.INSUFFICIENT)


def _says_something(finding: Finding) -> bool:
    """Return whether some pair has values, or a run with a value is compared with a run without a value."""
    return finding.n_values > 0 or finding.is_exact or (finding.wins is not None and finding.wins.ties < finding.n)


def _strength(rivals: Mapping[str, Finding]) -> tuple[float, float, float]:
    """Return a sort key: rivals beaten minus rivals lost to, then the sum of win rates, then minus the largest p-value."""
    ahead = sum((finding.p_for < finding.p_against) - (finding.p_for > finding.p_against) for finding in rivals.values())
    wins = sum(finding.wins.rate for finding in rivals.values() if finding.wins)
    return ahead, wins, -max(finding.p_for for finding in rivals.values())


def _family_p(finding: Finding, variants: int) -> float:
    """Return the one-sided p-value of a comparison, times the number of possible leaders; 0 for an exact win."""
    return min(1.0, finding.p_for / 2 * variants)


def _part(first: str, second: str, metric: str) -> ClaimPart:
    return ClaimPart(Kind.SUPERIORITY, metric, {VARIANT: first}, {VARIANT: second}, View.BEST_LR)
