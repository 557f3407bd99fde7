"""Judge all pairs of many sides by one metric at once, in arrays, with the numbers that `judge` finds pair by pair."""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from zdl_bench.run.run import Floats
from zdl_bench.statistics.claim_part import ClaimPart
from zdl_bench.statistics.finding import Effect, Finding
from zdl_bench.statistics.inference import by_direction, sign_flip_p, student_interval
from zdl_bench.statistics.judge import running_time_note, why_wins, wins_note
from zdl_bench.statistics.pairing import choice_notes, correlations
from zdl_bench.statistics.proportions import WinRate, sign_test_p
from zdl_bench.statistics.runtime import ErtDraws
from zdl_bench.statistics.side import Side


def can_be_judged_at_once(sides: Sequence[Side], part: ClaimPart) -> bool:
    """Return whether arrays can hold the sides: all have the same seeds and runs of their own, and no side is one run."""
    ids = [run_id for side in sides for run_id in side.run_ids]
    has_same_seeds = all(side.runs.index.equals(sides[0].runs.index) for side in sides[1:])
    is_random = not any(side.is_one_run for side in sides)
    has_values = all(part.measure.column in side.runs for side in sides)
    is_apart = len(set(ids)) == len(ids)
    return len(sides) > 1 and has_same_seeds and is_random and has_values and is_apart and not part.measure.is_binary


def judge_all_pairs(sides: Mapping[str, Side], part: ClaimPart) -> dict[tuple[str, str], Finding]:
    """Return the finding on the first of each two sides against the second, in the order of the sides.

    part: a superiority without a margin, which is what all findings are about; its own two sides do not matter.
    """
    every, names = list(sides.values()), list(sides)
    values, ranks = (np.array(rows) for rows in list(zip(*(side.numbers(part) for side in every), strict=True))[:2])
    first, second = (np.array(places) for places in zip(*combinations(range(len(every)), 2), strict=True))
    with np.errstate(invalid="ignore"):
        differences = values[first] - values[second]
    excess = part.orientation * differences + 0.0
    outcomes = _outcomes(excess, ranks[first], ranks[second])
    numbers = _numbers(part, differences, values[first], values[second])
    notes = _running_times(values, first, second, every[0].planned_steps) if part.measure.is_time else [()] * len(first)
    all_wins, all_losses = (outcomes < 0).sum(axis=1), (outcomes > 0).sum(axis=1)
    has_no_value = np.isnan(values).any(axis=1)
    seeds = every[0].runs.index.tolist()
    found = {}
    for row, (a, b) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
        n_values, effect, correlation = numbers[row]
        is_complete = n_values == len(seeds)
        wins, losses = int(all_wins[row]), int(all_losses[row])
        ties = len(seeds) - wins - losses
        if is_complete:
            ps, scores = by_direction(sign_flip_p(excess[row]), bool(excess[row].sum() < 0)), excess[row]
        else:
            ps, scores = by_direction(sign_test_p(wins, losses), wins > losses), outcomes[row]
        by_wins = "" if is_complete else why_wins(bool(has_no_value[a] or has_no_value[b]))
        found[names[a], names[b]] = Finding(
            view=part.view,
            n=len(seeds),
            n_values=n_values,
            n_deciding=len(seeds),
            effect=effect,
            p_for=ps[0],
            p_against=ps[1],
            wins=WinRate((wins + ties / 2) / len(seeds), wins, ties, losses),
            correlation=correlation,
            differences=tuple(differences[row].tolist()),
            scores=dict(zip(seeds, scores.tolist(), strict=True)),
            run_ids=every[a].run_ids + every[b].run_ids,
            notes=(*choice_notes([every[a], every[b]]), *notes[row], *([wins_note(by_wins)] if by_wins else [])),
            by_wins=by_wins,
        )
    return found


def _running_times(values: Floats, first: Floats, second: Floats, planned_steps: int) -> list[tuple[str, ...]]:
    """Return for each pair the note on the ratio of its expected running times. values: ln of the steps, (sides, seeds)."""
    sides = [ErtDraws.of(np.exp(row), planned_steps) for row in values]
    return [(running_time_note(sides[a].ratio_interval(sides[b])),) for a, b in zip(first, second, strict=True)]


def _outcomes(excess: Floats, first_ranks: Floats, second_ranks: Floats) -> Floats:
    """Return for each pair and seed −1 if the first side is better, 1 if the second is, 0 in a tie, (pairs, seeds)."""
    has_value = ~np.isnan(excess)
    first, second = np.where(has_value, excess, first_ranks), np.where(has_value, 0.0, second_ranks)
    return np.subtract(first > second, first < second, dtype=float)


def _numbers(part: ClaimPart, differences: Floats, first: Floats, second: Floats) -> list[tuple[int, Effect | None, float]]:
    """Return for each pair the number of seeds with a difference, the mean difference as an effect, and the correlation.

    The arguments are (pairs, seeds). Pairs with equally many values are computed together.
    """
    has_value = np.isfinite(differences)
    counts = has_value.sum(axis=1)
    found: list[tuple[int, Effect | None, float]] = [(0, None, math.nan)] * len(counts)
    is_ratio = part.measure.scale == "ln"
    for n in np.unique(counts[counts > 0]).tolist():
        rows = np.flatnonzero(counts == n)
        ours, theirs, between = (each[rows][has_value[rows]].reshape(len(rows), n) for each in (first, second, differences))
        interval = np.column_stack(student_interval(between.T))
        with np.errstate(over="ignore"):
            ends = (np.exp(interval) if is_ratio else interval).tolist()
        unit = "ratio" if is_ratio else "difference"
        for row, (mean, low, high), correlation in zip(rows.tolist(), ends, correlations(ours, theirs), strict=True):
            found[row] = n, Effect(mean, low, high, unit), correlation
    return found
