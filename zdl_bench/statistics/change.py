"""What a change did: the same conditions trained before and after it, compared seed by seed.

The error is held over the whole comparison: if the change did nothing, a verdict is given on anything in at most 5 % of cases.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from zdl_bench.language import translatable
from zdl_bench.statistics.claim_part import ClaimPart, Kind
from zdl_bench.statistics.evidence import VARIANT, Entrants
from zdl_bench.statistics.finding import Effect, Finding, exponential
from zdl_bench.statistics.inference import ALPHA
from zdl_bench.statistics.judge import judge
from zdl_bench.statistics.max_t import max_t_ps
from zdl_bench.statistics.side import Side, Undecidable
from zdl_bench.statistics.standing import scores_by_seed

BEFORE, AFTER = "before", "after"


class Direction(StrEnum):
    """What is shown about a change."""

    BETTER = translatable("better")
    WORSE = translatable("worse")
    UNDECIDED = translatable("undecided")


@dataclass(frozen=True)
class ConditionChange:
    """How one condition changed by one question, such as the speed of adam at lr 0.001.

    measures: the measures that answer the question, which all have to agree. findings: one per measure, after against before.
    worsening: after over before, as a ratio above 1 if after is worse, by the measure that changed least; None without values.
    p: adjusted over all comparisons, NaN if nothing was tested. lost: how many more runs have no value after the change.
    """

    condition: str
    question: str
    measures: tuple[str, ...]
    findings: tuple[Finding, ...]
    worsening: Effect | None
    p: float
    direction: Direction
    lost: int = 0

    @property
    def n(self) -> int:
        return max((finding.n for finding in self.findings), default=0)

    @property
    def reason(self) -> str:
        return next((finding.reason for finding in self.findings if finding.reason), "")

    def is_beyond(self, margin: float) -> bool:
        """Return whether the condition is shown to be worse, and by a ratio above the margin or by runs without a value."""
        is_far = self.worsening is not None and self.worsening.mean > margin
        return self.direction is Direction.WORSE and (is_far or self.lost > 0)


def judge_changes(conditions: Mapping[str, tuple[Side, Side]], questions: Mapping[str, Sequence[str]]) -> list[ConditionChange]:
    """Return how each condition changed by each question.

    conditions: name → the runs before and after. questions: name → the measures that answer it, whose differences are
    logarithms or log-odds. Measures of which no run has a value are left out. All tests are one family (`max_t_ps`).
    """
    asked = [
        (condition, question, _known(sides, measures))
        for condition, sides in conditions.items()
        for question, measures in questions.items()
    ]
    parts = [[_part(measure) for measure in measures] for _, _, measures in asked]
    found = [
        [judge(part, _evidence(conditions[condition])) for part in ones]
        for (condition, _, _), ones in zip(asked, parts, strict=True)
    ]
    every = [finding for findings in found for finding in findings]
    adjusted = iter(np.where([one.is_exact for one in every], 0.0, max_t_ps(scores_by_seed(every))).tolist() if every else ())
    changes = []
    for (condition, question, measures), ones, findings in zip(asked, parts, found, strict=True):
        ps = [next(adjusted) for _ in findings]
        if findings:
            direction, p = _direction(findings, ps)
            least = _least([worsening_of(part, finding) for part, finding in zip(ones, findings, strict=True)])
            lost = _lost(conditions[condition], ones[0])
            changes.append(ConditionChange(condition, question, measures, tuple(findings), least, p, direction, lost))
    return changes


def worsening_of(part: ClaimPart, finding: Finding) -> Effect | None:
    """Return the effect of a finding as a ratio that is above 1 if the first side is worse, or None if it has no effect."""
    effect = finding.effect
    if effect is None:
        return None
    ratio = effect if effect.unit == "ratio" else exponential(replace(effect, unit="ratio"))
    return ratio if part.orientation > 0 else ratio.inverse()


def _part(measure: str) -> ClaimPart:
    return ClaimPart(Kind.SUPERIORITY, measure, {VARIANT: AFTER}, {VARIANT: BEFORE})


def _evidence(sides: tuple[Side, Side]) -> Entrants:
    return Entrants({BEFORE: sides[0], AFTER: sides[1]}, {}, are_tuned=True)


def _known(sides: tuple[Side, Side], measures: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in measures if any(name in side.runs and side.runs[name].notna().any() for side in sides))


def _direction(findings: Sequence[Finding], ps: Sequence[float]) -> tuple[Direction, float]:
    """Return what is shown by all measures together, and its p-value: the largest of theirs."""
    if any(finding.reason for finding in findings):
        return Direction.UNDECIDED, math.nan
    worse = [finding.p_against < finding.p_for for finding in findings]
    better = [finding.p_for < finding.p_against for finding in findings]
    p = max(ps) if all(worse) or all(better) else 1.0
    if p > ALPHA:
        return Direction.UNDECIDED, p
    return (Direction.WORSE if worse[0] else Direction.BETTER), p


def _least(effects: Sequence[Effect | None]) -> Effect | None:
    """Return the effect nearest to a ratio of 1, or None if no measure has a value."""
    known = [effect for effect in effects if effect is not None]
    return min(known, key=lambda effect: abs(math.log(effect.mean)) if effect.mean > 0 else math.inf, default=None)


def _lost(sides: tuple[Side, Side], part: ClaimPart) -> int:
    """Return how many more runs have no value after the change than before it, among the seeds of both."""
    seeds = sides[0].runs.index.intersection(sides[1].runs.index)
    try:
        before, after = (int(np.isnan(side.on(seeds).values(part)).sum()) for side in sides)
    except Undecidable:
        return 0
    return max(0, after - before)
