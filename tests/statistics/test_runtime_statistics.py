"""Running times to targets by hand, by brute force over all bootstrap samples, and properties that hold for all."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdl_bench.statistics.runtime import (
    DRAWS,
    ecdf_band,
    ert_intervals,
    ert_ratio_interval,
    expected_running_time,
    performance_profile,
    runtime_ecdf,
)

PLANNED = 100
STEPS = st.one_of(st.integers(0, PLANNED).map(float), st.just(math.nan))
NAN = math.nan


def ert_interval(steps, draws: int = DRAWS) -> tuple[float, float, float]:
    [interval] = ert_intervals(np.array(steps)[:, None], PLANNED, draws)
    return interval


def ert_by_loop(steps) -> float:
    successes = sum(not math.isnan(step) for step in steps)
    spent = sum(PLANNED if math.isnan(step) else step for step in steps)
    return spent / successes if successes else math.inf


def test_ert_by_hand():
    assert expected_running_time(np.array([10.0, 30.0]), PLANNED) == 20
    assert expected_running_time(np.array([10.0, 30.0, NAN]), PLANNED) == (10 + 30 + 100) / 2
    assert expected_running_time(np.array([NAN, NAN]), PLANNED) == math.inf


@given(st.lists(STEPS, min_size=1, max_size=20))
def test_ert_is_its_definition(steps):
    assert expected_running_time(np.array(steps), PLANNED) == pytest.approx(ert_by_loop(steps))


@given(st.lists(STEPS, min_size=1, max_size=20))
def test_another_failure_never_lowers_ert(steps):
    assert expected_running_time(np.array([*steps, NAN]), PLANNED) >= expected_running_time(np.array(steps), PLANNED)


@pytest.mark.parametrize("steps", [[10.0, 20.0, 40.0, 80.0], [10.0, 20.0, NAN, NAN], [NAN, NAN, NAN, 5.0]])
def test_ert_interval_is_that_of_all_bootstrap_samples(steps):
    """Four runs have 4⁴ bootstrap samples: the exact quantiles are among those of shares close to 2.5 and 97.5 %."""
    everything = [ert_by_loop(sample) for sample in itertools.product(steps, repeat=4)]
    estimate, low, high = ert_interval(steps)
    assert estimate == ert_by_loop(steps)
    assert low in everything
    for end, share in ((low, 0.025), (high, 0.975)):
        assert np.quantile(everything, share - 0.015, method="lower") <= end
        assert end <= np.quantile(everything, share + 0.015, method="higher")


def test_ert_interval_without_success_is_infinite():
    assert ert_interval([NAN, NAN]) == (math.inf,) * 3


@given(st.lists(st.lists(STEPS, min_size=3, max_size=3), min_size=1, max_size=8))
def test_intervals_of_many_targets_are_those_of_each(rows):
    steps = np.array(rows)
    each = [ert_interval(column, 100) for column in steps.T]
    assert ert_intervals(steps, PLANNED, 100) == each


def test_ert_interval_narrows_with_runs():
    steps = np.random.default_rng(0).exponential(20, 400).round()
    _, low, high = ert_interval(steps[:25])
    _, low_of_many, high_of_many = ert_interval(steps)
    assert (high - low) / (high_of_many - low_of_many) == pytest.approx(4, rel=0.4)  # √16


@given(st.lists(st.integers(1, PLANNED), min_size=1, max_size=12), st.integers(2, 5))
def test_a_constant_ratio_has_no_spread(steps, factor):
    """Paired draws: were the seeds drawn for each side by itself, the ratio would vary."""
    slow = np.array(steps, float)
    assert ert_ratio_interval(slow, slow / factor, PLANNED, 200) == pytest.approx((factor,) * 3)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([10.0, 20.0], [NAN, NAN], (0, 0, 0)),
        ([NAN, NAN], [10.0, 20.0], (math.inf,) * 3),
        ([NAN, NAN], [NAN, NAN], (NAN,) * 3),
    ],
)
def test_ert_ratio_where_one_never_arrives(first, second, expected):
    assert ert_ratio_interval(np.array(first), np.array(second), PLANNED) == pytest.approx(expected, nan_ok=True)


def test_a_draw_without_a_ratio_widens_the_interval():
    """One seed of three reaches the target: a draw without it, (2/3)³ of them, knows nothing."""
    steps = np.array([10.0, NAN, NAN])
    assert ert_ratio_interval(steps, steps, PLANNED) == (1, 0, math.inf)


def test_runtime_ecdf_by_hand():
    steps = np.array([[0.0, 10.0], [5.0, NAN]])
    at = np.array([0.0, 4.9, 5.0, 10.0, 100.0])
    assert runtime_ecdf(steps, PLANNED, at) == pytest.approx([0.25, 0.25, 0.5, 0.75, 0.75])


def test_runtime_ecdf_says_nothing_beyond_the_planned_steps():
    assert np.isnan(runtime_ecdf(np.array([[5.0]]), PLANNED, np.array([PLANNED, PLANNED + 1.0]))).tolist() == [False, True]


@given(st.lists(st.lists(STEPS, min_size=3, max_size=3), min_size=1, max_size=8))
@pytest.mark.slow
def test_runtime_ecdf_rises_to_the_share_of_successes(rows):
    steps = np.array(rows)
    at = np.arange(PLANNED + 1.0)
    shares = runtime_ecdf(steps, PLANNED, at)
    low, high = ecdf_band(steps, PLANNED, at, 100)
    assert (np.diff(shares) >= 0).all()
    assert shares[-1] == pytest.approx(np.mean(~np.isnan(steps)))
    assert (low <= high).all()
    assert low.min() >= 0
    assert high.max() <= 1 + 1e-12


def test_ecdf_band_is_binomial_for_one_target():
    """Of 40 runs, half are there by step 1: the band of that share is the binomial's."""
    steps = np.array([[1.0]] * 20 + [[NAN]] * 20)
    (low,), (high,) = ecdf_band(steps, PLANNED, np.array([50.0]))
    assert (high - low) / 2 == pytest.approx(1.96 * math.sqrt(0.25 / 40), rel=0.1)
    assert (high + low) / 2 == pytest.approx(0.5, abs=0.02)


