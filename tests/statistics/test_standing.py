"""Where optimizers stand: each against the control, who leads, and at which learning rate they are compared."""

import math

import numpy as np
import pandas as pd
import pytest
from claim_rows import FAST, NOISE, SLOW, rows
from hypothesis import given, settings
from hypothesis import strategies as st

from zdl_bench.statistics.claim_part import ClaimPart, Kind, View
from zdl_bench.statistics.evidence import entrants_at_best, entrants_of
from zdl_bench.statistics.finding import Finding
from zdl_bench.statistics.judge import describe, judge
from zdl_bench.statistics.standing import standings_of
from zdl_bench.statistics.verdict import Verdict


def with_variant(*frames: pd.DataFrame) -> pd.DataFrame:
    every = pd.concat(frames, ignore_index=True)
    return every.assign(variant=every["optimizer"])


def standing(*frames: pd.DataFrame, tuning_seeds=(), metric: str = "tail_loss"):
    runs = with_variant(*frames)
    [found] = standings_of(entrants_at_best(runs, tuning_seeds), list(runs["variant"].drop_duplicates()), [[metric]])
    return found


def pairs_of(found) -> dict[tuple[str, str], Finding]:
    [pairwise] = found.measures
    return pairwise.pairs


def test_each_is_compared_with_the_first():
    found = standing(rows("sgd", SLOW), rows("momentum", FAST), rows("adam", SLOW * np.exp(NOISE[::-1])))
    assert found.control == "sgd"
    verdicts = {one.label: one.verdict for one in found.against_control("tail_loss")}
    assert verdicts == {"momentum / sgd": Verdict.SUPPORTED, "adam / sgd": Verdict.INSUFFICIENT}
    assert found.leader.p == pytest.approx(2**-9 / 0.9)
    assert found.verdicts[0].p == pytest.approx(2**-9 / 0.9)  # the leader is decided, so the pairs have the whole error
    assert found.verdicts[0].finding.effect.mean == pytest.approx(2 / 3)


def test_who_beats_all_others_leads():
    found = standing(rows("sgd", SLOW), rows("momentum", FAST), rows("adam", 1.1 * SLOW * np.exp(NOISE[::-1])))
    leader = found.leader
    assert leader.variant == "momentum"
    assert leader.verdict is Verdict.SUPPORTED
    assert leader.p == pytest.approx(2 * 2**-10 / 0.9)  # one-sided, times two; nine tenths of the error
    assert set(leader.rivals) == {"sgd", "adam"}
    assert leader.rivals["sgd"].effect.mean == pytest.approx(2 / 3)


def test_who_is_ahead_but_not_of_all_does_not_lead():
    close = FAST * np.exp(0.001 + NOISE[::-1])
    found = standing(rows("sgd", SLOW), rows("momentum", FAST), rows("adam", close))
    assert found.leader.variant == "momentum"
    assert found.leader.verdict is Verdict.INSUFFICIENT
    assert next(iter(found.leader.rivals)) == "adam", "the closest first"


def test_few_seeds_decide_nothing():
    found = standing(rows("sgd", SLOW[:4]), rows("momentum", FAST[:4]))
    assert found.leader.verdict is Verdict.INSUFFICIENT
    assert found.leader.reason == "4 seeds, and this page needs 6"
    assert found.verdicts[0].verdict is Verdict.INSUFFICIENT


def test_one_variant_has_no_standing_to_speak_of():
    found = standing(rows("sgd", SLOW))
    assert (found.leader, list(found.verdicts), pairs_of(found)) == (None, [], {})


def test_equal_deterministic_runs_are_a_tie_that_nobody_wins():
    same = {"problem.gradient_noise": 0.0, "problem.start_std": 0.0}
    frames = [
        rows(name, [0.2], **same).assign(dataset=None, digest="d", run_id=name, optimizer=name) for name in ("sgd", "momentum")
    ]
    found = standing(*frames)
    assert found.measures[0].win_rate("sgd", "momentum") == found.measures[0].win_rate("momentum", "sgd") == 0.5
    assert found.leader.verdict is Verdict.INSUFFICIENT
    better = standing(frames[0], frames[1].assign(tail_loss=0.1))
    assert better.measures[0].win_rate("momentum", "sgd") == 1
    assert better.measures[0].win_rate("sgd", "momentum") == 0
    assert better.leader.variant == "momentum"
    assert (better.leader.verdict, better.leader.p) == (Verdict.SUPPORTED, 0)


