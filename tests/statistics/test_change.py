"""Verdicts on what a change did: their direction, what counts as beyond the margin, and how often they err."""

import numpy as np
import pytest
from benchmarks.change_error import compared, error, side

from zdl_bench.report.sweep_change import QUESTIONS
from zdl_bench.statistics.change import Direction, judge_changes

SPEED = {"speed": ("log_aulc",)}


def changed(before: np.ndarray, after: np.ndarray, measure: str = "log_aulc"):
    """The change of one measure from values per seed."""
    rng = np.random.default_rng(0)
    sides = [side(rng, "normal", len(values), which) for values, which in ((before, "before"), (after, "after"))]
    for one, values in zip(sides, (before, after), strict=True):
        one.runs[measure] = values
    [change] = judge_changes({"adam": (sides[0], sides[1])}, {"question": (measure,)})
    return change


def test_a_ratio_above_one_is_worse_whatever_the_measure():
    values = np.linspace(-2.0, -1.9, 8)
    logs = changed(values, values + np.log(1.1))
    losses = changed(np.exp(values), np.exp(values) * 1.1, "tail_loss")
    odds = np.exp(values) * 100  # of a right answer
    accuracies = changed(odds / (1 + odds), odds / 1.1 / (1 + odds / 1.1), "test_accuracy")
    for change in (logs, losses, accuracies):
        assert change.direction is Direction.WORSE
        assert change.p == 2**-7
        assert change.worsening.mean == pytest.approx(1.1, rel=1e-3)
        assert change.is_beyond(1.05)
        assert not change.is_beyond(1.2)
    assert changed(values + np.log(1.1), values).direction is Direction.BETTER
    assert changed(values[:5], values[:5] + 1).direction is Direction.UNDECIDED


def test_equal_values_are_no_change():
    values = np.linspace(-2.0, -1.9, 8)
    change = changed(values, values)
    assert (change.direction, change.p, change.worsening.mean) == (Direction.UNDECIDED, 1.0, 1.0)


def test_measures_that_disagree_decide_nothing():
    def steadiness(first: float, second: float):
        rng = np.random.default_rng(0)
        before, after = side(rng, "normal", 8, "before"), side(rng, "normal", 8, "after")
        for measure, ratio in (("jitter_1", first), ("jitter_20", second)):
            after.runs[measure] = before.runs[measure] * ratio
        [change] = judge_changes({"adam": (before, after)}, {"steadiness": ("jitter_1", "jitter_20")})
        return change

    assert steadiness(2.0, 0.5).direction is Direction.UNDECIDED
    assert steadiness(2.0, 1.5).direction is Direction.WORSE
    assert steadiness(2.0, 1.5).worsening.mean == pytest.approx(1.5), "the measure that changed least"


def test_lost_runs_are_beyond_any_margin():
    rng = np.random.default_rng(0)
    before, after = side(rng, "normal", 8, "before"), side(rng, "normal", 8, "after", ratio=1.01)
    after.runs["log_aulc"] = before.runs["log_aulc"] + 0.01
    after.runs.loc[[0, 1], ["log_aulc", "learned"]] = [np.nan, False]
    [change] = judge_changes({"adam": (before, after)}, SPEED)
    assert (change.direction, change.lost) == (Direction.WORSE, 2)
    assert change.is_beyond(1.5)


@pytest.mark.slow
def test_a_change_that_does_nothing_is_seldom_found():
    """At most 5 % of comparisons show anything; 6 of 40 would have a probability of 1.4 %."""
    assert error("normal", 3, 10, 40) < 6
    assert error("10 % diverged", 2, 8, 40) < 6


def test_every_question_is_asked_of_every_condition():
    found = compared(np.random.default_rng(0), "normal", 2, 6)
    assert [(one.condition, one.question) for one in found] == [(f"condition {n}", name) for n in (0, 1) for name in QUESTIONS]
