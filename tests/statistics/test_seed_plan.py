"""Planned seeds: numbers known for a known deviation, closed forms, and the power that a planned comparison really has."""

import math

import numpy as np
import pytest
from benchmarks import seed_plan as simulation
from scipy import stats

from zdl_bench.statistics.inference import ALPHA, MIN_SEEDS, sign_flip_p
from zdl_bench.statistics.seed_plan import (
    MAX_PLANNED_SEEDS,
    Spread,
    attainable_level,
    fewest_seeds,
    ratio_text,
    seeds_for,
    smallest_effect,
    smallest_ratio,
)


def known(sd: float) -> Spread:
    return Spread(sd, math.inf)


@pytest.mark.parametrize(("ratio", "sd", "n"), [(1.05, 0.076, 22), (1.1, 0.076, 8), (1.1, 0.26, 61), (1.2, 0.26, 18)])
def test_seeds_for_a_known_deviation(ratio, sd, n):
    """Spreads of tail_loss and of jitter on MNIST. The last seed fewer gives 79.9, 77.7, 79.8 and 77.5 %."""
    assert seeds_for(ratio, known(sd), ALPHA) == n
    assert seeds_for(1 / ratio, known(sd), ALPHA) == n


@pytest.mark.parametrize("n", [20, 200])
def test_many_seeds_agree_with_the_normal_approximation(n):
    z = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    assert smallest_effect(n, math.inf, ALPHA) == pytest.approx(z / math.sqrt(n), rel=1.2 / n)


def test_six_seeds_find_what_gives_equal_signs():
    assert smallest_effect(6, math.inf, ALPHA) == pytest.approx(stats.norm.ppf(0.8 ** (1 / 6)), abs=1e-5)


@pytest.mark.parametrize("level", [0.05, 0.045, 0.005])
@pytest.mark.parametrize("n", [6, 7, 8, 9, 12])
def test_power_at_the_smallest_effect_is_that_of_the_test(n, level):
    effect = smallest_effect(n, math.inf, level)
    if not math.isfinite(effect):
        assert level < 2.0 ** (1 - n)
        return
    samples = np.random.default_rng(0).normal(effect, 1, (1500, n))
    assert np.mean([sign_flip_p(sample) <= level for sample in samples]) == pytest.approx(0.8, abs=0.04)


def test_levels_that_the_test_attains():
    assert attainable_level(MIN_SEEDS - 1, 0.5) == 0
    assert attainable_level(6, 0.05) == 2**-5
    assert attainable_level(8, 0.05) == 6 / 128
    assert attainable_level(10, 0.001) == 0
    assert attainable_level(17, 0.001) == 0.001
    assert smallest_ratio(5, known(0.01), ALPHA) == math.inf


def test_an_uncertain_deviation_asks_for_more_seeds():
    asked = [seeds_for(1.05, Spread(0.1, freedom), ALPHA) for freedom in (math.inf, 99, 9, 5, 2)]
    assert asked == sorted(asked)
    assert asked[-1] > 1.3 * asked[0]
    assert smallest_ratio(10, Spread(0.1, 9), ALPHA) > smallest_ratio(10, known(0.1), ALPHA)


@pytest.mark.parametrize("n", [6, 7, 10, 16, 17, 40, 1000])
def test_the_smallest_ratio_of_n_seeds_needs_n_seeds(n):
    spread = Spread(0.1, 9)
    ratio = smallest_ratio(n, spread, ALPHA)
    assert seeds_for(1 + 1.0001 * (ratio - 1), spread, ALPHA) == n
    assert seeds_for(1 + 0.9999 * (ratio - 1), spread, ALPHA) in (n + 1, None)


def test_more_seeds_than_anyone_trains():
    assert seeds_for(1.0001, Spread(0.3, 9), ALPHA) is None
    assert seeds_for(1.0, Spread(0.3, 9), ALPHA) is None
    assert seeds_for(1.05, Spread(0.5, 9), ALPHA) <= MAX_PLANNED_SEEDS
    assert smallest_ratio(10, Spread(1e5, 9), ALPHA) == math.inf


@pytest.mark.parametrize("differences", [[], [0.1], [0.1, 0.1, 0.1], [0.1, math.nan, 0.2]])
def test_differences_from_which_nothing_can_be_planned(differences):
    assert not Spread.of(np.array(differences)).is_known


def test_the_spread_of_differences():
    assert Spread.of(np.array([1.0, 2.0, 3.0])) == Spread(1.0, pytest.approx(2 / (2 / 2 + 0.5 / 3)))
    variances = np.random.default_rng(0).standard_normal((100_000, 10)).var(axis=1, ddof=1)
    assert variances.var() == pytest.approx(2 / 9, rel=0.02), "of normal differences; the assumed kurtosis adds 0.05"
    assert 2 / Spread.of(np.arange(10.0)).freedom == pytest.approx(2 / 9 + 0.05)
    assert Spread.of(np.array([1.0, 2.0, 3.0])).is_known


@pytest.mark.parametrize("distribution", simulation.DISTRIBUTIONS)
@pytest.mark.parametrize("pilot", simulation.PILOTS)
def test_planned_seeds_have_the_power_that_is_told(distribution, pilot):
    _, share = simulation.power(simulation.DISTRIBUTIONS[distribution], pilot, 1.05, 0.058, samples=400)
    assert 0.75 <= share <= 0.85


def test_ratios_as_text():
    assert [ratio_text(ratio) for ratio in (1.0766, 1.00213, 3.21, 1.2)] == ["1.077", "1.0021", "3.2", "1.2"]


def test_the_fewest_seeds_that_decide_at_a_level():
    assert [fewest_seeds(level) for level in (0.05, 0.03125, 0.03, 0.005)] == [6, 6, 7, 9]