def test_runs_without_a_value_lose_and_are_counted():
    lost = np.where(np.arange(10) < 3, np.nan, FAST)
    found = standing(rows("sgd", SLOW), rows("momentum", lost))
    assert found.measures[0].win_rate("momentum", "sgd") == pytest.approx(0.7)
    finding = pairs_of(found)["sgd", "momentum"]
    assert (finding.n, finding.n_values) == (10, 7)


def test_where_no_run_has_a_value_nothing_is_decided():
    found = standing(rows("sgd", [math.nan] * 10), rows("momentum", [math.nan] * 10))
    assert found.leader.verdict is Verdict.NOT_DECIDABLE
    assert found.leader.reason == "no run has a value"


def test_the_best_lr_is_chosen_on_tuning_seeds_and_judged_on_the_others():
    grid = [rows("sgd", [0.3] * 3, lr=0.01), rows("sgd", [0.5] * 3, lr=0.1)]
    judged = [rows("sgd", SLOW, lr=0.01, first_seed=100), rows("momentum", FAST, lr=0.01, first_seed=100)]
    runs = with_variant(*grid, *judged)
    side = entrants_at_best(runs, (0, 1, 2)).sides["sgd"]
    assert side.choice.lr == 0.01
    assert side.runs["seed"].tolist() == list(range(100, 110))


def test_without_tuning_seeds_all_seeds_choose_and_judge():
    runs = with_variant(rows("sgd", SLOW, lr=0.01), rows("sgd", FAST, lr=0.1))
    entrants = entrants_at_best(runs, ())
    assert entrants.sides["sgd"].choice.lr == 0.1
    assert entrants.sides["sgd"].choice.at_edge
    assert not entrants.are_tuned


CHOSEN_HERE = "the learning rates were chosen on the seeds that judge; let others choose, for example tuning_seeds="


@pytest.mark.parametrize("lrs_of_adam", [(0.01,), (0.01, 0.1)])
def test_a_choice_on_the_judging_seeds_is_described_but_not_judged(lrs_of_adam):
    """Whatever the effect, and even if only one side had a choice."""
    grids = [rows("sgd", SLOW, lr=0.01), rows("sgd", FAST, lr=0.1), *(rows("adam", SLOW * lr, lr=lr) for lr in lrs_of_adam)]
    entrants = entrants_at_best(with_variant(*grids), ())
    part = ClaimPart(Kind.SUPERIORITY, "tail_loss", {"variant": "sgd"}, {"variant": "adam"}, View.BEST_LR)
    found, described = judge(part, entrants), describe(part, entrants)
    assert found.reason == f"{CHOSEN_HERE}range(100,103)"
    assert (found.p_for, found.p_against) == (1, 1)
    assert described.reason == ""
    assert found.effect == described.effect
    assert found.effect.mean == pytest.approx(np.exp(np.mean(np.log(FAST / (SLOW * 0.01)))))
    everyone = standing(*grids)
    assert everyone.leader.verdict is Verdict.NOT_DECIDABLE
    assert everyone.leader.reason == found.reason
    assert [judged.verdict for judged in everyone.contrasts] == [Verdict.NOT_DECIDABLE]
    assert everyone.win_rate("sgd", "adam") == described.wins.rate


def test_the_tuning_seeds_that_are_proposed_are_free():
    grids = [rows(name, SLOW, lr=lr, first_seed=98) for name in ("sgd", "adam") for lr in (0.01, 0.1)]
    assert standing(*grids).leader.reason == f"{CHOSEN_HERE}range(108,111)"


