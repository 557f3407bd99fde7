"""A part of a claim and the runs → what they show: an effect with its interval, and how they speak for or against it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from zdl_bench.run import Floats
from zdl_bench.statistics.claims import Kind, Part, Statistic, View
from zdl_bench.statistics.equivalence import beyond_margin_p, tost_p
from zdl_bench.statistics.families import MIN_SEEDS
from zdl_bench.statistics.intervals import student_interval
from zdl_bench.statistics.measures import Measure, measure_of
from zdl_bench.statistics.pairing import Evidence, Pairs, Undecidable
from zdl_bench.statistics.permutation import sign_flip_p
from zdl_bench.statistics.proportions import (
    WinRate,
    mcnemar_p,
    paired_proportion_interval,
    sign_test_p,
    win_rate,
)

DEFAULT_EQUIVALENCE = 1.1
"""Ratio within which two are called equivalent where a claim states none."""
ROUNDING = 1e-12


@dataclass(frozen=True)
class Effect:
    """A mean with its 95 % interval, as a reader takes it.

    unit: `ratio` of first to second, `difference`, `value` where there is no second, `slope` per unit of the levels.
    """

    mean: float
    low: float
    high: float
    unit: str


@dataclass(frozen=True)
class Finding:
    """What the runs show of one part in one view.

    n: pairs; n_values: those that have values, over which the effect is taken. p_for, p_against: of the claim and of its
    opposite, NaN where nothing was tested. reason: why nothing can be said; else empty.
    """

    view: View
    n: int = 0
    n_values: int = 0
    effect: Effect | None = None
    p_for: float = math.nan
    p_against: float = math.nan
    wins: WinRate | None = None
    correlation: float = math.nan
    is_exact: bool = False
    run_ids: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    reason: str = ""

    @property
    def p(self) -> float:
        return min(self.p_for, self.p_against)


def judge(part: Part, evidence: Evidence) -> Finding:
    """The finding of a part in its own view; a reason instead of numbers where the runs do not give them."""
    try:
        measure = measure_of(part.metric)
        if part.kind is Kind.INTERACTION:
            return _of_interaction(part, measure, [evidence.pairs(part, level) for level in part.levels])
        pairs = evidence.pairs(part, {})
        if part.kind is Kind.EXACT and not pairs.is_exact:
            raise Undecidable("the runs are not deterministic: seeds gave different bits")
        if pairs.is_exact:
            return _exact(part, measure, pairs)
        if measure.is_binary:
            return _of_proportions(part, pairs)
        return _of_differences(part, measure, pairs)
    except Undecidable as reason:
        return Finding(part.view, reason=str(reason))


def _hypothesis(part: Part, measure: Measure) -> Callable[[Floats], Floats]:
    """Differences on the metric's scale → numbers whose mean is below 0 where the part holds."""
    bound = part.at_most if part.at_most is not None else part.at_least
    if bound is not None:
        sign = 1 if part.at_most is not None else -1
        limit = _on_scale(bound, measure, part.second is None)
        return lambda differences: sign * (differences - limit)
    sign = 1 if measure.lower_is_better or part.statistic is Statistic.SPREAD else -1
    margin = 0.0 if part.margin is None else _on_scale(part.margin, measure, False)
    return lambda differences: sign * differences + margin


def _wins_beyond_bound(part: Part, measure: Measure, pairs: Pairs) -> WinRate:
    """In how many pairs the first holds what the part says of it; what has no value stands at the end, whatever the bound."""
    sign = 1 if measure.lower_is_better or part.statistic is Statistic.SPREAD else -1
    if part.at_least is not None:
        return win_rate(pairs.second_ranks + sign * _on_scale(part.at_least, measure, False), pairs.first_ranks)
    if part.at_most is not None:
        return win_rate(pairs.first_ranks - sign * _on_scale(part.at_most, measure, False), pairs.second_ranks)
    margin = 0.0 if part.margin is None else _on_scale(part.margin, measure, False)
    return win_rate(pairs.first_ranks + margin, pairs.second_ranks)


def _on_scale(bound: float, measure: Measure, is_value: bool) -> float:
    """A bound of a value, or of a ratio where the scale is ln; a difference is one already."""
    if is_value or measure.scale == "ln":
        return float(measure.on_scale(np.array([bound]))[0])
    return bound


def _equivalence_margin(part: Part, measure: Measure) -> float:
    if part.margin is None and measure.scale != "ln":
        raise Undecidable(f"{part.metric} is compared by differences: state the margin as one")
    return _on_scale(DEFAULT_EQUIVALENCE if part.margin is None else part.margin, measure, False)


def _effect(differences: Floats, part: Part, measure: Measure) -> Effect | None:
    if not len(differences):
        return None
    mean, low, high = (float(value) for value in student_interval(differences))
    if measure.scale == "ln" and part.statistic is Statistic.MEAN:
        unit = "value" if part.second is None else "ratio"
        return Effect(math.exp(mean), math.exp(low), math.exp(high), unit)
    return Effect(mean, low, high, "value" if part.second is None else "difference")


