"""How the optimizers of one setting compare: pair by pair, each with a control, and whether one of them beats all others."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from zdl_bench.language import later, later_count
from zdl_bench.run.run import Floats
from zdl_bench.statistics.error_budget import Budget, QuestionPs, leaders_on_page, pairs_on_page
from zdl_bench.statistics.evidence import Entrants
from zdl_bench.statistics.finding import Finding
from zdl_bench.statistics.inference import ALPHA, seeds_needed
from zdl_bench.statistics.leader import Leader, leader_of
from zdl_bench.statistics.max_t import max_t_ps
from zdl_bench.statistics.pairwise import PairVerdict, Pairwise, tested_pairs
from zdl_bench.statistics.verdict import Verdict

SPENT_ELSEWHERE = later("the 5 % of this page are spent on the claims or on the looks above")
FIRST_UNDECIDED = later("the first question of the page is undecided, and this one comes after it")


@dataclass(frozen=True)
class Standing:
    """The answer to one question, with the verdicts that the error budget of the page allows.

    control: the first variant of the plan. measures: the pairwise comparisons by each metric that answers the question.
    leader: the variant that is ahead by all metrics, or None if fewer than two variants have runs. by_measure: metric → who is
    ahead by this metric, if there are several. verdicts: on all pairs by each metric, first those with the control, which is
    their second variant. level: at which the leader of the first question is tested.
    """

    control: str
    measures: Sequence[Pairwise]
    leader: Leader | None
    by_measure: Mapping[str, Leader]
    verdicts: Sequence[PairVerdict]
    level: float

    def against_control(self, metric: str) -> list[PairVerdict]:
        return [one for one in self.verdicts if one.metric == metric and one.second == self.control]


def standings_of(
    entrants: Entrants, variants: Sequence[str], questions: Sequence[Sequence[str]], share: float = 1.0
) -> list[Standing]:
    """Return how the variants, given in the order of the plan, compare on each question, with verdicts.

    questions: the metrics that answer each question; the first question comes first in the error budget. share: what this
    setting has of the error of the page; 0 if only exact comparisons are judged here.
    """
    present = [variant for variant in variants if variant in entrants.sides]
    every = [[tested_pairs(entrants, variants, metric) for metric in metrics] for metrics in questions]
    leaders = [leader_of([one.pairs for one in measures], present) for measures in every]
    single = [[leader_of([one.pairs], present) for one in measures] for measures in every]
    order = [*((one, variants[0]) for one in variants[1:]), *combinations(variants[1:], 2)]
    findings = [one.pairs[pair] for measures in every for one in measures for pair in order]
    scores = scores_by_seed(findings)
    budget = Budget.of(len(scores), share)
    among = np.where([finding.is_exact for finding in findings], 0.0, max_t_ps(scores))
    ps = [QuestionPs(_p(leader), tuple(map(_p, ones))) for leader, ones in zip(leaders, single, strict=True)]
    on_page = leaders_on_page(ps, float(max(among, default=0.0)), budget)
    of_pairs = iter(pairs_on_page(among, ps, budget))
    gates = ["", *["" if on_page[0].by_all <= ALPHA else FIRST_UNDECIDED] * (len(questions) - 1)]
    standings = []
    for measures, leader, ones, found, gate in zip(every, leaders, single, on_page, gates, strict=True):
        verdicts = [
            _pair_verdict(one.metric, pair, one.pairs[pair], next(of_pairs), budget) for one in measures for pair in order
        ]
        by_measure = {
            one.metric: _judged(its_leader, its_p, gate, [v for v in verdicts if v.metric == one.metric], budget)
            for one, its_leader, its_p in zip(measures, ones, found.by_measure, strict=True)
            if its_leader and len(measures) > 1
        }
        its_leader = _judged(leader, found.by_all, gate, verdicts, budget) if leader else None
        standings.append(Standing(variants[0], measures, its_leader, by_measure, verdicts, budget.leader_level))
    return standings


def scores_by_seed(findings: Sequence[Finding]) -> Floats:
    """Return what is tested, (seeds, findings), over all seeds that some finding has; 0 on the seeds that a finding lacks."""
    seeds = sorted({seed for finding in findings for seed in finding.scores})
    columns = [[finding.scores.get(seed, 0.0) for seed in seeds] for finding in findings]
    return np.array(columns).reshape(len(findings), len(seeds)).T


def too_few_seeds(seeds: int, needed: int) -> str:
    """Return the reason why so few seeds decide nothing."""
    return later_count(
        "{count} seed, and this page needs {needed}", "{count} seeds, and this page needs {needed}", seeds, needed=needed
    )


def _p(leader: Leader | None) -> float:
    """Return the p-value of a leader before any adjustment. An exact answer takes nothing of the error budget."""
    if leader is None or leader.reason:
        return 1.0
    return 0.0 if leader.is_exact else leader.p


def _judged(leader: Leader, p: float, gate: str, verdicts: Sequence[PairVerdict], budget: Budget) -> Leader:
    """Return the leader with its verdict, as its own test decides it, or as the verdicts on its pairs do.

    p: of its own test, on the scale of the page. gate: why it is not tested, or empty. verdicts: by the leader's metrics.
    """
    if leader.reason:
        return leader
    if leader.is_exact:
        return replace(leader, verdict=Verdict.SUPPORTED if leader.p == 0 else Verdict.INSUFFICIENT)
    p = min(p, max(one.p_of(leader.variant) for one in verdicts if leader.variant in (one.first, one.second)))
    verdict, reason = _verdict(Verdict.SUPPORTED, p, leader.seeds, budget)
    return replace(leader, p=p, verdict=verdict, reason=reason or (gate if verdict is Verdict.INSUFFICIENT else ""))


def _pair_verdict(metric: str, pair: tuple[str, str], finding: Finding, p: float, budget: Budget) -> PairVerdict:
    direction = Verdict.SUPPORTED if finding.p_for < finding.p_against else Verdict.REFUTED
    if finding.reason:
        return PairVerdict(metric, *pair, finding, math.nan, Verdict.NOT_DECIDABLE, finding.reason)
    if finding.is_exact:
        return PairVerdict(metric, *pair, finding, math.nan, direction)
    return PairVerdict(metric, *pair, finding, p, *_verdict(direction, p, finding.n_deciding, budget))


def _verdict(direction: Verdict, p: float, seeds: int, budget: Budget) -> tuple[Verdict, str]:
    """Return the verdict with its reason. direction: the verdict if p, which is on the scale of the page, is small enough."""
    if budget.share == 0:
        return Verdict.NOT_DECIDABLE, SPENT_ELSEWHERE
    needed = seeds_needed(1 / budget.share)
    if seeds < needed:
        return Verdict.INSUFFICIENT, too_few_seeds(seeds, needed)
    return (direction if p <= ALPHA else Verdict.INSUFFICIENT), ""
