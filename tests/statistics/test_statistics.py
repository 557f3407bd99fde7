"""Tests, intervals and choice against closed forms, brute force and SciPy; and how often they err, by simulation."""

import itertools
import math

import numpy as np
import pytest
from benchmarks import calibration
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from zdl_bench.statistics.inference import (
    MIN_SEEDS,
    RANDOM_FLIPS,
    beyond_margin_p,
    holm,
    seeds_needed,
    sign_flip_p,
    student_interval,
    tost_p,
)
from zdl_bench.statistics.proportions import paired_proportion_interval, sign_test_p, win_rate
from zdl_bench.statistics.tuning import choose_lr

NUMBERS = st.floats(-100, 100, allow_subnormal=False)
COUNTS = st.integers(0, 40)


# Sign flips


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=9))
def test_sign_flip_counts_all_flips(differences):
    """Integers have exact sums, so that ties are ties."""
    sums = [
        sum(s * d for s, d in zip(signs, differences, strict=True))
        for signs in itertools.product([1, -1], repeat=len(differences))
    ]
    observed = sum(differences)
    d = np.array(differences, float)
    assert sign_flip_p(d) == np.mean([abs(total) >= abs(observed) for total in sums])


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=8), st.sampled_from([0.1, 1 / 3, 1e-9, 7e5]))
def test_sign_flip_keeps_ties_that_floating_point_breaks(differences, unit):
    """0.1 + 0.2 is not 0.3: in another unit of measurement the p stays the same."""
    d = np.array(differences, float)
    assert sign_flip_p(d * unit) == sign_flip_p(d)


def test_sign_flip_agrees_with_scipy():
    d = np.random.default_rng(0).normal(0.5, 1, 11)
    other = stats.permutation_test((d,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert sign_flip_p(d) == pytest.approx(other.pvalue, abs=1e-12)


@pytest.mark.parametrize("n", [6, 10, 16])
def test_smallest_p_of_the_exact_test(n):
    assert sign_flip_p(np.arange(1.0, n + 1)) == 2.0 ** (1 - n)


def test_sign_flip_of_many_differences_draws():
    """The Monte Carlo p is near that of the normal limit, reproducible, and never 0."""
    d = np.random.default_rng(3).normal(0.15, 1, 200)
    normal_p = 2 * stats.norm.sf(abs(d.sum()) / math.sqrt((d**2).sum()))
    assert sign_flip_p(d) == pytest.approx(normal_p, abs=0.01)
    assert sign_flip_p(d) == sign_flip_p(d)
    assert sign_flip_p(d, seed=1) != sign_flip_p(d)
    assert sign_flip_p(d + 10) == 1 / (1 + RANDOM_FLIPS)


def test_exact_and_drawn_p_agree_where_the_method_changes():
    d = np.random.default_rng(1).normal(0.4, 1, 16)
    assert sign_flip_p(d) == pytest.approx(sign_flip_p(np.append(d, 0.0)), abs=0.01)  # a 0 has no sign to flip


@pytest.mark.slow
@pytest.mark.parametrize("n", [17, 18, 20])
def test_drawn_p_is_that_of_all_flips(n):
    """By brute force; n that are multiples of 8 or not, since eight differences are flipped at a time."""
    d = np.random.default_rng(n).normal(0.3, 1, n)
    bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    exact = np.mean(np.abs(((1 - 2 * bits) * d).sum(axis=1)) >= abs(d.sum()) - 1e-12)
    assert sign_flip_p(d) == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / RANDOM_FLIPS))


@pytest.mark.parametrize("n", [17, 24, 40])
def test_drawn_flips_are_fair_and_independent(n):
    """Seeds give independent estimates of one p: they spread as a binomial share does."""
    d = np.random.default_rng(n).normal(0.3, 1, n)
    drawn = np.array([sign_flip_p(d, seed=seed) for seed in range(40)])
    assert np.std(drawn, ddof=1) == pytest.approx(math.sqrt(drawn.mean() * (1 - drawn.mean()) / RANDOM_FLIPS), rel=0.4)


