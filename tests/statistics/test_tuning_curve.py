"""The best of k tuning trials: exact where it can be counted, and failed trials count."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdl_bench.statistics.tuning_curve import expected_best, tuning_curve

LOSSES = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=8)


@given(LOSSES)
def test_the_expected_best_is_that_of_all_subsets(losses):
    counted = [np.mean([min(subset) for subset in combinations(losses, k)]) for k in range(1, len(losses) + 1)]
    assert expected_best(np.array(losses)) == pytest.approx(counted, rel=1e-9)


@given(LOSSES)
def test_more_trials_never_hurt(losses):
    best = expected_best(np.array(losses))
    assert (np.diff(best) <= 1e-9 * best[0]).all()
    assert best[0] == pytest.approx(np.mean(losses))
    assert best[-1] == pytest.approx(min(losses))


def test_the_order_of_the_learning_rates_does_not_matter():
    losses = np.array([[0.5, 0.1, 2.0], [3.0, 3.0, 1.0]])
    assert expected_best(losses) == pytest.approx(expected_best(losses[:, ::-1]))


def test_seeds_are_taken_geometrically():
    mean = tuning_curve(np.array([[1.0, 4.0], [9.0, 1.0]]), np.full((2, 2), 10.0)).mean
    assert mean == pytest.approx([2.5, 2.0])


def test_a_failed_trial_leaves_the_untrained_network():
    tail = np.array([[0.1, 0.1, 0.1], [0.01, np.nan, 0.01]])
    start = np.array([[2.0, 4.0, 8.0], [2.0, np.nan, 8.0]])
    mean = tuning_curve(tail, start).mean
    expected = np.exp(np.log([2, 4, 8, 2, 8]).mean())
    assert mean == pytest.approx([(0.1 + expected) / 2, 0.1])


def test_the_band_is_over_seeds_and_the_same_twice():
    rng = np.random.default_rng(3)
    tail, start = rng.lognormal(size=(5, 20)), np.full((5, 20), 9.0)
    first, second = tuning_curve(tail, start), tuning_curve(tail, start)
    assert (first.low < first.mean)[0]
    assert (first.mean < first.high)[0]
    assert np.array_equal(first.low, second.low)
    assert np.array_equal(first.high, second.high)
    same = tuning_curve(np.repeat(tail[:, :1], 4, axis=1), start[:, :4])
    assert same.low == pytest.approx(same.mean)
    assert same.high == pytest.approx(same.mean)


def test_one_seed_has_no_band():
    assert np.isnan(tuning_curve(np.array([[1.0], [2.0]]), np.array([[3.0], [3.0]])).low).all()
