"""The max-T test against brute force over all flips, its error among equals, and its smallest p-value."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zdl_bench.statistics import max_t
from zdl_bench.statistics.inference import sign_flip_p
from zdl_bench.statistics.max_t import max_t_ps

WHOLE = st.integers(-3, 3)


def by_brute_force(scores):
    """Each comparison against all that are not ahead of it, over every flip of the seeds."""
    norms = np.sqrt((scores**2).sum(axis=0))
    flips = np.array([*itertools.product((1, -1), repeat=len(scores))])
    every = np.abs(flips @ np.divide(scores, norms, where=norms > 0, out=np.zeros_like(scores)))
    observed = every[0]
    order = sorted(range(len(observed)), key=lambda i: -observed[i])
    ps, largest = np.ones(len(observed)), 0.0
    for place, i in enumerate(order):
        rivals = order[place:]
        largest = max(largest, float(np.mean(every[:, rivals].max(axis=1) >= observed[i] - 1e-9)))
        ps[i] = largest if observed[i] > 1e-9 else 1.0
    return ps


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 6).flatmap(lambda n: st.lists(st.lists(WHOLE, min_size=n, max_size=n), min_size=1, max_size=4)))
def test_it_is_the_step_down_test_over_all_flips(columns):
    scores = np.array(columns, dtype=float).T
    assert max_t_ps(scores) == pytest.approx(by_brute_force(scores))


def test_a_single_comparison_has_the_p_of_the_sign_flip_test():
    differences = np.random.default_rng(3).normal(0.3, 1, size=9)
    assert max_t_ps(differences[:, None])[0] == pytest.approx(sign_flip_p(differences))


def test_six_seeds_decide_any_number_of_comparisons():
    scores = 1 + 0.01 * np.random.default_rng(4).normal(size=(6, 40))
    assert max_t_ps(scores).max() <= 2 * 2**-5


def test_a_comparison_without_scores_decides_nothing_and_disturbs_nobody():
    scores = 1 + 0.1 * np.random.default_rng(5).normal(size=(8, 2))
    with_nothing = np.column_stack([scores, np.zeros(8)])
    assert max_t_ps(with_nothing) == pytest.approx([*max_t_ps(scores), 1.0])
    assert max_t_ps(np.zeros((0, 3))).tolist() == [1, 1, 1]
    assert max_t_ps(np.zeros((5, 0))).shape == (0,)


def test_flips_are_drawn_if_there_are_many(monkeypatch):
    scores = np.random.default_rng(6).normal(0.5, 1, size=(12, 5))
    exact = max_t_ps(scores)
    monkeypatch.setattr(max_t, "MAX_SUMS", 5 * 4000)
    monkeypatch.setattr(max_t, "MAX_CELLS", 700)
    drawn = max_t_ps(scores)
    assert drawn == pytest.approx(exact, abs=0.04)
    assert drawn.tolist() == max_t_ps(scores).tolist()
    assert drawn.min() >= 1 / 4001


@pytest.mark.parametrize(("seeds", "variants"), [(6, 5), (10, 3)])
def test_equal_optimizers_are_told_apart_in_at_most_5_percent(seeds, variants):
    rng = np.random.default_rng([seeds, variants])
    values = rng.normal(size=(600, seeds, variants))
    pairs = [*itertools.combinations(range(variants), 2)]
    errors = sum((max_t_ps(np.stack([one[:, a] - one[:, b] for a, b in pairs], axis=1)) <= 0.05).any() for one in values)
    assert errors / len(values) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(values))