def test_sign_flip_at_the_limits():
    assert sign_flip_p(np.zeros(10)) == 1
    assert sign_flip_p(np.zeros(20)) == 1
    assert math.isnan(sign_flip_p(np.array([])))
    assert math.isnan(sign_flip_p(np.array([1.0, math.nan])))
    assert math.isnan(sign_flip_p(np.array([math.inf, 1.0])))


# Proportions


@given(COUNTS, COUNTS)
def test_sign_test_is_the_tail_of_a_fair_coin(wins, losses):
    n = wins + losses
    tail = sum(math.comb(n, k) for k in range(min(wins, losses) + 1)) / 2**n
    assert sign_test_p(wins, losses) == pytest.approx(min(1, 2 * tail))
    assert sign_test_p(losses, wins) == sign_test_p(wins, losses)


@pytest.mark.parametrize(
    ("table", "estimate", "low", "high"),
    [
        ((59, 6, 16, 80), -0.0621, -0.1186, -0.0046),  # Fagerland, Lydersen & Laake 2017, ch. 8: Cavo et al. 2012
        ((14, 5, 0, 22), 0.122, 0.011, 0.226),  # Altman et al. 2000, Statistics with Confidence, table 6.2
    ],
)
def test_paired_proportions_as_published(table, estimate, low, high):
    digits = 5e-5 if abs(estimate) < 0.1 else 5e-4
    assert paired_proportion_interval(*table) == pytest.approx((estimate, low, high), abs=digits)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_paired_proportions_are_symmetric_and_ordered(both, first, second, neither):
    estimate, low, high = paired_proportion_interval(both, first, second, neither)
    if both + first + second + neither == 0:
        assert math.isnan(estimate)
        return
    assert -1 - 1e-12 <= low <= estimate + 1e-12
    assert estimate - 1e-12 <= high <= 1 + 1e-12
    assert (-estimate, -high, -low) == pytest.approx(paired_proportion_interval(both, second, first, neither), abs=1e-12)
    assert (-estimate, -high, -low) == pytest.approx(paired_proportion_interval(neither, second, first, both), abs=1e-12)


def test_paired_proportions_narrow_down_with_confidence_and_pairs():
    def width(*table, confidence=0.95):
        _, low, high = paired_proportion_interval(*table, confidence)
        return high - low

    assert width(50, 20, 10, 20) > width(500, 200, 100, 200) > width(500, 200, 100, 200, confidence=0.5)


def test_paired_proportion_interval_covers():
    """Newcombe's own check: over the exact distribution of tables, here of 20 pairs of independent answers."""
    n, p, q = 20, 0.8, 0.5
    cells = [p * q, p * (1 - q), (1 - p) * q, (1 - p) * (1 - q)]
    tables = np.random.default_rng(0).multinomial(n, cells, 1000)
    covered = [low <= p - q <= high for _, low, high in (paired_proportion_interval(*map(int, t)) for t in tables)]
    assert 0.93 <= np.mean(covered) <= 0.985


def test_win_rate_by_hand():
    first = np.array([1.0, 2.0, 3.0, math.nan, math.nan, 5.0, math.inf])
    second = np.array([2.0, 2.0, 1.0, 1.0, math.nan, math.nan, 1.0])
    assert win_rate(first, second) == ((2 + 2 / 2) / 7, 2, 2, 3)
    assert math.isnan(win_rate(np.array([]), np.array([])).rate)


@given(st.lists(st.tuples(st.one_of(NUMBERS, st.just(math.nan)), st.one_of(NUMBERS, st.just(math.nan))), min_size=1))
def test_what_one_wins_the_other_loses(pairs):
    first, second = np.array(pairs).T
    one, other = win_rate(first, second), win_rate(second, first)
    assert (one.wins, one.ties, one.losses) == (other.losses, other.ties, other.wins)
    assert one.rate + other.rate == pytest.approx(1)


