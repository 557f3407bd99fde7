"""The answer to the primary question by planned looks, in the form in which all answers are shown."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from zdl_bench.language import later
from zdl_bench.statistics.contest import IN_SPEED, PairOutcome, PairState
from zdl_bench.statistics.evidence import Entrants
from zdl_bench.statistics.finding import Effect, Finding
from zdl_bench.statistics.leader import FindingOf, Leader
from zdl_bench.statistics.pairwise import PairVerdict, Pairwise, shown_pairs
from zdl_bench.statistics.sequential import SequentialComparison, repeated_interval
from zdl_bench.statistics.standing import Standing
from zdl_bench.statistics.verdict import Verdict

NO_LEADER = later("no optimizer is shown to be faster than each other one")


def as_looks_decide(standing: Standing, entrants: Entrants, looks: SequentialComparison, setting: str) -> Standing:
    """Return the standing in speed with the verdicts of the looks in place of those of a test of all seeds.

    A pair has the seeds of the look that closed it, and an interval that holds at all looks. entrants: of this setting.
    """
    outcomes = {
        frozenset((looks.contest.names[one.first], looks.contest.names[one.second])): one
        for one in looks.outcomes
        if looks.contest.settings[one.first] == setting and one.look
    }
    [measure] = standing.measures
    pairs = {
        pair: _finding(pair, outcomes[frozenset(pair)], entrants, looks) if frozenset(pair) in outcomes else finding
        for pair, finding in measure.pairs.items()
    }
    verdicts = [
        _verdict(one, pairs[one.first, one.second], outcomes[frozenset((one.first, one.second))], looks)
        if frozenset((one.first, one.second)) in outcomes
        else one
        for one in standing.verdicts
    ]
    leader = standing.leader and _leader(standing.leader, verdicts, pairs)
    return replace(standing, measures=[Pairwise(measure.metric, pairs)], leader=leader, verdicts=verdicts)


def _finding(pair: tuple[str, str], outcome: PairOutcome, entrants: Entrants, looks: SequentialComparison) -> Finding:
    """Return the finding on a pair at the look that closed it."""
    first_seeds = looks.contest.seeds[: outcome.seeds]
    sides = {name: entrants.sides[name].on(entrants.sides[name].runs.index.intersection(first_seeds)) for name in pair}
    finding = shown_pairs(replace(entrants, sides=sides), pair, IN_SPEED.metric).pairs[pair]
    faster = outcome.faster is not None and looks.contest.names[outcome.faster]
    if finding.is_exact or finding.effect is None:
        return finding
    ps = (outcome.p, 1.0) if faster == pair[0] else (1.0, outcome.p) if faster else (1.0, 1.0)
    effect = finding.effect
    if not math.isnan(outcome.bound) and finding.n_values == finding.n:
        mean, low, high = map(float, repeated_interval(np.array(finding.differences), outcome.bound))
        effect = Effect(mean, low, high, effect.unit)
    return replace(finding, effect=effect, p_for=ps[0], p_against=ps[1])


def _verdict(one: PairVerdict, finding: Finding, outcome: PairOutcome, looks: SequentialComparison) -> PairVerdict:
    if outcome.faster is None:
        reason = later(outcome.state.value)
        if outcome.state is PairState.EQUIVALENT:
            reason = later("equivalent within a ratio of {margin:g}", margin=looks.plan.margin)
        return replace(one, finding=finding, p=math.nan, verdict=Verdict.INSUFFICIENT, reason=reason)
    direction = Verdict.SUPPORTED if looks.contest.names[outcome.faster] == one.first else Verdict.REFUTED
    return replace(one, finding=finding, p=outcome.p, verdict=direction, reason="")


def _leader(before: Leader, verdicts: Sequence[PairVerdict], findings: FindingOf) -> Leader:
    """Return the optimizer that the verdicts show to be faster than each other one; if there is none, that of `before`."""
    names = {name for one in verdicts for name in (one.first, one.second)}
    beaten = {name: [one for one in verdicts if _winner(one) == name] for name in names}
    shown = [name for name, ones in beaten.items() if len(ones) == len(before.rivals)]
    variant = shown[0] if shown else before.variant
    rivals = {rival: findings[variant, rival] for rival in names if (variant, rival) in findings}
    closest_first = dict(sorted(rivals.items(), key=lambda item: (-item[1].p_for, item[0])))
    if not shown:
        return Leader(variant, closest_first, math.nan, Verdict.INSUFFICIENT, NO_LEADER)
    return Leader(variant, closest_first, max((one.p for one in beaten[variant]), default=0.0), Verdict.SUPPORTED)


def _winner(verdict: PairVerdict) -> str:
    return {Verdict.SUPPORTED: verdict.first, Verdict.REFUTED: verdict.second}.get(verdict.verdict, "")
