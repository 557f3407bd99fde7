"""A part of a claim and the runs → what they show: an effect with its interval, and how they speak for or against it."""

import math
from dataclasses import replace

import numpy as np

from zdl_bench.run.conditions import percent
from zdl_bench.run.run import Floats
from zdl_bench.statistics.claims import Kind, Part
from zdl_bench.statistics.equivalence import beyond_margin_p, tost_p
from zdl_bench.statistics.findings import Effect, Finding, effect_of, three_digits
from zdl_bench.statistics.hypotheses import equivalence_margin, hypothesis, wins_of
from zdl_bench.statistics.intervals import student_interval
from zdl_bench.statistics.measures import Measure, measure_of
from zdl_bench.statistics.pairing import Evidence, Pairs, Undecidable, orientation
from zdl_bench.statistics.permutation import sign_flip_p
from zdl_bench.statistics.proportions import WinRate, mcnemar_p, paired_proportion_interval, sign_test_p, win_rate
from zdl_bench.statistics.runtime import ert_ratio_interval

ROUNDING = 1e-12
NO_VALUE = "no run has a value"


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
        if part.kind is Kind.EQUIVALENCE:
            return _of_equivalence(part, measure, pairs)
        return _of_differences(part, measure, pairs)
    except Undecidable as reason:
        return Finding(part.view, reason=str(reason))


def describe(part: Part, evidence: Evidence) -> Finding:
    """The finding of a superiority without its test, for what is shown and not decided: p is 1 but where runs are exact."""
    try:
        measure = measure_of(part.metric)
        pairs = evidence.pairs(part, {})
        if pairs.is_exact:
            return _exact(part, measure, pairs)
        return _finding(part, measure, pairs, (1.0, 1.0), wins_of(part, measure, pairs))
    except Undecidable as reason:
        return Finding(part.view, reason=str(reason))


def _exact(part: Part, measure: Measure, pairs: Pairs) -> Finding:
    """All seeds are one run: what it shows is so, without a p-value. A part that does not hold is refuted, a tie included."""
    difference = pairs.differences[:1]
    has_value = bool(np.isfinite(difference).all())
    if part.second is not None and not has_value and pairs.first_ranks[0] == pairs.second_ranks[0]:
        raise Undecidable(NO_VALUE)
    if part.kind is Kind.EQUIVALENCE:
        holds = has_value and bool(abs(difference[0]) <= equivalence_margin(part, measure))
    elif has_value:
        is_bound = part.at_most is not None or part.at_least is not None
        tested = float(hypothesis(part, measure, pairs.images)(difference)[0])
        holds = tested <= ROUNDING if is_bound else tested < -ROUNDING
    else:
        holds = wins_of(part, measure, pairs).wins > 0
    return Finding(
        view=part.view,
        n=1,
        n_values=int(has_value),
        effect=effect_of(difference, part, measure, pairs.images) if has_value else None,
        p_for=0.0 if holds else 1.0,
        p_against=1.0 if holds else 0.0,
        is_exact=True,
        run_ids=tuple(dict.fromkeys(pairs.run_ids[:: len(pairs.seeds)])),
        notes=pairs.notes,
    )


def _of_differences(part: Part, measure: Measure, pairs: Pairs) -> Finding:
    """Paired differences: the test of their mean, or of the wins where some pair lacks a value."""
    wins = wins_of(part, measure, pairs)
    if not pairs.lacks_values:
        tested = hypothesis(part, measure, pairs.images)(pairs.differences)
        return _finding(part, measure, pairs, _by_direction(sign_flip_p(tested), bool(tested.sum() < 0)), wins)
    ps = _by_direction(sign_test_p(wins.wins, wins.losses), wins.wins > wins.losses)
    found = _finding(part, measure, pairs, ps, wins)
    return replace(found, n_deciding=found.n, notes=(*found.notes, "decided by wins, since some runs have no value"))


def _of_equivalence(part: Part, measure: Measure, pairs: Pairs) -> Finding:
    """Two one-sided tests within the margin; where some pair lacks a value, the wins can only speak against it."""
    wins = win_rate(pairs.first_ranks, pairs.second_ranks)
    if not pairs.lacks_values:
        margin = equivalence_margin(part, measure)
        ps = tost_p(pairs.differences, margin), beyond_margin_p(pairs.differences, margin)
        return _finding(part, measure, pairs, ps, wins)
    found = _finding(part, measure, pairs, (1.0, sign_test_p(wins.wins, wins.losses)), wins)
    return replace(found, n_deciding=found.n, notes=(*found.notes, "some runs have no value: no equivalence"))