# Margins


@given(st.lists(NUMBERS, min_size=2, max_size=12).filter(lambda d: np.std(d) > 1e-3), st.floats(0, 50))
def test_margins_agree_with_scipy(differences, margin):
    d = np.array(differences)

    def one_sided(bound, alternative):
        return stats.ttest_1samp(d, bound, alternative=alternative).pvalue

    within = max(one_sided(-margin, "greater"), one_sided(margin, "less"))
    beyond = min(1, 2 * min(one_sided(margin, "greater"), one_sided(-margin, "less")))
    assert tost_p(d, margin) == pytest.approx(within, abs=1e-12)
    assert beyond_margin_p(d, margin) == pytest.approx(beyond, abs=1e-12)


@given(st.lists(NUMBERS, min_size=2, max_size=12).filter(lambda d: np.std(d) > 1e-3), st.floats(0.1, 50))
def test_equivalence_is_an_interval_of_90_percent_within_the_margin(differences, margin):
    d = np.array(differences)
    interval = student_interval(d, confidence=0.9)
    if min(abs(margin + interval.low), abs(margin - interval.high)) > 1e-6:
        assert (tost_p(d, margin) < 0.05) == (-margin < interval.low and interval.high < margin)


@pytest.mark.parametrize(("value", "within", "beyond"), [(0.0, 0, 1), (0.05, 0, 1), (0.1, 1, 1), (0.2, 1, 0), (-0.2, 1, 0)])
def test_margins_without_variance(value, within, beyond):
    d = np.full(10, value)
    assert (tost_p(d, 0.1), beyond_margin_p(d, 0.1)) == (within, beyond)


def test_margins_need_two_finite_differences():
    for d in ([], [1.0], [1.0, math.nan], [1.0, math.inf]):
        assert math.isnan(tost_p(np.array(d), 1))
        assert math.isnan(beyond_margin_p(np.array(d), 1))


# Families


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=12), st.floats(0.001, 0.999))
def test_holm_rejects_what_the_step_down_procedure_rejects(p_values, alpha):
    rejected = set()
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[index] * (len(p_values) - rank) > alpha:
            break
        rejected.add(index)
    adjusted = holm(p_values)
    assert {index for index, p in enumerate(adjusted) if p <= alpha} == rejected
    assert all(
        bonferroni >= p >= own
        for own, p, bonferroni in zip(p_values, adjusted, [min(1, len(p_values) * p) for p in p_values], strict=True)
    )


def test_holm_counts_an_undefined_p():
    adjusted = holm([math.nan, 0.01, 0.02])
    assert math.isnan(adjusted[0])
    assert adjusted[1:] == pytest.approx([0.03, 0.04])


@given(st.integers(1, 10_000), st.sampled_from([0.05, 0.01, 0.0625]))
def test_seeds_needed_are_the_fewest_that_can_decide(comparisons, alpha):
    n = seeds_needed(comparisons, alpha)
    assert 2.0 ** (1 - n) <= alpha / comparisons
    assert n == MIN_SEEDS or 2.0 ** (2 - n) > alpha / comparisons


def test_seeds_needed_by_hand():
    assert [seeds_needed(m) for m in (1, 2, 10, 100)] == [6, 7, 9, 12]
    with pytest.raises(ValueError):
        seeds_needed(0)


# Selection of a learning rate


def test_the_lowest_mean_is_selected():
    choice = choose_lr([0.1, 0.01, 1.0], np.array([[1.0, 2.0], [3.0, 3.0], [2.0, 2.0]]))
    assert (choice.lr, choice.at_edge) == (0.1, False)