def test_ecdf_band_takes_runs_as_a_whole():
    """Targets of a run go together: ten copies of a target carry no more than one."""
    steps = np.array([[1.0], [NAN], [20.0], [NAN], [3.0]])
    at = np.array([2.0, 50.0])
    one, ten = (ecdf_band(np.repeat(steps, copies, axis=1), PLANNED, at) for copies in (1, 10))
    assert np.allclose(one, ten)


def test_performance_profile_by_hand():
    """Solver 0 is best on the first problem, solver 1 three times faster on the second; nobody solves the third."""
    erts = np.array([[10.0, math.inf], [30.0, 10.0], [math.inf, NAN]])
    profile = performance_profile(erts, np.array([1.0, 2.9, 3.0, math.inf]))
    assert profile == pytest.approx(np.array([[1, 1], [1, 1], [2, 1], [2, 1]]) / 3)


@pytest.mark.slow
@given(
    st.integers(1, 5).flatmap(
        lambda solvers: st.lists(
            st.lists(st.one_of(st.floats(1, 1e6), st.just(math.inf)), min_size=solvers, max_size=solvers),
            min_size=1,
            max_size=6,
        )
    )
)
def test_performance_profile_is_its_definition(table):
    ratios = [1.0, 1.5, 10.0]
    profile = performance_profile(np.array(table), np.array(ratios))
    for i, ratio in enumerate(ratios):
        for solver in range(len(table[0])):
            within = [row[solver] < math.inf and row[solver] <= ratio * min(row) for row in table]
            assert profile[i, solver] == pytest.approx(np.mean(within))


def test_a_profile_depends_on_the_set_of_solvers():
    """Gould & Scott 2016: of the first two solvers the one is ahead or the other, according to whether there is a third."""
    erts = np.array([[2, 5, 0.5], [2, 5, 0.5], [2, 5, 5], [9, 3, 9], [9, 3, 9]])
    alone, beside = (performance_profile(table, np.array([2.0]))[0] for table in (erts[:, :2], erts))
    assert alone == pytest.approx([3 / 5, 2 / 5])
    assert beside[:2] == pytest.approx([1 / 5, 2 / 5])
