"""The answer of a page: what to use, what is not shown, and what would decide it, for each kind of sweep."""

import math
import shlex
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from claim_rows import FAST, NOISE, SLOW, TUNING_SEEDS, rows, with_trials
from test_findings import standings_of

from zdl_bench.report.more_seeds import MoreSeeds
from zdl_bench.report.page_budget import PageTests
from zdl_bench.report.standings import Standings
from zdl_bench.report.words.answer import Answer, answer_of
from zdl_bench.report.words.effects import percent_text, ratio_sentence
from zdl_bench.report.words.open_question import seeds_that_decide
from zdl_bench.report.words.variant_text import praise_of
from zdl_bench.statistics.claims import claims_of
from zdl_bench.statistics.evidence import ExperimentRuns
from zdl_bench.statistics.finding import Effect, Finding
from zdl_bench.statistics.verdict import judge_family

COMMAND = "python -m zdl_bench -m optimizer=sgd,adam 'seed=range(0,10)' force=true"


def with_more(standings: Standings) -> Standings:
    """The same, with what more seeds cost."""
    comparison = replace(standings.comparison, runs=standings.comparison.runs.assign(setting=""))
    return replace(standings, more=MoreSeeds.of(COMMAND, [comparison]))


def answer(*frames: pd.DataFrame, tuning_seeds=()) -> Answer:
    return answer_of(PageTests([with_more(standings_of(*frames, tuning_seeds=tuning_seeds))]))


def test_who_is_shown_to_be_best_is_to_be_used_with_its_numbers():
    found = answer(rows("sgd", SLOW), rows("adam", FAST, lr=0.01))
    assert found.advice == "Use adam at lr 0.01."
    start = (
        "Fastest, first to the targets, lowest loss at the end (0.200), steadiest and most accurate (80.0 %) of 2 optimizers"
    )
    assert found.because == f"{start}; adam's mean loss over the run is 33 % lower than sgd's."
    assert (found.not_shown, found.command) == ("", "")
    assert found.lines == [f"{found.advice} {found.because}"]


@pytest.mark.parametrize(("factor", "loss"), [(1, "adam's mean loss over the run is 33 % lower than nadam's"),
                                              (2, "nadam's mean loss over the run is 3.00 times adam's")])  # fmt: skip
def test_of_rivals_that_the_tests_tell_equally_well_the_closest_is_the_nearest_in_effect(factor, loss):
    """In whatever order they stand in the plan."""
    far, near, first = rows("sgd", 6 * SLOW), rows("nadam", factor * SLOW), rows("adam", FAST)
    for frames in ((far, near, first), (near, far, first)):
        assert answer(*frames).because.endswith(f"of 3 optimizers; against the closest rival, {loss}.")


def test_what_it_is_not_shown_to_lead_in_is_said_with_the_seeds_that_would_decide():
    even = 0.2 * np.exp(0.01 + NOISE[::-1])
    faster = rows("adam", 0.2 * np.exp(NOISE)).assign(log_aulc=np.log(FAST / 2))
    found = answer(rows("sgd", even), faster)
    assert found.advice == "Use adam at lr 0.001."
    assert found.not_shown.startswith("that it ends lower than sgd (")
    seeds = int(found.next_words.removesuffix(" seeds"))
    assert f"({seeds} seeds would decide, about " in found.not_shown
    assert shlex.split(found.command) == ["python", "-m", "zdl_bench", "-m", "optimizer=sgd,adam", f"seed=range(0,{seeds})"]


def test_one_that_is_faster_and_one_that_ends_lower_are_both_named():
    late = rows("sgd", FAST / 2).assign(log_aulc=np.log(SLOW))
    found = answer(late, rows("adam", SLOW).assign(log_aulc=np.log(FAST)))
    assert found.advice == "Use adam at lr 0.001 to learn fast, or sgd at lr 0.001 to end lower (0.100)."
    assert "But sgd reaches the targets first, is steadier and is more accurate." in found.because


