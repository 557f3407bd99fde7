"""Comparisons that are repeated as seeds are added: their error, by brute force and simulation, and the ways they end."""

import math
from itertools import product

import numpy as np
import pytest
from benchmarks.sequential import has_error, peeking_error, simulated
from hypothesis import given, settings
from hypothesis import strategies as st

from zdl_bench.errors import ConfigError
from zdl_bench.run.run import Floats
from zdl_bench.statistics.contest import Contest, PairState
from zdl_bench.statistics.flip_test import Flips, SequentialFlipTest, signs_of
from zdl_bench.statistics.inference import student_interval
from zdl_bench.statistics.look_plan import LookPlan
from zdl_bench.statistics.sequential import SequentialComparison, compare_sequentially, repeated_interval
from zdl_bench.statistics.side import LOST_RANK, NO_VALUE_RANK

FLIPS = Flips(2048)
PLAN = LookPlan(40)


def compared(ranks: Floats, plan: LookPlan = PLAN, exact: tuple[int, ...] = ()) -> SequentialComparison:
    """One setting."""
    return compare_sequentially(Contest(ranks, [""] * len(ranks), [one in exact for one in range(len(ranks))]), plan, FLIPS)


def values(*means: float, seed: int = 0) -> Floats:
    """Normal values of 40 seeds of optimizers with these means, (optimizers, 40)."""
    return np.array(means)[:, None] + 0.04 * np.random.default_rng(seed).standard_normal((len(means), 40))


def states(found: SequentialComparison) -> dict[tuple[int, int], PairState]:
    return {(one.first, one.second): one.state for one in found.outcomes}


def test_looks_grow_from_the_smallest_number_that_can_decide():
    assert LookPlan(40).looks == (8, 10, 14, 18, 23, 31, 40)
    assert LookPlan(6).looks == (6,)
    assert LookPlan(7).looks == (7,)
    for plan in (LookPlan(n) for n in range(6, 201)):
        spent = plan.spent_on_differences
        assert 2.0 ** (1 - plan.looks[0]) <= spent[0]
        assert plan.looks[-1] == plan.max_seeds
        assert spent[-1] == pytest.approx(0.032)
        assert list(plan.looks) == sorted({*plan.looks})


def test_a_margin_takes_its_error_from_that_of_the_differences():
    plan = LookPlan(40, margin=1.05)
    assert plan.spent_on_differences[-1] + plan.spent_on_equivalences[-1] == pytest.approx(0.032)


@pytest.mark.parametrize("most", [0, 5, 201])
def test_max_seeds_that_cannot_decide_or_are_too_many_are_refused(most):
    with pytest.raises(ConfigError, match=f"max_seeds.*{most}.*fewer than 6 seeds decide nothing"):
        _ = LookPlan(most).looks


@pytest.mark.parametrize("hypotheses", [1, 3])
def test_of_all_flips_no_more_are_rejected_than_the_error_allows(hypotheses):
    """Exact, whatever the numbers: each of the 2⁹ flips of the same differences is as likely if nothing differs."""
    spent, looks = (0.02, 0.03, 0.05), (7, 8, 9)
    scores = np.random.default_rng(0).gamma(0.5, size=(hypotheses, 9))
    rejected = np.zeros(3)
    for signs in product((1.0, -1.0), repeat=9):
        test = SequentialFlipTest(spent, np.abs)
        for seeds in looks:
            test.look(scores[:, :seeds] * signs[:seeds])
        if test.rejections:
            first = min(rejection.look for rejection in test.rejections.values())
            rejected[first - 1 :] += 1
            assert min(one.p for one in test.rejections.values()) <= spent[first - 1]
    assert (rejected <= np.array(spent) * 2**9).all()
    assert (
        rejected >= np.array(spent) * 2**9 - 2 * np.array([4, 2, 1])
    ).all()  # flips come in pairs of ±, at 7 seeds four times