def test_shares_are_those_of_all_resamples():
    """Two seeds: both of the first (¼) chooses the one, both of the second (¼) the other, mixed (½) the lower mean."""
    choice = choose_lr([0.01, 0.1], np.array([[1.0, 4.0], [2.0, 2.0]]))
    assert choice.lr == 0.1
    assert choice.shares == {0.01: pytest.approx(0.25, abs=0.05), 0.1: pytest.approx(0.75, abs=0.05)}
    assert sum(choice.shares.values()) == pytest.approx(1)


def test_of_equals_the_smaller_is_selected():
    losses = np.array([[0.1, 0.7, 0.3], [0.1, 0.7, 0.3], [5, 5, 5]])
    choice = choose_lr([1.0, 0.1, 0.01], losses)
    assert choice.lr == 0.1
    assert choice.shares == {0.01: 0, 0.1: 1, 1.0: 0}


def test_a_learning_rate_without_all_values_is_no_candidate():
    losses = np.array([[3.0, 3.0], [1.0, math.nan], [2.0, 2.0], [math.inf, 0.0]])
    choice = choose_lr([0.001, 0.01, 0.1, 1.0], losses)
    assert (choice.lr, choice.at_edge) == (0.1, False)
    assert choice.shares == {0.001: 0, 0.01: 0, 0.1: 1, 1.0: 0}


def test_an_edge_is_one_of_the_grid():
    assert choose_lr([0.1, 0.01], np.array([[2.0], [1.0]])).at_edge
    assert choose_lr([0.1, 0.01], np.array([[1.0], [2.0]])).at_edge
    assert choose_lr([0.1], np.array([[1.0]])).at_edge


@pytest.mark.parametrize("losses", [np.full((2, 3), math.nan), np.empty((2, 0))])
def test_no_candidate(losses):
    choice = choose_lr([0.1, 0.01], losses)
    assert (choice.lr, choice.at_edge, choice.shares) == (None, False, {0.01: 0, 0.1: 0})


# How often they err with ten seeds


@pytest.mark.slow
@pytest.mark.parametrize("name", calibration.SOUND)
def test_interval_and_test_keep_their_promise(name):
    d = calibration.differences(calibration.SOUND[name], 10_000)
    assert np.mean(d) == pytest.approx(0, abs=0.02)
    assert 0.93 <= calibration.coverage(d) <= 0.97
    assert calibration.rejection_rate(d) <= 0.06


@pytest.mark.parametrize("name", calibration.FAILING)
def test_where_they_break_it(name):
    """So that nobody relies on them there: the differences belong on the scale of ln, failures into the win rate."""
    d = calibration.differences(calibration.FAILING[name], 10_000)
    assert np.mean(d) == pytest.approx(0, abs=0.02)
    assert calibration.coverage(d) < 0.9
    assert calibration.rejection_rate(d) > 0.1


def test_the_bootstrap_covers_too_rarely():
    assert calibration.bootstrap_coverage(calibration.differences(calibration.SOUND["normal"], 1000)) < 0.92


def test_power_of_the_test():
    """At a mean of one standard deviation the t test has a power of 0.803 by the noncentral t distribution."""
    n = calibration.SEEDS
    bound = stats.t.ppf(0.975, n - 1)
    noncentral = stats.nct(n - 1, math.sqrt(n))
    t_test = noncentral.sf(bound) + noncentral.cdf(-bound)
    d = calibration.differences(calibration.SOUND["normal"], 5000)
    assert calibration.rejection_rate(d + 1) == pytest.approx(t_test, abs=0.025)


@pytest.mark.slow
def test_one_optimizer_against_itself():
    """A/A with real runs on disjoint seeds; on the same seeds there is nothing to see at all."""
    values = calibration.tail_losses(150)
    d = calibration.split_differences(values, 4000)
    assert abs(d.mean()) < 0.05 * d.std()
    assert 0.035 <= calibration.rejection_rate(d) <= 0.065
    assert sign_flip_p(values - values) == 1