def test_what_others_are_shown_to_do_better_is_not_called_open():
    """Two end lower than the fastest, and cannot be told apart themselves."""
    late = [
        rows(name, FAST / 2 * np.exp(noise)).assign(log_aulc=np.log(SLOW) + 0.001 * place)
        for place, (name, noise) in enumerate((("sgd", NOISE[::-1]), ("yogi", 0.001 + NOISE)))
    ]
    found = answer(*late, rows("adam", SLOW).assign(log_aulc=np.log(FAST)))
    assert found.advice == "Use adam at lr 0.001 to learn fast, or sgd at lr 0.001 to end lower (0.100)."
    assert "ends lower" not in found.not_shown


def test_nobody_is_recommended_without_a_test_that_shows_it():
    found = answer(rows("sgd", FAST), rows("adam", FAST * np.exp(0.001 + NOISE[::-1])))
    assert found.advice == "No optimizer is shown to be best; sgd at lr 0.001 is ahead."
    assert found.not_shown.startswith("that sgd is faster than adam (")
    assert "Use" not in " ".join(found.lines)


def test_the_few_that_cannot_be_told_apart_are_named_and_the_others_are_shown_to_be_slower():
    near = FAST * np.exp(0.001 + NOISE[::-1])
    found = answer(rows("adam", FAST), rows("nadam", near), *(rows(f"slow{i}", SLOW * (2 + i)) for i in range(3)))
    assert found.advice == "Use adam at lr 0.001 or nadam at lr 0.001."
    assert found.because == "Which of them is fastest is not shown; the other 3 are shown to be slower than adam."


def left_out() -> list[pd.DataFrame]:
    """Trials of an optimizer for which no learning rate can be chosen, so that it is not compared."""
    lost = [rows("lost", SLOW * math.nan, lr=lr) for lr in (1.0, 10.0)]
    return [frame[frame["seed"].isin(TUNING_SEEDS)] for frame in with_trials(*lost)]


def test_an_optimizer_that_was_not_compared_counts_as_neither_beaten_nor_slower():
    near = FAST * np.exp(0.001 + NOISE[::-1])
    why = "how lost does (no learning rate has a value on every seed used to choose)."
    grids = [rows(name, v * k, lr=lr) for name, v in (("sgd", SLOW), ("adam", FAST)) for lr, k in ((0.01, 1), (0.1, 2))]
    shown = answer(*with_trials(*grids), *left_out(), tuning_seeds=TUNING_SEEDS)
    assert shown.advice == "Use adam at lr 0.01."
    assert "of 2 optimizers;" in shown.because
    assert shown.not_shown.endswith(why)
    grids = [rows(name, v * k, lr=lr) for name, v in (("sgd", near), ("adam", FAST)) for lr, k in ((0.01, 1), (0.1, 2))]
    is_open = answer(*with_trials(*grids), *left_out(), tuning_seeds=TUNING_SEEDS)
    assert is_open.advice == "No optimizer is shown to be best; adam at lr 0.01 is ahead."
    assert "slower" not in is_open.because
    assert is_open.not_shown.endswith(f"; and {why}")


def test_one_seed_names_who_is_ahead_and_the_fewest_seeds_that_decide():
    found = answer(rows("sgd", SLOW[:1]), rows("adam", FAST[:1]))
    assert found.advice == "No optimizer is shown to be best; adam at lr 0.001 is ahead."
    why = "since one seed decides nothing (6 are the fewest that can, less than a minute of training)"
    assert found.not_shown == f"that adam is faster than sgd, {why}."
    assert "'seed=range(0,6)'" in found.command


def test_learning_rates_chosen_on_the_same_seeds_are_chosen_on_others_first():
    grids = [
        rows(name, values * factor, lr=lr)
        for name, values in (("sgd", SLOW), ("adam", FAST))
        for lr, factor in ((0.01, 1), (0.1, 2))
    ]
    found = answer(*grids)
    assert found.advice == "No optimizer is shown to be best; adam at lr 0.01 is ahead."
    assert "since the same seeds chose the learning rates (let three others choose them: 'tuning_seeds=range(100,103)')" in (
        found.not_shown
    )
    assert "tuning_seeds=range(100,103)" in found.command
    tuned = answer(*with_trials(*grids), tuning_seeds=TUNING_SEEDS)
    assert tuned.advice == "Use adam at lr 0.01."
    assert tuned.not_shown == "whether a smaller lr is better still (0.01 is the smallest that was tried)."