def _exact(part: Part, measure: Measure, pairs: Pairs) -> Finding:
    """All seeds are one run: what it shows is so, without a p-value."""
    difference = pairs.differences[:1]
    if np.isfinite(difference).all():
        tested = float(_hypothesis(part, measure)(difference)[0])
        is_bound = part.at_most is not None or part.at_least is not None
        holds = tested <= ROUNDING if is_bound else tested < -ROUNDING
    else:
        holds = part.second is not None and bool(pairs.first_ranks[0] < pairs.second_ranks[0])
    effect = _effect(difference, part, measure) if np.isfinite(difference).all() else None
    return Finding(
        view=part.view,
        n=1,
        n_values=int(np.isfinite(difference).sum()),
        effect=effect,
        p_for=0.0 if holds else 1.0,
        p_against=1.0 if holds else 0.0,
        is_exact=True,
        run_ids=tuple(dict.fromkeys(pairs.run_ids[:: max(1, len(pairs.seeds))])),
        notes=pairs.notes,
    )


def _of_differences(part: Part, measure: Measure, pairs: Pairs) -> Finding:
    """Paired differences: the test of their mean, or of the wins where some pair lacks a value."""
    differences = pairs.differences
    with_values = differences[np.isfinite(differences)]
    wins = win_rate(pairs.first_ranks, pairs.second_ranks) if part.second is not None else None
    notes = pairs.notes
    if part.kind is Kind.EQUIVALENCE:
        margin = _equivalence_margin(part, measure)
        p_for, p_against = tost_p(with_values, margin), beyond_margin_p(with_values, margin)
        if len(with_values) < len(differences):
            p_for, notes = 1.0, (*notes, "some runs have no value: no equivalence")
    elif len(with_values) == len(differences) or wins is None:
        tested = _hypothesis(part, measure)(with_values)
        p_for, p_against = _by_direction(sign_flip_p(tested), bool(tested.sum() < 0))
    else:
        decided = _wins_beyond_bound(part, measure, pairs)
        p_for, p_against = _by_direction(sign_test_p(decided.wins, decided.losses), decided.wins > decided.losses)
        notes = (*notes, "decided by wins, since some runs have no value")
    return Finding(
        view=part.view,
        n=len(differences),
        n_values=len(with_values),
        effect=_effect(with_values, part, measure),
        p_for=p_for,
        p_against=p_against,
        wins=wins,
        correlation=pairs.correlation if part.second is not None else math.nan,
        run_ids=pairs.run_ids,
        notes=notes,
    )


def _of_proportions(part: Part, pairs: Pairs) -> Finding:
    """Yes or no for each seed of both sides."""
    if part.second is None:
        raise Undecidable("yes or no is compared between two sides")
    first, second = pairs.first > 0, pairs.second > 0
    counts = [int(np.sum(cell)) for cell in (first & second, first & ~second, ~first & second, ~first & ~second)]
    p_for, p_against = _by_direction(mcnemar_p(counts[1], counts[2]), counts[1] > counts[2])
    return Finding(
        view=part.view,
        n=len(first),
        n_values=len(first),
        effect=Effect(*paired_proportion_interval(*counts), "difference"),
        p_for=p_for,
        p_against=p_against,
        wins=win_rate(1 - pairs.first, 1 - pairs.second),
        correlation=pairs.correlation,
        run_ids=pairs.run_ids,
        notes=(*pairs.notes, f"{first.mean():.1%} of the first, {second.mean():.1%} of the second"),
    )


def _of_interaction(part: Part, measure: Measure, levels: list[Pairs]) -> Finding:
    """The slope over the levels of each seed's difference, by least squares."""
    seeds = [seed for seed in levels[0].seeds if all(seed in level.seeds for level in levels)]
    by_level = np.array([level.differences[np.isin(level.seeds, seeds)] for level in levels])
    with_values = by_level[:, np.isfinite(by_level).all(axis=0)]
    at = np.array(part.at) - np.mean(part.at)
    slopes = at @ with_values / float(at @ at)
    tested = slopes if measure.lower_is_better else -slopes
    is_exact = all(level.is_exact for level in levels)
    p = sign_flip_p(tested) if len(tested) else math.nan
    p_for, p_against = _by_direction(0.0 if is_exact else p, bool(tested.sum() < 0))
    short = len(tested) < MIN_SEEDS < len(seeds)
    ratios = [f"{_level_effect(level, part, measure)} at {x:g}" for level, x in zip(levels, part.at, strict=True)]
    mean, low, high = (float(value) for value in student_interval(slopes)) if len(slopes) else (math.nan,) * 3
    return Finding(
        view=part.view,
        n=1 if is_exact else len(seeds),
        n_values=min(len(tested), 1) if is_exact else len(tested),
        effect=Effect(mean, low, high, "slope") if len(slopes) else None,
        p_for=p_for,
        p_against=p_against,
        is_exact=is_exact,
        run_ids=tuple(run_id for level in levels for run_id in level.run_ids),
        notes=(
            f"first against second: {', '.join(ratios)}",
            *(f"at {x:g}: {note}" for level, x in zip(levels, part.at, strict=True) for note in level.notes),
            *(["too many runs have no value"] if short else []),
        ),
    )


def _level_effect(level: Pairs, part: Part, measure: Measure) -> str:
    differences = level.differences[np.isfinite(level.differences)]
    effect = _effect(differences, part, measure)
    return f"{effect.unit} {effect.mean:.3g}" if effect else "no value"


def _by_direction(p: float, supports: bool) -> tuple[float, float]:
    """A two-sided p speaks for the side on which the effect lies."""
    return (p, 1.0) if supports else (1.0, p)