def test_who_had_nothing_to_choose_is_judged_beside_others_who_had():
    grids = [rows("sgd", SLOW), rows("momentum", FAST), *(rows("adam", FAST * lr, lr=lr) for lr in (0.01, 0.1))]
    verdicts = {judged.claim.id: judged.verdict for judged in standing(*grids).contrasts}
    assert verdicts == {"momentum / sgd": Verdict.SUPPORTED, "adam / sgd": Verdict.NOT_DECIDABLE}


def test_a_choice_among_deterministic_runs_is_no_luck():
    """The same bits on every seed: another seed would choose the same."""
    drawn = {"problem.gradient_noise": 0.0, "problem.start_std": 0.0}
    frames = [
        rows(name, [loss], lr=lr, **drawn).assign(dataset=None, digest=f"{name} {lr}", run_id=f"{name} {lr}")
        for name, lr, loss in (("sgd", 0.01, 0.3), ("sgd", 0.1, 0.2), ("adam", 0.01, 0.1))
    ]
    leader = standing(*frames).leader
    assert (leader.variant, leader.verdict) == ("adam", Verdict.SUPPORTED)


def test_a_variant_that_lost_runs_at_every_lr_says_so():
    lost = np.where(np.arange(10) == 0, np.nan, FAST)
    runs = with_variant(rows("sgd", lost, lr=0.01), rows("sgd", lost, lr=0.1), rows("adam", SLOW), rows("adam", SLOW, lr=0.1))
    entrants = entrants_at_best(runs, ())
    assert list(entrants.sides) == ["adam"]
    assert entrants.reasons == {"sgd": "sgd: no learning rate has a value on every seed used to choose"}
    assert standings_of(entrants, ["sgd", "adam"], [["tail_loss"]])[0].leader is None


def test_who_has_several_runs_of_one_seed_is_left_out():
    runs = with_variant(rows("sgd", SLOW, lr=0.01), rows("momentum", FAST, lr=0.01), rows("momentum", FAST, lr=0.001))
    assert list(entrants_of(runs[runs["lr"] == 0.01]).sides) == ["sgd", "momentum"]
    twice = entrants_of(runs)
    assert list(twice.sides) == ["sgd"]
    assert twice.reasons == {"momentum": "momentum: it has several runs of one seed at one learning rate"}


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=6, max_size=12))
def test_turned_findings_are_those_of_the_turned_comparison(differences):
    base = np.exp(np.linspace(-1, 0, len(differences)))
    runs = with_variant(rows("sgd", base), rows("momentum", base * np.exp(differences)))
    [found] = standings_of(entrants_at_best(runs, ()), ["sgd", "momentum"], [["tail_loss"]])
    one, other = pairs_of(found)["sgd", "momentum"], pairs_of(found)["momentum", "sgd"]
    part = ClaimPart(Kind.SUPERIORITY, "tail_loss", {"variant": "momentum"}, {"variant": "sgd"}, View.BEST_LR)
    direct = judge(part, entrants_at_best(runs, ()))
    assert other.effect.mean == pytest.approx(direct.effect.mean)
    assert (other.effect.low, other.effect.high) == pytest.approx((direct.effect.low, direct.effect.high))
    assert min(other.p_for, other.p_against) == min(direct.p_for, direct.p_against)
    assert one.wins.rate + other.wins.rate == pytest.approx(1)


def test_equal_runs_put_nobody_ahead():
    found = standing(rows("sgd", SLOW), rows("momentum", SLOW))
    assert found.leader.is_tied
    assert not standing(rows("sgd", SLOW), rows("momentum", FAST)).leader.is_tied


def test_an_exact_comparison_of_what_no_run_has_is_not_decided():
    drawn = {"problem.gradient_noise": 0.0, "problem.start_std": 0.0}
    frames = [rows(name, [-1.0] * 6, **drawn).assign(dataset=None, digest=name) for name in ("sgd", "momentum")]
    found = standing(*frames)
    assert found.leader.verdict is Verdict.NOT_DECIDABLE
    assert [one.verdict for one in found.verdicts] == [Verdict.NOT_DECIDABLE]
    assert math.isnan(found.measures[0].win_rate("sgd", "momentum"))