def test_one_optimizer_is_advised_on_its_learning_rate_and_nothing_else():
    found = answer(rows("adam", FAST, lr=0.01), rows("adam", SLOW, lr=0.1), rows("adam", SLOW, lr=0.001))
    assert found.advice == "Use adam at lr 0.01."
    assert found.because.startswith("It has the lowest mean loss at the end of 3 learning rates tried; ")
    assert found.not_shown == "how other optimizers do, since none ran."
    assert answer(rows("adam", FAST)).advice == "Only adam ran, at lr 0.001."


def test_runs_that_diverged_or_learned_nothing_say_what_to_try():
    lost = SLOW * math.nan
    found = answer(rows("sgd", lost, lr=0.1), rows("adam", lost, lr=1.0))
    assert found.advice == "Everything diverged: all 20 runs blew up."
    assert found.not_shown == "anything about these optimizers; try learning rates below 0.1."
    stuck = [rows(name, SLOW).assign(learned=False) for name in ("sgd", "adam")]
    assert answer(*stuck).advice == "Nothing learned: all 20 runs ended no better than the trivial answer."
    mixed = answer(rows("sgd", lost), rows("adam", lost).assign(status="failed"))
    assert mixed.advice == "No run has a result to compare: 10 diverged and 10 failed."


def test_runs_without_randomness_are_exact():
    same = [rows(name, values).assign(digest=name) for name, values in (("sgd", SLOW * 0 + 0.3), ("adam", SLOW * 0 + 0.2))]
    found = answer(*same)
    assert found.advice == "Use adam at lr 0.001."
    assert "exact" in found.because
    assert found.not_shown == ""


def in_settings(*every: tuple[str, Standings]) -> PageTests:
    return PageTests([replace(one, comparison=replace(one.comparison, setting=name)) for name, one in every])


def test_several_settings_are_answered_together():
    adam, sgd = (standings_of(rows("sgd", a), rows("adam", b)) for a, b in ((SLOW, FAST), (FAST, SLOW)))
    even = with_more(standings_of(rows("sgd", FAST), rows("adam", FAST * np.exp(0.001 + NOISE[::-1]))))
    found = answer_of(in_settings(("steps=1", adam), ("steps=2", adam)))
    assert found.advice == "Use adam at lr 0.001: it is the fastest in each of the 2 settings."
    found = answer_of(in_settings(("steps=1", adam), ("steps=2", sgd), ("steps=3", even)))
    assert found.advice == "It depends: use adam at steps=1 and sgd at steps=2."
    assert found.not_shown == "which optimizer is best in the other 1 setting."
    found = answer_of(in_settings(("steps=1", even), ("steps=2", even)))
    assert found.advice == "No optimizer is shown to be best in any of the 2 settings; sgd is ahead in each of them."
    assert found.not_shown.startswith("that sgd is faster than adam")


def test_an_experiment_is_answered_by_its_claims():
    claims = [
        {"id": name, "sentence": f"{name} is better.", "source": "a paper", "metric": "tail_loss", "first": {"optimizer": a},
         "second": {"optimizer": b}, "kind": "superiority", "view": "as_named"}
        for name, a, b in (("adam", "adam", "sgd"), ("sgd", "sgd", "adam"))
    ]  # fmt: skip
    runs = pd.concat([rows("sgd", SLOW), rows("adam", FAST)], ignore_index=True)
    judged = judge_family(claims_of(claims), ExperimentRuns(runs, ()))
    found = answer_of(PageTests([standings_of(runs)]), judged)
    assert found.advice == "Of 2 claims, 1 is supported and 1 is refuted."
    assert found.because == "Supported: “adam is better”. Refuted: “sgd is better”."