def test_the_error_holds_if_all_but_the_largest_statistic_are_withdrawn():
    """So do equivalences: they withdraw what differs least. Each of the 2⁹ flips is as likely if nothing differs."""
    spent, scores = (0.02, 0.05), np.random.default_rng(1).normal(size=(6, 9))
    rejected = 0
    for signs in product((1.0, -1.0), repeat=9):
        test, flipped = SequentialFlipTest(spent, np.abs), scores * signs
        test.look(flipped[:, :7])
        statistics = np.abs(flipped[:, :7].sum(axis=1)) / np.linalg.norm(flipped[:, :7], axis=1)
        for one in np.argsort(statistics)[:-1]:
            test.withdraw(int(one))
        test.look(flipped)
        rejected += bool(test.rejections)
    assert 0.02 * 2**9 <= rejected <= 0.052 * 2**9


def test_random_flips_begin_with_the_observed_signs_and_those_of_fewer_seeds():
    many, few = signs_of(20, FLIPS), signs_of(13, FLIPS)
    assert (many[0] == 1).all()
    assert (many[:, :13] == few).all()
    assert len(np.unique(signs_of(10), axis=0)) == 2**10


@pytest.mark.slow
@pytest.mark.parametrize(("ratios", "margin"), [([1.0] * 3, None), ([1.0, 1.0, 1.05], 1.05)])
def test_the_error_of_all_pairs_and_looks_is_at_most_5_percent(ratios, margin):
    errors = [has_error(found, ratios) for found in simulated(ratios, LookPlan(40, margin), 200)]
    assert np.mean(errors) <= 0.05


def test_without_a_plan_the_error_is_four_times_as_large():
    assert peeking_error(samples=300) > 0.15


def test_a_large_difference_is_decided_at_the_first_look_and_names_the_leader():
    found = compared(values(0.5, 0.0, 1.0))
    assert states(found) == dict.fromkeys([(0, 1), (0, 2), (1, 2)], PairState.DECIDED)
    assert [(one.faster, one.look, one.seeds) for one in found.outcomes] == [(1, 1, 8), (0, 1, 8), (1, 1, 8)]
    assert all(one.p == 2**-7 for one in found.outcomes)
    assert found.leader("") == 1
    assert found.next_look is None


def test_only_optimizers_with_open_pairs_need_more_seeds():
    ranks = values(0.0, 1.0, 2.0, 0.0)
    ranks[1:3, 8:] = np.nan
    ranks[[0, 3], 10:] = np.nan
    found = compared(ranks)
    assert found.entrants_in_need == [0, 3]
    assert (found.looks, found.next_look) == (2, 14)


def test_what_a_look_decides_stays_whatever_later_seeds_say():
    ranks = values(0.0, 0.2)
    later = np.where(np.arange(40) < 8, ranks, ranks[::-1])
    assert compared(later).outcomes == compared(ranks).outcomes


@given(st.integers(0, 30))
@settings(max_examples=15, deadline=None)
def test_the_data_of_the_looks_so_far_decide_and_nothing_else(seed):
    """So a sweep that was stopped goes on where it was."""
    ranks = values(0.0, 0.02, 0.06, seed=seed)
    whole = compared(ranks)
    for looks, seeds in enumerate(LookPlan(40).looks, 1):
        part = compared(np.where(np.arange(40) < seeds, ranks, np.nan))
        assert part.looks <= looks
        for one, at_end in zip(part.outcomes, whole.outcomes, strict=True):
            assert one == at_end or (one.state is PairState.OPEN and at_end.look >= looks)


@given(st.permutations([1, 2, 3]), st.integers(0, 20))
@settings(max_examples=15, deadline=None)
def test_the_order_of_the_optimizers_changes_nothing_but_the_control(order, seed):
    ranks = values(0.0, 0.0, 0.05, 0.1, seed=seed)
    order = [0, *order]
    outcomes = {frozenset((one.first, one.second)): one for one in compared(ranks).outcomes}
    for one in compared(ranks[order]).outcomes:
        same = outcomes[frozenset((order[one.first], order[one.second]))]
        assert (one.state, one.look, one.p) == (same.state, same.look, same.p)
        assert one.faster is None or order[one.faster] == same.faster


