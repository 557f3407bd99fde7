"""Grids of factors: exact decimals, how a grid goes on, and when it does."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from zdl_bench.errors import ConfigError
from zdl_bench.plan.lr_grid import factors_of, lr_beyond, relative_lists
from zdl_bench.plan.overrides import Setting
from zdl_bench.plan.trials import TriedGrid, Tuning

DECIMALS = st.integers(1, 999).flatmap(lambda digits: st.integers(-6, 3).map(lambda power: float(f"{digits}e{power}")))
GRIDS = st.lists(DECIMALS, min_size=2, max_size=7, unique=True).map(sorted)


def settings(key, values):
    return [Setting(f"{key}={value}", value) for value in values]


def tuning(lrs, most=3, seeds=1, others=((),)):
    return Tuning(tuple(settings("optimizer", ["sgd"])), settings("lr", lrs), settings("seed", range(seeds)), [], others, most)


@given(st.lists(DECIMALS, min_size=1, max_size=6))
def test_a_factor_times_the_default_is_the_number_that_a_person_would_type(factors):
    [lists] = relative_lists({"optimizer": settings("optimizer", ["adam"])}, factors_of(factors), "sgd", ())
    typed = [float(Fraction(str(factor)) * Fraction("0.001")) for factor in dict.fromkeys(factors)]
    assert [lr.value for lr in lists["lr"]] == typed
    assert [lr.text for lr in lists["lr"]] == [f"lr={lr}" for lr in typed]


def test_nine_thousandths_are_not_nine_times_a_thousandth_in_binary():
    [lists] = relative_lists({}, factors_of([9]), "sgd", ())
    assert [lr.text for lr in lists["lr"]] == ["lr=0.009"]
    assert 9 * 0.001 != 0.009


@given(GRIDS)
def test_a_grid_goes_on_outwards_with_one_of_its_own_ratios(lrs):
    for at_end, edge in ((True, lrs[-1]), (False, lrs[0])):
        beyond = lr_beyond(lrs, at_end=at_end).value
        assert beyond > edge if at_end else beyond < edge
        ratios = [max(a, b) / min(a, b) for a, b in pairwise(lrs)]
        assert min(abs(max(beyond, edge) / min(beyond, edge) / ratio - 1) for ratio in ratios) < 0.006


def test_what_is_no_round_number_has_three_digits():
    assert lr_beyond([0.03, 0.1], at_end=True).text == "lr=0.333"
    assert lr_beyond([0.99999, 1.0], at_end=True).value == 1 / 0.99999


@pytest.mark.parametrize(("at_end", "texts"), [(True, ["0.03", "0.1", "0.3"]), (False, ["3e-05", "1e-05", "3e-06"])])
def test_the_usual_grid_goes_on_in_round_numbers(at_end, texts):
    lrs = [0.0001, 0.0003, 0.001, 0.003, 0.01]
    for text in texts:
        new = lr_beyond(lrs, at_end=at_end)
        assert new.text == f"lr={text}"
        lrs = sorted([*lrs, new.value])


@given(GRIDS, st.data())
def test_a_grid_goes_on_until_its_best_lies_inside_or_the_limit_is_reached(lrs, data):
    best, most = data.draw(st.floats(-20, 20)), data.draw(st.integers(0, 5))

    def losses(tuned):
        return [abs(np.log(float(lr.value)) - best) for lr in tuned.lrs]

    assume(len({*losses(tuning(lrs))}) == len(lrs))
    grid = TriedGrid(tuning(lrs, most), losses(tuning(lrs)))
    while lr := grid.next_lr:
        assert not grid.grid_lrs[0] <= lr.value <= grid.grid_lrs[-1]
        grid = grid.extended(lr, losses(grid.beyond(lr)))
    assert grid.extensions <= most
    assert {*lrs} <= {*grid.grid_lrs}
    is_inside = grid.choice.lr not in (grid.grid_lrs[0], grid.grid_lrs[-1])
    assert is_inside or grid.extensions == most or not grid.choice.is_ahead_at_edge


def test_a_tie_with_another_value_does_not_go_on():
    assert TriedGrid(tuning([0.1, 1.0]), [2.0, 2.0]).next_lr is None
    assert TriedGrid(tuning([0.1, 1.0]), [1.0, 2.0]).next_lr.value == 0.01


def test_where_no_learning_rate_has_a_value_smaller_ones_are_tried():
    assert TriedGrid(tuning([0.1, 1.0]), [np.nan, np.nan]).next_lr.value == 0.01
    assert TriedGrid(tuning([0.1, 1.0], most=0), [np.nan, np.nan]).next_lr is None


def test_an_edge_is_that_of_the_learning_rate_and_not_of_another_key():
    others = [(beta,) for beta in settings("optimizer.beta1", [0.5, 0.9])]
    losses = {(0.1, 0.5): 3.0, (0.1, 0.9): 5.0, (1.0, 0.5): 9.0, (1.0, 0.9): 2.0}
    grid = TriedGrid(tuning([1.0, 0.1], others=others), [losses[lr, beta] for lr in (1.0, 0.1) for beta in (0.5, 0.9)])
    assert [one.value for one in grid.best] == [1.0, 0.9]
    assert grid.next_lr.value == 10.0
    assert [[one.value for one in job[1:]] for job in grid.beyond(grid.next_lr).trials] == [[10.0, 0.5, 0], [10.0, 0.9, 0]]


def test_only_other_keys_are_tuned_where_there_is_no_learning_rate():
    others = [(beta,) for beta in settings("optimizer.beta1", [0.5, 0.9])]
    grid = TriedGrid(tuning([], others=others), [2.0, 1.0])
    assert [one.value for one in grid.best] == [0.9]
    assert grid.choice.lr is None
    assert grid.next_lr is None


@pytest.mark.parametrize("value", [[0], [-1.0], ["a"], [True], [float("inf")], [float("nan")], "x", [], [None, 1]])
def test_what_is_no_factor_is_one_clear_error(value):
    with pytest.raises(ConfigError, match="give factors above 0 on the default_lr"):
        factors_of(value)


def test_null_is_no_grid_and_one_number_is_a_grid():
    assert factors_of([None]) is None
    assert factors_of(3) == (3,)
    assert factors_of([[0.1, 1, 1.0]]) == (Fraction("0.1"), 1)