def test_nothing_to_compare_is_an_answer():
    assert answer_of(PageTests()).advice == "There is no run to compare."


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (0.88, "a's loss is 12 % lower than b's"),
        (1.29, "a's loss is 29 % higher than b's"),
        (0.9953, "a's loss is 0.47 % lower than b's"),
        (0.25, "b's loss is 4.00 times a's"),
        (3.0, "a's loss is 3.00 times b's"),
        (math.nan, ""),
        (math.inf, ""),
    ],
)
def test_a_ratio_is_a_sentence(ratio, text):
    assert ratio_sentence("loss", "a", "b", Effect(ratio, ratio, ratio, "ratio")) == text


@pytest.mark.parametrize(
    ("effect", "text"),
    [
        ((0.88, 0.8, 0.95), "12 % lower [5 % to 20 %]"),
        ((1.1, 1.05, 1.2), "10 % higher [5 % to 20 %]"),
        ((0.99, 0.9, 1.1), "1 % lower [10 % lower to 10 % higher]"),
        ((4.6, 4.2, 5.1), "4.60 times as high [4.20 to 5.10]"),
        ((1.5, 1.2, 2.5), "50 % higher [20 % higher to 2.50 times as high]"),
        ((1.0, 1.0, 1.0), "the same [the same to the same]"),
        ((0.34, 0.3, 0.6), "66 % lower [40 % to 70 %]"),
        ((0.001, math.nan, math.nan), "0.00100 times as high"),
    ],
)
def test_an_effect_is_a_change_with_its_interval(effect, text):
    assert percent_text(Effect(*effect, "ratio")) == text


def test_seeds_that_decide_grow_with_the_noise_and_end():
    def needed(shift: float, noise: float) -> int | None:
        differences = tuple(shift + noise * NOISE / NOISE.std(ddof=1))
        return seeds_that_decide(Finding(view=None, n=10, n_values=10, differences=differences), 0.05)

    assert needed(0.1, 0.1) < needed(0.1, 0.2) < needed(0.1, 0.4)
    assert needed(0.0001, 1.0) is None


@pytest.mark.parametrize("n", [8, 9])
def test_differences_that_do_not_tell_promise_no_number_of_seeds(n):
    """One more seed than there are would be promised again and again."""
    for differences in ((0.1,) * n, (math.nan, *(0.1,) * (n - 1))):
        assert seeds_that_decide(Finding(view=None, n=n, n_values=n, differences=differences), 0.05) <= n
        assert seeds_that_decide(Finding(view=None, n=3, n_values=3, differences=differences[:3]), 0.05) == 6


def test_a_run_without_jitter_lets_a_few_more_seeds_decide():
    even = FAST * np.exp(0.001 + NOISE[::-1])
    lost = rows("sgd", np.where(np.arange(10) == 3, math.nan, even))
    found = answer(lost, rows("adam", np.where(np.arange(10) == 4, math.nan, FAST)))
    assert "seeds would decide" not in found.not_shown
    assert found.command == ""


def test_a_sweep_of_which_only_tuning_seeds_ran_did_not_fail():
    trials = [rows(name, SLOW, lr=lr, first_seed=100) for name in ("sgd", "adam") for lr in (0.01, 0.1)]
    found = answer(*trials, tuning_seeds=TUNING_SEEDS)
    assert found.lines == [
        "Only tuning seeds have run; nothing is judged yet.", "Not shown: how sgd and adam do (it ran on tuning seeds only)."
    ]  # fmt: skip
    lost = [rows(name, SLOW * math.nan, lr=lr, first_seed=100) for name in ("sgd", "adam") for lr in (0.01, 0.1)]
    assert answer(*lost, tuning_seeds=TUNING_SEEDS).advice == "Everything diverged: all 40 runs blew up."


def test_what_became_of_runs_counts_those_that_judge():
    trials = [rows(name, SLOW, lr=lr, first_seed=100) for name in ("sgd", "adam") for lr in (0.01, 0.1)]
    judged = [rows(name, SLOW * math.nan, lr=0.01) for name in ("sgd", "adam")]
    assert answer(*trials, *judged, tuning_seeds=TUNING_SEEDS).advice == "Everything diverged: all 20 runs blew up."
    judged[0] = rows("sgd", SLOW, lr=0.01).assign(learned=False)
    found = answer(*trials, *judged, tuning_seeds=TUNING_SEEDS)
    assert found.advice == "No run has a result to compare: 10 did not learn and 10 diverged."