def test_a_pair_behind_a_third_one_is_not_needed_unless_it_has_the_control():
    found = compared(values(1.0, 0.0, 1.0, 1.0))
    assert states(found) == {
        (0, 1): PairState.DECIDED,
        (0, 2): PairState.OUT_OF_SEEDS,
        (0, 3): PairState.OUT_OF_SEEDS,
        (1, 2): PairState.DECIDED,
        (1, 3): PairState.DECIDED,
        (2, 3): PairState.NOT_NEEDED,
    }
    assert found.leader("") == 1


def test_equal_optimizers_are_shown_to_be_equivalent_within_a_margin_but_never_with_runs_that_diverged():
    ranks = values(0.0, 0.0)
    [outcome] = compared(ranks, LookPlan(40, margin=1.1)).outcomes
    assert outcome.state is PairState.EQUIVALENT
    assert outcome.seeds < 40
    assert outcome.p <= 0.015
    ranks[0, 0], ranks[1, 1] = LOST_RANK, NO_VALUE_RANK
    assert compared(ranks, LookPlan(40, margin=1.1)).outcomes[0].state is PairState.OUT_OF_SEEDS


def test_a_run_without_a_value_loses_and_turns_its_pairs_differences_into_wins():
    ranks = values(0.0, 1.0)
    ranks[1, :3] = NO_VALUE_RANK, LOST_RANK, LOST_RANK
    [outcome] = compared(ranks).outcomes
    assert (outcome.state, outcome.faster, outcome.seeds) == (PairState.DECIDED, 0, 8)
    ranks[0, :8] += 2  # behind on the other five seeds
    assert compared(ranks).outcomes[0].seeds > 8


def test_deterministic_runs_need_no_test_and_seeds_that_never_differ_no_more_seeds():
    ranks = np.repeat([[0.3], [0.1], [0.3], [LOST_RANK], [LOST_RANK]], 8, axis=1)
    found = compared(ranks, exact=(0, 1))
    outcomes = {(one.first, one.second): one for one in found.outcomes}
    assert outcomes[0, 1].state is PairState.EXACT
    assert outcomes[0, 1].faster == 1
    assert math.isnan(outcomes[0, 1].p)
    assert outcomes[0, 2].state is PairState.SAME
    assert outcomes[3, 4].state is PairState.SAME
    assert outcomes[1, 3].state is PairState.DECIDED


def test_pairs_of_all_settings_are_one_family_and_each_setting_has_its_leader():
    ranks = values(0.0, 1.0, 1.0, 0.0)
    found = compare_sequentially(Contest(ranks, ["a", "a", "b", "b"], [False] * 4), LookPlan(40), FLIPS)
    assert [(one.first, one.second) for one in found.outcomes] == [(0, 1), (2, 3)]
    assert [found.leader("a"), found.leader("b")] == [0, 3]


@pytest.mark.parametrize("effect", [0.0, 0.03, 0.05])
@pytest.mark.parametrize("seed", range(16))
def test_the_repeated_interval_is_wider_than_students_and_excludes_0_exactly_if_the_pair_is_decided(seed, effect):
    ranks = values(0.0, effect, seed=seed)
    [outcome] = compared(ranks).outcomes
    differences = (ranks[0] - ranks[1])[: outcome.seeds]
    interval, students = repeated_interval(differences, outcome.bound), student_interval(differences)
    assert interval.low < students.low < students.high < interval.high
    assert (interval.low < 0 < interval.high) == (outcome.state is not PairState.DECIDED)


def test_an_interval_without_a_bound_is_infinite():
    assert repeated_interval(np.arange(8.0), math.inf)[1:] == (-math.inf, math.inf)