def _finding(part: Part, measure: Measure, pairs: Pairs, ps: tuple[float, float], wins: WinRate) -> Finding:
    with_values = pairs.differences_with_values
    return Finding(
        view=part.view,
        n=len(pairs.seeds),
        n_values=len(with_values),
        n_deciding=len(with_values),
        effect=effect_of(with_values, part, measure, pairs.images),
        p_for=_defined(ps[0]),
        p_against=_defined(ps[1]),
        wins=wins,
        correlation=pairs.correlation if part.second is not None else math.nan,
        run_ids=pairs.run_ids,
        notes=(*pairs.notes, *_ert_notes(part, measure, pairs)),
    )


def _ert_notes(part: Part, measure: Measure, pairs: Pairs) -> list[str]:
    """The ratio of expected running times, in which runs that did not get there count with all their steps."""
    if not measure.is_time or part.second is None:
        return []
    ratio, low, high = ert_ratio_interval(np.exp(pairs.first), np.exp(pairs.second), pairs.planned_steps)
    return [f"ratio of expected running times {three_digits(ratio)} [{three_digits(low)}, {three_digits(high)}], bootstrap"]


def _of_proportions(part: Part, pairs: Pairs) -> Finding:
    """Yes or no for each seed of both sides."""
    first, second = pairs.first > 0, pairs.second > 0
    counts = [int(np.sum(cell)) for cell in (first & second, first & ~second, ~first & second, ~first & ~second)]
    p_for, p_against = _by_direction(mcnemar_p(counts[1], counts[2]), counts[1] > counts[2])
    return Finding(
        view=part.view,
        n=len(first),
        n_values=len(first),
        n_deciding=len(first),
        effect=Effect(*paired_proportion_interval(*counts), "difference"),
        p_for=p_for,
        p_against=p_against,
        wins=win_rate(1 - pairs.first, 1 - pairs.second),
        correlation=pairs.correlation,
        run_ids=pairs.run_ids,
        notes=(*pairs.notes, f"{percent(first.mean(), 1)} of the first, {percent(second.mean(), 1)} of the second"),
    )


def _of_interaction(part: Part, measure: Measure, levels: list[Pairs]) -> Finding:
    """The slope over the levels of each seed's difference, by least squares. Where a value is missing nothing is concluded."""
    is_exact = all(level.is_exact for level in levels)
    by_level = np.array([level.differences[:1] for level in levels]) if is_exact else _by_shared_seed(levels)
    with_values = by_level[:, np.isfinite(by_level).all(axis=0)]
    at = np.array(part.at) - np.mean(part.at)
    slopes = at @ with_values / float(at @ at)
    tested = orientation(part, measure) * slopes
    lost = by_level.shape[1] - len(slopes)
    if is_exact and not lost:
        p_for, p_against = (0.0, 1.0) if tested[0] < -ROUNDING else (1.0, 0.0)
    elif lost:
        p_for, p_against = 1.0, 1.0
    else:
        p_for, p_against = _by_direction(sign_flip_p(tested), bool(tested.sum() < 0))
    mean, low, high = (float(value) for value in student_interval(slopes)) if len(slopes) else (math.nan,) * 3
    lack = "seed lacks" if lost == 1 else "seeds lack"
    shown = [f"{_level_effect(level, part, measure)} at {x:g}" for level, x in zip(levels, part.at, strict=True)]
    return Finding(
        view=part.view,
        n=by_level.shape[1],
        n_values=len(slopes),
        n_deciding=len(slopes),
        effect=Effect(mean, low, high, "slope") if len(slopes) else None,
        p_for=p_for,
        p_against=p_against,
        is_exact=is_exact and not lost,
        run_ids=tuple(run_id for level in levels for run_id in level.run_ids),
        notes=(
            *([f"{lost} {lack} a value at some level: nothing can be concluded"] if lost else []),
            f"first against second: {', '.join(shown)}",
            *(f"at {x:g}: {note}" for level, x in zip(levels, part.at, strict=True) for note in level.notes),
        ),
    )


def _by_shared_seed(levels: list[Pairs]) -> Floats:
    """The differences of the seeds that all levels have, (levels, seeds). Raises Undecidable where there are none."""
    seeds = [seed for seed in levels[0].seeds if all(seed in level.seeds for level in levels)]
    if not seeds:
        raise Undecidable("the levels share no seed")
    return np.array([level.differences[np.isin(level.seeds, seeds)] for level in levels])


def _level_effect(level: Pairs, part: Part, measure: Measure) -> str:
    effect = effect_of(level.differences_with_values, part, measure, level.images)
    return f"{effect.unit} {three_digits(effect.mean)}" if effect else "no value"


def _by_direction(p: float, supports: bool) -> tuple[float, float]:
    """A two-sided p speaks for the side on which the effect lies."""
    return (p, 1.0) if supports else (1.0, p)


def _defined(p: float) -> float:
    """A p that is not defined shows nothing."""
    return 1.0 if math.isnan(p) else p
