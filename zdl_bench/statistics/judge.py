"""Judge a part of a claim by its runs: the effect with its interval, and how the runs speak for or against the part."""

import math
from dataclasses import replace

import numpy as np

from zdl_bench.language import later
from zdl_bench.run.conditions import percent
from zdl_bench.run.run import Floats
from zdl_bench.statistics.claim_part import ClaimPart, Kind
from zdl_bench.statistics.finding import Effect, Finding, effect_of, three_digits
from zdl_bench.statistics.inference import EXACT_TOLERANCE, beyond_margin_p, by_direction, sign_flip_ps, tost_p
from zdl_bench.statistics.interaction import judge_interaction
from zdl_bench.statistics.margins import equivalence_margin, excess_of, outcomes_of, wins_of
from zdl_bench.statistics.pairing import Evidence, Pairs
from zdl_bench.statistics.proportions import WinRate, paired_proportion_interval, sign_test_p, win_rate
from zdl_bench.statistics.runtime import ert_ratio_interval
from zdl_bench.statistics.side import NO_VALUE_RANK, Undecidable

NO_VALUES_REASON = later("no run has a value")
SOME_WITHOUT_VALUE = later("some runs have no value")
ZERO_WITHOUT_RATIO = later("a value of 0 has no ratio")
NO_EQUIVALENCE = later("{reason}: no equivalence", reason=SOME_WITHOUT_VALUE)
NOT_DETERMINISTIC = later("the runs are not deterministic: seeds gave different bits; use kind superiority or threshold")


def judge(part: ClaimPart, evidence: Evidence) -> Finding:
    """Return the finding on a part in its own view. If the runs allow no decision, the finding has a reason and no p-value."""
    try:
        if part.kind is Kind.INTERACTION:
            return judge_interaction(part, [evidence.pairs(part, level) for level in part.levels])
        pairs = evidence.pairs(part, {})
        if part.kind is Kind.EXACT and not pairs.is_exact:
            raise Undecidable(NOT_DETERMINISTIC)
        if pairs.is_exact:
            return _judge_exact(part, pairs)
        if pairs.objection:
            return replace(_described(part, pairs), reason=pairs.objection)
        if part.measure.is_binary:
            return _judge_proportions(part, pairs)
        return _judge_equivalence(part, pairs) if part.kind is Kind.EQUIVALENCE else _judge_differences(part, pairs)
    except Undecidable as error:
        return Finding(part.view, reason=error.reason)


def describe(part: ClaimPart, evidence: Evidence) -> Finding:
    """Return the finding on a superiority that is shown but not tested: its p-values are 1 unless the runs are exact."""
    try:
        pairs = evidence.pairs(part, {})
        return _judge_exact(part, pairs) if pairs.is_exact else _described(part, pairs)
    except Undecidable as error:
        return Finding(part.view, reason=error.reason)


def _described(part: ClaimPart, pairs: Pairs) -> Finding:
    return _finding(part, pairs, (1.0, 1.0), wins_of(part, pairs))


def _judge_exact(part: ClaimPart, pairs: Pairs) -> Finding:
    """Judge deterministic runs, whose seeds all count as one run, without a p-value.

    A tie, at the margin if there is one, shows neither a superiority nor its opposite.
    """
    difference = pairs.differences[:1]
    has_value = bool(np.isfinite(difference).all())
    if part.second is not None and not has_value and pairs.first_ranks[0] == pairs.second_ranks[0] >= NO_VALUE_RANK:
        raise Undecidable(NO_VALUES_REASON)
    is_tie = False
    if part.kind is Kind.EQUIVALENCE:
        is_near = has_value and bool(abs(difference[0]) <= equivalence_margin(part))
        holds = is_near or pairs.has_ties_at_infinity
    elif has_value:
        excess = float(excess_of(part, pairs)[0])
        holds = excess <= (EXACT_TOLERANCE if part.has_bound else -EXACT_TOLERANCE)
        is_tie = not holds and not part.has_bound and excess <= EXACT_TOLERANCE
    else:
        wins = wins_of(part, pairs)
        holds, is_tie = wins.wins > 0, wins.ties > 0
    return Finding(
        view=part.view,
        n=1,
        n_values=int(has_value),
        effect=effect_of(difference, part, pairs.images) if has_value else None,
        p_for=0.0 if holds else 1.0,
        p_against=1.0 if holds or is_tie else 0.0,
        is_exact=True,
        run_ids=tuple(dict.fromkeys(pairs.run_ids[:: len(pairs.seeds)])),
        notes=pairs.notes,
    )