def test_who_was_not_tuned_beside_others_who_were_is_left_out():
    tuned = [rows("sgd", [0.3] * 3, lr=0.01), rows("sgd", [0.5] * 3, lr=0.1), rows("sgd", SLOW, lr=0.01, first_seed=100)]
    grid = [rows("adam", FAST * factor, lr=lr, first_seed=100) for lr, factor in ((0.01, 1), (0.1, 2))]
    entrants = entrants_at_best(with_variant(*tuned, *grid), (0, 1, 2))
    assert list(entrants.sides) == ["sgd"]
    assert entrants.reasons == {"adam": "adam: its learning rates were not tried on tuning seeds"}


def test_those_that_have_runs_are_ranked_without_the_one_that_has_none():
    lost = np.where(np.arange(10) == 0, np.nan, FAST)
    pairs = [(name, lr, values) for name, values in (("sgd", SLOW), ("adam", FAST), ("rmsprop", lost)) for lr in (0.01, 0.1)]
    found = standing(*(rows(name, values * (1 + lr), lr=lr) for name, lr, values in pairs))
    assert found.leader.variant == "adam"
    assert set(found.leader.rivals) == {"sgd"}
    assert found.leader.verdict is Verdict.SUPPORTED


PERFECT, NEARLY = np.ones(10), np.full(10, 0.9) + np.arange(10) * 1e-3


@pytest.mark.parametrize("images", [10_000.0, 297.0, math.nan])
def test_a_perfect_accuracy_wins(images):
    """Whether or not anybody knows the number of images."""
    frames = [rows(name, FAST, test_images=images) for name in ("sgd", "adam")]
    frames = [frame.assign(test_accuracy=values) for frame, values in zip(frames, (NEARLY, PERFECT), strict=True)]
    leader = standing(*frames, metric="test_accuracy").leader
    assert (leader.variant, leader.verdict) == ("adam", Verdict.SUPPORTED)
    turned = standing(*frames[::-1], metric="test_accuracy").leader
    assert turned.variant == "adam"
    if not math.isnan(images):
        [finding] = leader.rivals.values()
        odds = (images + 0.5) / 0.5 / ((NEARLY * images + 0.5) / (images - NEARLY * images + 0.5))
        assert finding.n_values == 10
        assert finding.effect.mean == pytest.approx(np.log(odds).mean())


def test_an_accuracy_of_0_loses_to_every_other_and_beats_a_diverged_run():
    nothing, little = np.zeros(10), np.full(10, 0.01)
    for values, other in ((nothing, little), (np.full(10, math.nan), nothing)):
        lost = FAST if values is nothing else np.full(10, math.nan)
        frames = [rows("sgd", lost).assign(test_accuracy=values), rows("adam", FAST).assign(test_accuracy=other)]
        leader = standing(*(frame.assign(learned=True) for frame in frames), metric="test_accuracy").leader
        assert (leader.variant, leader.verdict) == ("adam", Verdict.SUPPORTED)


def test_two_perfect_accuracies_are_a_tie():
    frames = [rows(name, FAST, test_images=297.0).assign(test_accuracy=1.0) for name in ("sgd", "adam")]
    leader = standing(*frames, metric="test_accuracy").leader
    assert leader.verdict is Verdict.INSUFFICIENT
    assert leader.is_tied


def test_a_finding_keeps_the_difference_of_each_pair():
    found = pairs_of(standing(rows("sgd", SLOW), rows("momentum", FAST)))
    assert found["momentum", "sgd"].differences == pytest.approx(np.log(FAST / SLOW))
    assert found["sgd", "momentum"].differences == pytest.approx(np.log(SLOW / FAST))
    lost = pairs_of(standing(rows("sgd", SLOW), rows("momentum", np.where(np.arange(10) == 0, np.nan, FAST))))
    assert np.isnan(lost["momentum", "sgd"].differences).tolist() == [True] + [False] * 9
