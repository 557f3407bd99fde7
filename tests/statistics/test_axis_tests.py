"""Tests along an axis: what is there is found, what is not there is found in 5 % of families, and nothing without seeds."""

import numpy as np
import pytest
from benchmarks.axis_error import NOISES, SHIFTS, error_of, side_of
from claim_rows import NOISE

from zdl_bench.statistics.axis_tests import About, AxisTests, Spot, axis_comparisons, judge_axes
from zdl_bench.statistics.side import Side
from zdl_bench.statistics.standing import SPENT_ELSEWHERE
from zdl_bench.statistics.tuning import choose_lr

SEEDS = 10


def family_of(means: dict[tuple[str, int], float], *, share=1.0, seeds=SEEDS, constant=frozenset()) -> AxisTests:
    """The tests of optimizers with these mean ln losses at each value, and a little noise of their own."""
    rng = np.random.default_rng(0)
    sides = {
        Spot("", optimizer, place): side_of(
            mean + 0.3 * rng.standard_normal(seeds) * NOISE[0] + NOISE[:seeds], f"{optimizer}{place}"
        )
        for (optimizer, place), mean in means.items()
    }
    compared = axis_comparisons(sides, ["tail_loss"], constant, are_tuned=True)
    return judge_axes([compared], share)[0]


def shown(tested: AxisTests, about: About) -> set[tuple]:
    return {(*test.optimizers, *test.places) for test in tested.of(about, "tail_loss") if test.is_shown}


FLAT = {(optimizer, place): 0.0 for optimizer in ("sgd", "adam") for place in (0, 1)}


def test_a_key_that_matters_to_one_optimizer_is_shown_to():
    tested = family_of(FLAT | {("adam", 1): -0.5})
    assert shown(tested, About.VALUES) == {("adam", 0, 1)}
    assert shown(tested, About.GAIN) == {("sgd", "adam", 0, 1)}
    assert shown(tested, About.OPTIMIZERS) == {("sgd", "adam", 1)}
    [test] = [one for one in tested.of(About.VALUES, "tail_loss") if one.is_shown]
    assert test.finding.effect.mean == pytest.approx(np.exp(0.5), rel=0.02)
    assert not test.is_first_ahead, "the loss is lower at the second value"


def test_a_key_that_matters_to_all_alike_is_no_gain():
    tested = family_of({(optimizer, place): place + 2.0 * (optimizer == "adam") for optimizer, place in FLAT})
    assert shown(tested, About.VALUES) == {("sgd", 0, 1), ("adam", 0, 1)}
    assert shown(tested, About.GAIN) == set()


def test_a_change_of_the_ranking_is_shown_from_both_sides():
    tested = family_of({("sgd", 0): 0.0, ("adam", 0): 0.5, ("sgd", 1): 0.5, ("adam", 1): 0.0})
    ahead = {test.places: test.is_first_ahead for test in tested.of(About.OPTIMIZERS, "tail_loss") if test.is_shown}
    assert ahead == {(0,): True, (1,): False}


def test_an_optimizer_without_the_key_is_compared_only_with_others():
    tested = family_of(FLAT, constant={("", "sgd")})
    assert [test.optimizers for test in tested.of(About.VALUES, "tail_loss")] == [("adam",)]
    assert tested.of(About.GAIN, "tail_loss") == []


def test_nothing_is_tested_without_error_or_seeds():
    everything = FLAT | {("adam", 1): -5.0}
    assert family_of(everything, share=0.0).reason == SPENT_ELSEWHERE
    assert family_of(everything, share=0.5, seeds=6).reason == "6 seeds, and this page needs 7"
    for tested in (family_of(everything, share=0.0), family_of(everything, share=0.5, seeds=6)):
        assert not any(test.is_shown for test in tested.tests)
    assert family_of(everything, share=0.5, seeds=7).reason == ""


def test_the_share_divides_the_error():
    whole, half = (family_of(FLAT | {("adam", 1): -0.5}, share=share) for share in (1.0, 0.5))
    for one, other in zip(whole.tests, half.tests, strict=True):
        assert other.p == pytest.approx(min(1.0, 2 * one.p))


def test_learning_rates_chosen_on_the_seeds_that_judge_are_described_and_not_tested():
    choice = choose_lr([0.1, 0.2], np.ones((2, SEEDS)))
    sides = {Spot("", "sgd", place): Side(side_of(NOISE + place, f"{place}").runs, choice) for place in (0, 1)}
    [tested] = judge_axes([axis_comparisons(sides, ["tail_loss"], set(), are_tuned=False)], 1.0)
    assert "chosen on the seeds that judge" in tested.reason
    assert tested.tests[0].finding.effect is not None
    assert not tested.tests[0].is_shown


def test_a_lost_run_loses_and_has_no_gain():
    losses = NOISE.copy()
    losses[3] = np.nan
    sides = {Spot("", name, place): side_of(NOISE, f"{name}{place}") for name in ("sgd", "adam") for place in (0, 1)}
    sides[Spot("", "sgd", 1)] = side_of(losses, "lost")
    [tested] = judge_axes([axis_comparisons(sides, ["tail_loss"], set(), are_tuned=True)], 1.0)
    assert tested.of(About.GAIN, "tail_loss") == []
    lost = next(test for test in tested.of(About.VALUES, "tail_loss") if test.optimizers == ("sgd",))
    assert lost.finding.n_values == lost.finding.n - 1


@pytest.mark.slow
@pytest.mark.parametrize("world", SHIFTS)
@pytest.mark.parametrize("noise", NOISES)
def test_a_family_errs_in_at_most_5_percent(world, noise):
    assert error_of(world, noise, 8, 150) <= 0.05 + 3 * 0.0178  # three standard errors of 150 samples
