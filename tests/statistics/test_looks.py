"""The p-value after several looks: brute force, and the simulated error of adding seeds until p is small."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdl_bench.statistics.inference import ALPHA, sign_flip_p
from zdl_bench.statistics.looks import p_after_looks


@pytest.mark.slow
@given(st.lists(st.integers(-5, 5), min_size=3, max_size=8), st.sets(st.integers(1, 8)))
def test_all_flips_are_counted(differences, looks):
    d, ends = np.array(differences, float), sorted({look for look in looks if look < len(differences)} | {len(differences)})
    flips = [d * signs for signs in itertools.product([1, -1], repeat=len(d))]
    smallest = [min(sign_flip_p(flipped[:end]) for end in ends) for flipped in flips]
    assert p_after_looks(d, sorted(looks)) == np.mean([one <= sign_flip_p(d) for one in smallest])
    assert p_after_looks(d, sorted(looks), 0.1) == np.mean([one <= 0.1 for one in smallest])


def test_a_single_look_changes_nothing():
    d = np.random.default_rng(0).normal(0.5, 1, 12)
    assert p_after_looks(d, []) == p_after_looks(d, [12, 20, 0]) == sign_flip_p(d)


def test_looks_with_too_few_seeds_to_decide_change_nothing():
    d = np.random.default_rng(0).normal(0.8, 1, 12)
    assert p_after_looks(d, [2, 3, 4]) == sign_flip_p(d) < 2**-4


def test_drawn_flips_agree_with_all_flips():
    """A difference of 0 changes no p, but 17 differences are too many for all flips."""
    d = np.random.default_rng(2).normal(0.5, 1, 16)
    drawn = p_after_looks(np.append(d, 0.0), [8, 12, 16])
    assert drawn == pytest.approx(p_after_looks(d, [8, 12]), abs=0.003)
    assert drawn == p_after_looks(np.append(d, 0.0), [8, 12, 16])


def test_it_is_the_error_of_adding_seeds_until_p_is_small():
    """Over samples in which nothing differs, the probability averages to the share that has p ≤ 0.05 at some look."""
    samples = np.random.default_rng(0).normal(size=(1500, 12))
    share = np.mean([any(sign_flip_p(d[:n]) <= ALPHA for n in range(6, 13)) for d in samples])
    assert share == pytest.approx(np.mean([p_after_looks(d, range(6, 12), ALPHA) for d in samples[:200]]), abs=0.02)
    assert share > 0.11


@pytest.mark.slow
def test_adding_a_seed_at_a_time_errs_in_a_fifth_of_cases():
    samples = np.random.default_rng(0).normal(size=(20, 30))
    assert np.mean([p_after_looks(d, range(6, 30), ALPHA) for d in samples]) == pytest.approx(0.21, abs=0.02)