def test_a_mean_over_some_runs_says_over_which():
    lost = np.where(np.arange(6) < 2, math.nan, 0.5)
    assert answer(rows("adam", lost)).because == (
        "It ends at a loss of 0.500 with 50.0 % test accuracy on 4 of 6 seeds; 2 diverged."
    )
    assert answer(rows("adam", FAST)).because.endswith("test accuracy, over 10 seeds.")
    standings = standings_of(rows("sgd", SLOW), rows("adam", np.where(np.arange(10) == 0, math.nan, 0.25)))
    assert praise_of("loss at the end", "adam", standings) == "lowest loss at the end (0.250 on 9 of 10 seeds; 1 diverged)"
    assert praise_of("loss at the end", "sgd", standings).count("seeds") == 0


def test_the_ratio_says_on_which_seeds_it_rests_if_the_means_of_the_table_rest_on_others():
    """The slower optimizer lost the worst seed: its mean is lower, and yet it is slower wherever both have a value."""
    uneven = np.where(np.arange(10) == 0, 500.0, 1.0) * FAST
    slower = np.where(np.arange(10) == 0, math.nan, 1.5 * uneven)
    assert np.nanmean(np.log(slower)) < np.log(uneven).mean()
    found = answer(rows("sgd", slower), rows("adam", uneven))
    ratio = "adam's mean loss over the run is 33 % lower than sgd's on the 9 of 10 seeds where both have a value"
    assert ratio in found.because
    assert "seeds where" not in answer(rows("sgd", SLOW), rows("adam", FAST)).because


def test_values_of_other_keys_are_not_called_learning_rates():
    tuned = [rows("adam", SLOW * k, beta1=beta, tuned=f"beta1={beta}") for k, beta in ((1, 0.5), (2, 0.9), (3, 0.99))]
    found = answer(*with_trials(*tuned), tuning_seeds=TUNING_SEEDS)
    assert found.advice == "Use adam at lr 0.001 and beta1=0.5."
    assert found.because.startswith("It has the lowest mean loss at the end of 3 values tried; ")


def test_without_any_side_nobody_has_runs_to_compare():
    """Each learning rate has a lost run, though others have values."""
    lost = np.where(np.arange(10) == 0, math.nan, FAST)
    found = answer(*(rows(name, lost, lr=lr) for name in ("sgd", "adam") for lr in (0.01, 0.1)))
    assert found.advice == "No optimizer has runs to compare."
    assert found.not_shown == "how sgd and adam do (no learning rate has a value on every seed used to choose)."
    one = answer(*(rows("sgd", lost, lr=lr) for lr in (0.01, 0.1)), rows("adam", FAST))
    assert one.advice == "Only adam has runs to compare."


def test_the_open_question_of_several_settings_names_its_setting():
    even = with_more(standings_of(rows("sgd", FAST), rows("adam", FAST * np.exp(0.001 + NOISE[::-1]))))
    assert answer_of(in_settings(("steps=1", even), ("steps=2", even))).not_shown.endswith(", at steps=1.")


def test_no_winner_of_a_setting_vanishes():
    names = ("sgd", "adam", "nadam", "yogi", "lion")
    every = [
        (f"steps={number}", standings_of(*(rows(name, FAST if name == best else SLOW) for name in names)))
        for number, best in enumerate(names)
    ]
    four, five = answer_of(in_settings(*every[:4])).advice, answer_of(in_settings(*every)).advice
    start = "It depends: use sgd at steps=0, adam at steps=1, nadam at steps=2 and "
    assert four == f"{start}yogi in 1 more setting."
    assert five == f"{start}yogi or lion in 2 more settings."


def test_six_seeds_that_cannot_decide_are_not_said_to_have_been_tested():
    """More optimizers, or more settings, need more than the six seeds that can decide a single comparison."""
    strict = replace(standings_of(rows("sgd", SLOW[:6]), rows("adam", FAST[:6])), share=0.1)
    found = answer_of(PageTests([with_more(strict)]))
    assert "since 6 seeds decide nothing (" in found.not_shown
    assert "6 are the fewest" not in found.not_shown
