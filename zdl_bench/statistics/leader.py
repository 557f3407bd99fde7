"""The leader among optimizers: the one that is ahead of each other one, and the p-value of this claim."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zdl_bench.language import later_list
from zdl_bench.statistics.finding import Finding
from zdl_bench.statistics.judge import NO_VALUES_REASON, ZERO_WITHOUT_RATIO
from zdl_bench.statistics.verdict import Verdict

FindingOf = Mapping[tuple[str, str], Finding]
"""(first, second) → the finding on the first variant against the second, for every ordered pair of variants."""


@dataclass(frozen=True)
class Leader:
    """The variant that is ahead of most others, and whether the tests show that this variant is ahead of every other.

    rivals: each other variant → the finding on the leader against this rival, the closest first; of several metrics, the
    finding that speaks least for the leader. p: first the p-value of this claim alone, then on the scale of the page; NaN if
    there is none. verdict: SUPPORTED, INSUFFICIENT or NOT_DECIDABLE. reason: why it is not supported, or empty.
    """

    variant: str
    rivals: Mapping[str, Finding]
    p: float
    verdict: Verdict
    reason: str = ""

    @property
    def is_exact(self) -> bool:
        """Whether all comparisons with the rivals are exact, so that nothing has to be tested."""
        return all(finding.is_exact for finding in self.rivals.values())

    @property
    def is_tied(self) -> bool:
        """Whether the leader is ahead of no rival, neither by its effect nor by its wins."""
        return all(finding.is_tie for finding in self.rivals.values())

    @property
    def seeds(self) -> int:
        """The smallest number of pairs on which a comparison rests."""
        return min((finding.n_deciding for finding in self.rivals.values() if not finding.is_exact), default=0)


def leader_of(measures: Sequence[FindingOf], variants: Sequence[str]) -> Leader | None:
    """Return the variant with the most evidence that it is better than each of the others, or None for fewer than two variants.

    measures: the findings on all pairs, metric by metric; the leader has to be better by every metric. variants: the variants
    with runs. A variant is better than all others if it is better than each by each metric, so p is the largest p-value of
    these comparisons (intersection-union test, Berger 1982, Technometrics 24:295). The data choose the variant. The choice
    costs a factor of 2 on the one-sided p-values, however many variants there are, because the closest rival is the one that
    the leader has to beat (Gutmann & Maymin 1987, Annals of Statistics 15:456; Hung & Fithian 2019, arXiv:1610.03944).
    """
    if len(variants) < 2:
        return None
    against = {one: {b: [pairs[one, b] for pairs in measures] for b in variants if b != one} for one in variants}
    ahead = max(variants, key=lambda variant: _strength(against[variant]))
    closest = {rival: max(found, key=lambda finding: finding.p_for) for rival, found in against[ahead].items()}
    rivals = dict(sorted(closest.items(), key=lambda item: -item[1].p_for))
    everything = [finding for found in against[ahead].values() for finding in found]
    reasons = [finding.reason for finding in everything if finding.reason]
    if not reasons and not any(map(_says_something, everything)):
        reasons = [NO_VALUES_REASON]
    if reasons:
        return Leader(ahead, rivals, math.nan, Verdict.NOT_DECIDABLE, later_list(dict.fromkeys(reasons), "; "))
    return Leader(ahead, rivals, max(finding.p_for for finding in rivals.values()), Verdict.INSUFFICIENT)


def _says_something(finding: Finding) -> bool:
    """Return whether some pair has values, or a run with a value is compared with a run without a value."""
    has_values = finding.n_values > 0 or finding.by_wins == ZERO_WITHOUT_RATIO
    return has_values or finding.is_exact or (finding.wins is not None and finding.wins.ties < finding.n)


def _strength(rivals: Mapping[str, Sequence[Finding]]) -> tuple[float, float, float]:
    """Return a sort key: rivals beaten minus rivals lost to, then the sum of win rates, then minus the largest p-value."""
    findings = [finding for found in rivals.values() for finding in found]
    ahead = sum((finding.p_for < finding.p_against) - (finding.p_for > finding.p_against) for finding in findings)
    wins = sum(finding.wins.rate for finding in findings if finding.wins)
    return ahead, wins, -max(finding.p_for for finding in findings)