def _judge_differences(part: ClaimPart, pairs: Pairs) -> Finding:
    """Test the mean of the paired differences, or the wins if a pair lacks a value."""
    wins = wins_of(part, pairs)
    if not pairs.lacks_values:
        excess = excess_of(part, pairs)
        return replace(_finding(part, pairs, sign_flip_ps(excess), wins), scores=_by_seed(pairs, excess))
    ps = by_direction(sign_test_p(wins.wins, wins.losses), wins.wins > wins.losses)
    found = _finding(part, pairs, ps, wins)
    because = why_wins(pairs.lacks_runs)
    notes, scores = (*found.notes, wins_note(because)), _by_seed(pairs, outcomes_of(part, pairs))
    return replace(found, n_deciding=found.n, notes=notes, scores=scores, by_wins=because)


def why_wins(lacks_runs: bool) -> str:
    """Return why wins decide a comparison and not differences. lacks_runs: whether some run has no value."""
    return SOME_WITHOUT_VALUE if lacks_runs else ZERO_WITHOUT_RATIO


def wins_note(because: str) -> str:
    return later("decided by wins, since {reason}", reason=because)


def running_time_note(interval: tuple[float, float, float]) -> str:
    """Return the note on a ratio of expected running times with the ends of its interval."""
    ratio, low, high = map(three_digits, interval)
    return later("ratio of expected running times {ratio} [{low}, {high}], bootstrap", ratio=ratio, low=low, high=high)


def _judge_equivalence(part: ClaimPart, pairs: Pairs) -> Finding:
    """Test equivalence within the margin; if a pair lacks a value, the wins can only speak against equivalence."""
    wins = win_rate(pairs.first_ranks, pairs.second_ranks)
    if not pairs.lacks_values:
        margin = equivalence_margin(part)
        return _finding(part, pairs, (tost_p(pairs.differences, margin), beyond_margin_p(pairs.differences, margin)), wins)
    found = _finding(part, pairs, (1.0, sign_test_p(wins.wins, wins.losses)), wins)
    return replace(found, n_deciding=found.n, notes=(*found.notes, NO_EQUIVALENCE))


def _judge_proportions(part: ClaimPart, pairs: Pairs) -> Finding:
    """Test a yes-or-no metric on the seeds for which exactly one side has the value yes."""
    first, second = pairs.first > 0, pairs.second > 0
    counts = [int(np.sum(cell)) for cell in (first & second, first & ~second, ~first & second, ~first & ~second)]
    ps = by_direction(sign_test_p(counts[1], counts[2]), counts[1] > counts[2])
    found = _finding(part, pairs, ps, win_rate(1 - pairs.first, 1 - pairs.second))
    shares = [percent(side.mean(), 1) for side in (first, second)]
    return replace(
        found,
        n_values=found.n,
        n_deciding=found.n,
        effect=Effect(*paired_proportion_interval(*counts), "difference"),
        notes=(*found.notes, later("{first} of the first, {second} of the second", first=shares[0], second=shares[1])),
    )


def _by_seed(pairs: Pairs, scores: Floats) -> dict[int, float]:
    return dict(zip(pairs.seeds.tolist(), scores.tolist(), strict=True))


def _finding(part: ClaimPart, pairs: Pairs, ps: tuple[float, float], wins: WinRate) -> Finding:
    """Return a finding with the p-values for and against the part. An undefined p-value counts as 1."""
    p_for, p_against = (1.0 if math.isnan(p) else p for p in ps)
    with_values, notes = pairs.differences_with_values, pairs.notes
    if part.measure.is_time and part.second is not None:  # runs that miss the target count with all planned steps
        notes += (running_time_note(ert_ratio_interval(np.exp(pairs.first), np.exp(pairs.second), pairs.planned_steps)),)
    return Finding(
        view=part.view,
        n=len(pairs.seeds),
        n_values=len(with_values),
        n_deciding=len(with_values),
        effect=effect_of(with_values, part, pairs.images),
        p_for=p_for,
        p_against=p_against,
        wins=wins,
        correlation=pairs.correlation if part.second is not None else math.nan,
        differences=tuple(pairs.differences.tolist()),
        run_ids=pairs.run_ids,
        notes=notes,
    )
