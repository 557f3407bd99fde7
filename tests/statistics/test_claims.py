"""Claims on frames whose answer is known: verdicts, views, missing values, families; and what cannot be read."""

import math
from datetime import date

import numpy as np
import pandas as pd
import pytest
from claim_rows import FAST, NOISE, SLOW, rows

from zdl_bench.errors import ConfigError
from zdl_bench.statistics.claims import claims_of
from zdl_bench.statistics.evidence import ExperimentRuns
from zdl_bench.statistics.verdict import Verdict, judge_family


def claim(**keys):
    base = {"id": 1, "sentence": "s", "source": "here", "kind": "superiority", "metric": "tail_loss"}
    sides = {"first": {"optimizer": "momentum"}, "second": {"optimizer": "sgd"}}
    return base | sides | keys


def judged(frames, *claims, tuning_seeds=()):
    return judge_family(claims_of(claims), ExperimentRuns(pd.concat(frames, ignore_index=True), tuning_seeds))


def test_a_clear_difference_is_supported_and_its_opposite_refuted():
    [one] = judged([rows("momentum", FAST), rows("sgd", SLOW)], claim())
    finding = one.findings[0]
    assert one.verdict is Verdict.SUPPORTED
    assert finding.n == finding.n_values == 10
    assert finding.effect.mean == pytest.approx(2 / 3)  # the noise has mean 0
    assert finding.effect.low < 2 / 3 < finding.effect.high
    assert one.p == 2**-9  # all ten signs agree, two-sided
    assert finding.wins.rate == 1
    assert finding.correlation == pytest.approx(-1)
    assert len(finding.run_ids) == 20
    [other] = judged([rows("momentum", SLOW), rows("sgd", FAST)], claim())
    assert other.verdict is Verdict.REFUTED
    assert other.p == 2**-9


def test_no_difference_is_insufficient_evidence():
    [one] = judged([rows("momentum", 0.2 * np.exp(NOISE)), rows("sgd", 0.2 * np.exp(NOISE[::-1]))], claim())
    assert one.verdict is Verdict.INSUFFICIENT
    assert one.p > 0.5


def test_a_metric_for_which_more_is_better():
    [one] = judged([rows("momentum", FAST), rows("sgd", SLOW)], claim(metric="test_accuracy"))
    assert one.verdict is Verdict.SUPPORTED


def test_a_margin_must_be_exceeded():
    frames = [rows("momentum", FAST), rows("sgd", SLOW)]
    assert judged(frames, claim(margin=1.4))[0].verdict is Verdict.SUPPORTED  # 1.5 times better
    assert judged(frames, claim(margin=1.6))[0].verdict is Verdict.REFUTED


def test_fewer_than_six_seeds_decide_nothing():
    [one] = judged([rows("momentum", FAST[:5]), rows("sgd", SLOW[:5])], claim())
    assert one.verdict is Verdict.INSUFFICIENT
    assert "5 seeds have values, a family of this size needs 6" in one.reason


def test_a_family_too_large_for_its_seeds_says_how_many_it_needs():
    claims = [claim(id=number) for number in range(5)]  # log2(2·5/0.05) = 7.6
    for n, verdict in ((7, Verdict.INSUFFICIENT), (8, Verdict.SUPPORTED)):
        frames = [rows("momentum", FAST[:n]), rows("sgd", SLOW[:n])]
        found = judged(frames, *claims)
        assert {one.verdict for one in found} == {verdict}
        assert ("needs 8" in found[0].reason) == (n == 7)


def test_many_parts_need_more_seeds_to_be_refuted():
    parts = [{"kind": "superiority"}] * 13
    for n, verdict in ((9, Verdict.INSUFFICIENT), (10, Verdict.REFUTED)):  # log2(2·13/0.05) = 9.02
        frames = [rows("momentum", SLOW[:n]), rows("sgd", FAST[:n])]
        [one] = judged(frames, claim(kind="all_of", parts=parts))
        assert one.verdict is verdict
        assert one.reason == ("9 seeds cannot refute a claim of 13 parts here; that needs 10" if n == 9 else "")


def test_the_adjustment_is_holms():
    weak = 0.3 * np.exp(np.array([0.4, 0.3, 0.5, -0.1, 0.2, 0.4, 0.1, 0.3, -0.2, 0.2]))
    frames = [rows("momentum", FAST), rows("sgd", SLOW), rows("adam", np.full(10, 0.3)), rows("adagrad", weak)]
    strong, weaker = judged(frames, claim(id=1), claim(id=2, first={"optimizer": "adam"}, second={"optimizer": "adagrad"}))
    assert strong.p_family == pytest.approx(2 * strong.p)
    assert weaker.p_family == pytest.approx(weaker.p)
    assert strong.p < weaker.p


def test_a_shared_lr_and_a_shared_effective_lr():
    frames = [
        rows("momentum", FAST, lr=0.001),
        rows("sgd", SLOW, lr=0.001),
        rows("sgd", FAST / 2, lr=0.01),  # the effective lr of momentum at 0.001
    ]
    [one] = judged(frames, claim(view="same_effective_lr", lr=0.001, also=["same_lr"]))
    assert one.verdict is Verdict.REFUTED
    assert one.findings[0].effect.mean == pytest.approx(2)
    assert next(iter(one.other_views.values()))[0].effect.mean == pytest.approx(2 / 3)


def test_the_best_lr_is_chosen_on_tuning_seeds_and_judged_on_others():
    frames = [
        rows("momentum", [0.5, 0.5, 0.5], lr=0.001, first_seed=100),
        rows("momentum", [0.2, 0.2, 0.2], lr=0.01, first_seed=100),
        rows("momentum", [0.9, 0.9, math.nan], lr=0.1, first_seed=100),
        rows("sgd", [0.4, 0.1, 0.4], lr=0.001, first_seed=100),
        rows("sgd", [0.2, 0.3, 0.2], lr=0.01, first_seed=100),
        rows("momentum", FAST, lr=0.01),
        rows("sgd", SLOW, lr=0.01),
        rows("sgd", FAST / 9, lr=0.001),  # better on the seeds that judge: of no account
    ]
    [one] = judged(frames, claim(view="best_lr"), tuning_seeds=(100, 101, 102))
    assert one.verdict is Verdict.SUPPORTED
    assert one.findings[0].n == 10
    momentum, sgd, budgets = one.findings[0].notes
    assert momentum.startswith("momentum: best lr 0.01 (chosen in 100 % of resamples)")
    assert sgd.startswith("sgd: best lr 0.01 (chosen in ")
    assert "at the edge of its grid" in sgd
    assert budgets == "unequal budgets: 3 and 2 learning rates"
    [shared] = judged(frames, claim(first={"optimizer": "sgd", "lr": "best"}, second={"optimizer": "sgd", "lr": 0.001}),
                      tuning_seeds=(100, 101, 102))  # fmt: skip
    assert shared.verdict is Verdict.REFUTED


def test_runs_without_a_value_lose():
    """Effect and interval are those of the pairs with values; the verdict is that of the wins."""
    lost = SLOW.copy()
    lost[:9] = math.nan
    frames = [rows("momentum", FAST), rows("sgd", lost)]
    [one] = judged(frames, claim())
    finding = one.findings[0]
    assert one.verdict is Verdict.SUPPORTED
    assert (finding.n, finding.n_values) == (10, 1)
    assert finding.wins == (1.0, 10, 0, 0)
    assert any("decided by wins" in note for note in finding.notes)
    [both] = judged([rows("momentum", lost), rows("sgd", lost)], claim())
    assert both.findings[0].wins.rate == 0.5


def test_a_bound_holds_for_wins_as_well():
    lost = np.where(np.arange(10) == 0, math.nan, 0.3)
    frames = [rows("momentum", FAST), rows("sgd", lost)]
    assert judged(frames, claim(kind="threshold", at_most=0.9))[0].verdict is Verdict.SUPPORTED
    assert judged(frames, claim(kind="threshold", at_most=0.5))[0].verdict is Verdict.REFUTED  # one win of ten
    assert judged(frames, claim(margin=2))[0].verdict is Verdict.REFUTED
    swapped = {"first": {"optimizer": "sgd"}, "second": {"optimizer": "momentum"}}
    assert judged(frames, claim(kind="threshold", at_least=1.2, **swapped))[0].verdict is Verdict.SUPPORTED
    assert judged(frames, claim(kind="threshold", at_least=2, **swapped))[0].verdict is Verdict.REFUTED


def test_not_learned_stands_behind_learned_and_before_diverged():
    stuck = rows("momentum", np.full(10, 2.3)).assign(learned=False)
    [one] = judged([stuck, rows("sgd", SLOW)], claim())
    assert one.verdict is Verdict.REFUTED
    assert one.findings[0].n_values == 0
    [two] = judged([stuck, rows("sgd", np.full(10, math.nan))], claim())
    assert two.verdict is Verdict.SUPPORTED


def test_equivalence():
    close, far = 0.2 * np.exp(0.3 * NOISE), SLOW
    frames = [rows("momentum", close), rows("sgd", FAST), rows("adam", far)]
    assert judged(frames, claim(kind="equivalence"))[0].verdict is Verdict.SUPPORTED  # within a tenth
    apart = judged(frames, claim(kind="equivalence", first={"optimizer": "adam"}))[0]
    assert apart.verdict is Verdict.REFUTED
    assert judged(frames, claim(kind="equivalence", metric="log_aulc", margin=0.0953))[0].verdict is Verdict.SUPPORTED
    assert "state the margin" in judged(frames, claim(kind="equivalence", metric="log_aulc"))[0].reason


def test_equivalence_needs_values_on_both_sides():
    """One lost run takes the support away; only wins on nearly all seeds refute, whatever the values that remain."""
    one_lost = np.where(np.arange(10) == 3, math.nan, FAST * np.exp(0.1 * NOISE))
    [one] = judged([rows("momentum", one_lost), rows("sgd", FAST)], claim(kind="equivalence"))
    assert one.verdict is Verdict.INSUFFICIENT
    most_lost = np.where(np.arange(10) < 8, math.nan, 0.9)
    [two] = judged([rows("momentum", most_lost), rows("sgd", FAST)], claim(kind="equivalence"))
    assert two.verdict is Verdict.REFUTED
    assert two.p == 2**-9  # ten losses of ten
    none_left = np.full(10, math.nan)
    [three] = judged([rows("momentum", none_left), rows("sgd", FAST)], claim(kind="equivalence"))
    assert three.verdict is Verdict.REFUTED


def test_threshold_of_a_ratio_and_of_a_value():
    frames = [rows("momentum", FAST), rows("sgd", SLOW)]
    assert judged(frames, claim(kind="threshold", at_most=0.7))[0].verdict is Verdict.SUPPORTED
    assert judged(frames, claim(kind="threshold", at_most=0.6))[0].verdict is Verdict.REFUTED
    assert judged(frames, claim(kind="threshold", at_least=0.6))[0].verdict is Verdict.SUPPORTED
    alone = claim(kind="threshold", at_most=0.25) | {"second": None}
    [one] = judged(frames, alone)
    assert one.verdict is Verdict.SUPPORTED
    assert one.findings[0].effect.unit == "value"
    assert one.findings[0].effect.mean == pytest.approx(0.2)


def test_spread():
    calm, wild = 0.2 * np.exp(0.1 * NOISE), 0.2 * np.exp(10 * NOISE)
    frames = [rows("momentum", calm), rows("sgd", wild)]
    [one] = judged(frames, claim(statistic="spread"))
    assert one.verdict is Verdict.SUPPORTED
    expected = np.mean(np.abs(0.1 * NOISE) - np.abs(10 * NOISE))  # their median is 0
    assert one.findings[0].effect.mean == pytest.approx(expected)


def test_interaction_is_the_slope_over_levels():
    ratios = {1: 1.0, 2: 0.8, 4: 0.5}
    frames = [rows("sgd", SLOW, depth=depth) for depth in ratios]
    frames += [rows("momentum", SLOW * ratio * np.exp(0.1 * NOISE[::-1]), depth=depth) for depth, ratio in ratios.items()]
    levels = {"levels": [{"depth": depth} for depth in ratios], "at": list(ratios)}
    [one] = judged(frames, claim(kind="interaction", **levels))
    assert one.verdict is Verdict.SUPPORTED
    expected = np.polyfit(list(ratios), np.log(list(ratios.values())), 1)[0]
    assert one.findings[0].effect.mean == pytest.approx(expected)
    assert one.findings[0].effect.unit == "slope"
    assert "ratio 0.500 at 4" in one.findings[0].notes[0]
    assert (
        judged(frames, claim(kind="interaction", **levels, first={"optimizer": "sgd"}, second={"optimizer": "momentum"}))[
            0
        ].verdict
        is Verdict.REFUTED
    )


def test_yes_or_no_is_mcnemars():
    reached = lambda yes: np.where(yes, 0.1, math.nan)  # noqa: E731
    first, second = np.arange(60) % 3 > 0, np.arange(60) % 4 == 0
    both = [rows("momentum", reached(first)), rows("sgd", reached(second))]
    [one] = judged(both, claim(metric="reached_0.3"))
    assert one.verdict is Verdict.SUPPORTED
    only_first, only_second = int(np.sum(first & ~second)), int(np.sum(second & ~first))
    n = only_first + only_second
    tail = sum(math.comb(n, k) for k in range(only_second + 1)) / 2**n
    assert one.p == pytest.approx(2 * tail)
    assert one.findings[0].effect.mean == pytest.approx(first.mean() - second.mean())


def test_runs_of_equal_digests_are_one_run():
    frames = [rows("momentum", np.full(10, 0.2)).assign(digest="a"), rows("sgd", np.full(10, 0.3)).assign(digest="b")]
    [one] = judged(frames, claim())
    assert one.verdict is Verdict.SUPPORTED
    assert one.findings[0].is_exact
    assert one.findings[0].n == 1
    assert math.isnan(one.p)
    assert len(one.findings[0].run_ids) == 2
    assert judged(frames, claim(kind="exact", at_most=0.5))[0].verdict is Verdict.REFUTED
    assert judged(frames, claim(kind="exact", at_most=0.7))[0].verdict is Verdict.SUPPORTED


def test_one_seed_of_a_random_problem_is_not_exact():
    one_each = [rows("momentum", FAST[:1]), rows("sgd", SLOW[:1])]
    [one] = judged(one_each, claim())
    assert one.verdict is Verdict.INSUFFICIENT
    assert judged(one_each, claim(kind="exact"))[0].verdict is Verdict.NOT_DECIDABLE
    still = {"dataset": None, "problem.gradient_noise": 0.0, "problem.start_std": 0.0}
    assert judged([frame.assign(**still) for frame in one_each], claim(kind="exact"))[0].verdict is Verdict.SUPPORTED
    noisy = still | {"problem.gradient_noise": 0.1}
    assert judged([frame.assign(**noisy) for frame in one_each], claim(kind="exact"))[0].verdict is Verdict.NOT_DECIDABLE


def test_exact_equivalence_and_exact_ties():
    def sides(first, second):
        return [
            rows("momentum", np.full(10, first)).assign(digest="a"),
            rows("sgd", np.full(10, second)).assign(digest="b"),
        ]

    assert judged(sides(0.2, 0.2), claim(kind="equivalence"))[0].verdict is Verdict.SUPPORTED
    assert judged(sides(0.2, 0.3), claim(kind="equivalence"))[0].verdict is Verdict.REFUTED
    [tie] = judged(sides(0.2, 0.2), claim())
    assert tie.verdict is Verdict.INSUFFICIENT
    assert tie.reason == "exact: both sides of a part are equal, which shows neither the part nor its opposite"
    assert judged(sides(0.2, 0.2), claim(margin=1.1))[0].verdict is Verdict.REFUTED
    assert judged(sides(0.2, 0.22), claim(margin=1.1))[0].verdict is Verdict.INSUFFICIENT
    assert judged(sides(0.2, 0.2), claim(kind="threshold", at_most=1))[0].verdict is Verdict.SUPPORTED
    assert judged(sides(0.2, math.nan), claim())[0].verdict is Verdict.SUPPORTED
    assert judged(sides(0.2, math.nan), claim(kind="exact", at_least=2))[0].verdict is Verdict.REFUTED


def test_an_interaction_concludes_nothing_where_values_are_missing():
    lost = np.where(np.arange(10) < 4, math.nan, SLOW * 0.5)
    frames = [rows("sgd", SLOW, depth=1), rows("sgd", SLOW, depth=2), rows("momentum", SLOW, depth=1)]
    levels = {"kind": "interaction", "levels": [{"depth": 1}, {"depth": 2}]}
    assert judged([*frames, rows("momentum", SLOW * 0.5, depth=2)], claim(**levels))[0].verdict is Verdict.SUPPORTED
    [one] = judged([*frames, rows("momentum", lost, depth=2)], claim(**levels))
    assert one.verdict is Verdict.INSUFFICIENT
    assert "4 seeds lack a value" in one.findings[0].notes[0]


def test_a_run_without_a_value_breaks_a_bound():
    lost = np.where(np.arange(10) < 4, math.nan, 0.1)
    alone = claim(kind="threshold", at_most=0.25) | {"second": None}
    [one] = judged([rows("momentum", lost)], alone)
    assert one.verdict is Verdict.INSUFFICIENT
    assert one.findings[0].wins == (0.6, 6, 0, 4)


def test_bounds_where_more_is_better():
    one_lost = np.where(np.arange(10) == 0, math.nan, 0.2)
    frames = [rows("momentum", one_lost), rows("sgd", SLOW)]  # accuracies 0.8 and 0.7
    sides = {"kind": "threshold", "metric": "test_accuracy"}
    assert judged(frames, claim(**sides, at_least=0))[0].verdict is Verdict.SUPPORTED
    assert judged(frames, claim(**sides, at_most=0))[0].verdict is Verdict.REFUTED


def test_a_claim_without_runs_stays_in_its_family():
    """Else an interrupted experiment would judge what it has as if nothing else had been asked."""
    frames = [rows("momentum", FAST[:6]), rows("sgd", SLOW[:6])]
    first, *others = judged(frames, claim(id=1), *(claim(id=2 + i, second={"optimizer": "adam"}) for i in range(6)))
    assert first.verdict is Verdict.INSUFFICIENT
    assert "needs 9" in first.reason
    assert {one.verdict for one in others} == {Verdict.NOT_DECIDABLE}


def test_seeds_of_one_side_alone_are_said():
    [one] = judged([rows("momentum", FAST), rows("sgd", SLOW[:6])], claim())
    assert one.findings[0].n == 6
    assert "6 seeds are on both sides, of 10 and 6" in one.findings[0].notes


def test_the_same_runs_on_both_sides_are_no_test():
    frames = [rows("sgd", SLOW), rows("sgd", SLOW, lr=0.001, first_seed=100), rows("sgd", 2 * SLOW, lr=0.1, first_seed=100)]
    room = claim(
        kind="threshold", at_most=0.9, first={"optimizer": "sgd", "lr": "best"}, second={"optimizer": "sgd", "lr": 0.001}
    )
    [one] = judged(frames, room, tuning_seeds=range(100, 110))
    assert one.verdict is Verdict.NOT_DECIDABLE
    assert one.reason.startswith("0.001 is the best lr, and both sides are the same runs, which decide nothing")
    [named] = judged(frames[:1], claim(first={"optimizer": "sgd"}, second={"lr": 0.001}))
    assert named.reason.startswith("both sides are the same runs")
    [beside] = judged([*frames, rows("sgd", SLOW[:9], lr=0.01)], claim(first={"optimizer": "sgd", "lr": 0.01}))
    assert "ambiguous" in beside.reason  # sgd at 0.01 is among the runs of sgd, too


def test_a_tie_in_one_part_refutes_nothing_that_another_part_shows():
    """An exact part that fails refutes; a tie leaves the claim open, in the order and company of any other parts."""
    losses = {"a": 0.2, "b": 0.3, "c": 0.2}
    frames = [rows(name, np.full(10, loss)).assign(digest=name) for name, loss in losses.items()]
    holds, ties, fails = ({"first": {"optimizer": "a"}, "second": {"optimizer": "b"}},
                          {"first": {"optimizer": "a"}, "second": {"optimizer": "c"}},
                          {"first": {"optimizer": "b"}, "second": {"optimizer": "a"}})  # fmt: skip
    frames += [rows("momentum", FAST), rows("sgd", SLOW)]
    tested, lost = {}, {"first": {"optimizer": "sgd"}, "second": {"optimizer": "momentum"}}
    for parts, verdict in (
        ([holds, ties], Verdict.INSUFFICIENT),
        ([ties, holds], Verdict.INSUFFICIENT),
        ([holds, ties, tested], Verdict.INSUFFICIENT),
        ([holds, tested], Verdict.SUPPORTED),
        ([ties, fails], Verdict.REFUTED),
        ([ties, lost], Verdict.REFUTED),
        ([tested, fails], Verdict.REFUTED),
    ):
        [one] = judged(frames, claim(kind="all_of", parts=[{"kind": "superiority"} | part for part in parts]))
        assert one.verdict is verdict, parts
        assert math.isnan(one.p) == ((tested not in parts and lost not in parts) or fails in parts), parts


def test_one_case_can_support_that_a_case_exists_but_cannot_refute_it():
    better, worse = [rows("momentum", FAST), rows("sgd", SLOW)], [rows("momentum", SLOW), rows("sgd", FAST)]
    [shown] = judged(better, claim(exists=True))
    assert (shown.verdict, shown.p) == (Verdict.SUPPORTED, 2**-9)
    [fails] = judged(worse, claim(exists=True))
    assert (fails.verdict, fails.p) == (Verdict.INSUFFICIENT, 1)
    assert fails.reason == "it does not hold here (p 0.002, not adjusted), but one case cannot refute that some case exists"
    [unclear] = judged([rows("momentum", FAST), rows("sgd", FAST[::-1])], claim(exists=True))
    assert (unclear.verdict, unclear.reason) == (Verdict.INSUFFICIENT, "")
    exact = [frame.assign(tail_loss=loss, digest=loss) for frame, loss in zip(worse, (0.3, 0.2), strict=True)]
    [one] = judged(exact, claim(exists=True))
    assert (one.verdict, one.reason[:28]) == (Verdict.INSUFFICIENT, "it does not hold here (exact")


def test_a_list_of_metrics_stands_for_a_part_each():
    frames = [rows("momentum", FAST), rows("sgd", SLOW)]
    [one] = judged(frames, claim(kind="all_of", parts=[{"kind": "superiority", "metric": ["tail_loss", "test_accuracy"]}]))
    assert [part.metric for part in one.claim.parts] == ["tail_loss", "test_accuracy"]
    assert one.verdict is Verdict.SUPPORTED
    [whole] = judged(frames, claim(kind="all_of", parts=[{"kind": "superiority"}], metric=["tail_loss", "log_aulc"]))
    assert len(whole.findings) == 2


def test_a_target_met_at_the_start_is_met():
    at_once = rows("momentum", FAST).assign(**{"steps_to_0.3": 0.0})
    [one] = judged([at_once, rows("sgd", SLOW)], claim(metric="steps_to_0.3"))
    assert one.verdict is Verdict.SUPPORTED
    assert one.findings[0].n_values == 10


def test_a_target_counts_even_where_the_run_diverged_later():
    later = rows("momentum", FAST).assign(learned=False, status="diverged")
    [one] = judged([later, rows("sgd", SLOW)], claim(metric="steps_to_0.3"))
    assert one.findings[0].n_values == 10
    assert any(note.startswith("ratio of expected running times 0.6") for note in one.findings[0].notes)


def test_a_loss_of_0_is_the_best_there_is():
    perfect, good = rows("momentum", np.zeros(10)), rows("sgd", SLOW)
    [one] = judged([perfect, good], claim())
    assert one.verdict is Verdict.SUPPORTED
    assert one.findings[0].n_values == 10
    assert one.findings[0].effect.mean == pytest.approx(np.exp(np.mean(np.log(2.3e-12 / SLOW))))
    assert judged([perfect, good], claim(kind="threshold", at_most=0.001) | {"second": None})[0].verdict is Verdict.SUPPORTED


def test_an_lr_that_was_only_tried_is_said():
    frames = [rows("momentum", FAST, lr=0.01, first_seed=100), rows("momentum", FAST), rows("sgd", SLOW)]
    [one] = judged(frames, claim(view="same_lr", lr=0.01), tuning_seeds=range(100, 110))
    assert "no runs of optimizer=momentum at lr 0.01 except on tuning seeds; add a block" in one.reason


def test_two_claims_of_one_id_are_refused():
    with pytest.raises(ConfigError, match="claim 1 of the experiment: another claim has this id"):
        claims_of([claim(), claim()])


def test_an_ambiguous_grid_is_said():
    grid = [rows("sgd", SLOW, lr=lr, first_seed=100, steps=steps) for lr in (0.1, 0.2) for steps in (20, 40)]
    sides = {"first": {"optimizer": "sgd"}, "second": {"optimizer": "momentum"}}
    [one] = judged([*grid, rows("momentum", FAST)], claim(view="best_lr", **sides), tuning_seeds=range(100, 110))
    assert "ambiguous" in one.reason


def test_an_exact_claim_needs_deterministic_runs():
    [one] = judged([rows("momentum", FAST), rows("sgd", SLOW)], claim(kind="exact"))
    assert one.verdict is Verdict.NOT_DECIDABLE
    assert "not deterministic" in one.reason


def test_an_exact_claim_is_no_member_of_the_family():
    exact = [rows("a", np.full(10, 0.2)).assign(digest="a"), rows("b", np.full(10, 0.3)).assign(digest="b")]
    frames = [*exact, rows("momentum", FAST), rows("sgd", SLOW)]
    sides = {"first": {"optimizer": "a"}, "second": {"optimizer": "b"}}
    tested, _, _ = judged(frames, claim(id=1), claim(id=2, **sides), claim(id=3, waits_for="more"))
    assert tested.p_family == tested.p


def test_all_of_holds_only_where_every_part_does():
    frames = [rows("momentum", FAST), rows("sgd", SLOW), rows("adam", 0.2 * np.exp(NOISE[::-1]))]
    good, unclear, wrong = {"kind": "superiority"}, {"kind": "superiority", "second": {"optimizer": "adam"}}, {
        "kind": "threshold", "at_most": 0.5,
    }  # fmt: skip
    [both] = judged(frames, claim(kind="all_of", parts=[good, good]))
    assert both.verdict is Verdict.SUPPORTED
    [largest] = judged(frames, claim(kind="all_of", parts=[good, unclear]))
    assert largest.verdict is Verdict.INSUFFICIENT
    assert largest.p == max(finding.p for finding in largest.findings)
    [refuted] = judged(frames, claim(kind="all_of", parts=[good, unclear, wrong]))
    assert refuted.verdict is Verdict.REFUTED
    assert refuted.p == pytest.approx(3 * 2**-9)


def test_what_is_missing_is_said():
    frames = [rows("momentum", FAST), rows("sgd", SLOW), rows("sgd", SLOW, lr=0.1)]
    found = judged(
        frames,
        claim(id=1, waits_for="a suite of problems"),
        claim(id=2, second={"optimizer": "adam"}),
        claim(id=3),  # two runs of sgd for each seed
        claim(id=4, view="best_lr"),
        claim(id=5, metric="steps_to_7", second={"optimizer": "sgd", "lr": 0.001}),
        claim(id=7, view="same_lr", lr=0.5),
        claim(id=8, first={"colour": "red"}),
    )
    assert {one.verdict for one in found} == {Verdict.NOT_DECIDABLE}
    expected = ["waits for a suite of problems", "no runs of optimizer=adam", "ambiguous", "was not tuned", "no steps_to_7",
                "at lr 0.5", "no run has the key colour"]  # fmt: skip
    for one, text in zip(found, expected, strict=True):
        assert text in one.reason
    [fine] = judged(frames, claim(second={"optimizer": "sgd", "lr": 0.001}))
    assert fine.verdict is Verdict.SUPPORTED


def test_the_best_of_an_optimizer_without_a_learning_rate_is_its_only_one():
    trials = [rows("prodigy", FAST[:2], lr=math.nan, first_seed=100), rows("sgd", SLOW[:2], lr=0.1, first_seed=100)]
    trials.append(rows("sgd", 2 * SLOW[:2], lr=0.2, first_seed=100))
    frames = [*trials, rows("prodigy", FAST, lr=math.nan), rows("sgd", SLOW, lr=0.1)]
    one_claim = claim(first={"optimizer": "prodigy", "lr": "best"}, second={"optimizer": "sgd", "lr": "best"})
    [one] = judged(frames, one_claim, tuning_seeds=(100, 101))
    assert one.verdict is Verdict.SUPPORTED
    assert one.findings[0].n == 10


def test_many_reasons_are_counted_and_the_first_is_given():
    parts = [{"second": {"optimizer": name}} for name in ("adam", "lion", "yogi")]
    [one] = judged([rows("momentum", FAST)], claim(kind="all_of", parts=[{"kind": "superiority"} | part for part in parts]))
    assert one.reason == one.findings[0].reason + "; and 2 other reasons"


def test_disjoint_seeds_share_no_pair():
    [one] = judged([rows("momentum", FAST), rows("sgd", SLOW, first_seed=50)], claim())
    assert "share no seed" in one.reason


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (claim(colour="red"), "claim 1 of the experiment: the key colour is unknown"),
        (claim(exists="yes"), "exists: yes is neither true nor false; use true or false"),
        (claim(metric=["tail_loss", "jitter_5"]), "is not the name of a metric; give a name such as tail_loss"),
        (claim(kind="all_of", parts=[{"kind": "superiority", "metric": [1]}]), "metric: 1 is not the name of a metric"),
        (claim(kind="all_of", parts=[{"kind": "superiority", "metric": []}]), "there are no parts"),
        (claim(kind="guess"), "claim 1 of the experiment: kind: guess is unknown; use superiority"),
        (claim(kind="threshold"), "a threshold needs a bound; give `at_most` or `at_least`"),
        (claim(kind="threshold", at_most=1, at_least=1), "one of"),
        (claim(view="same_lr"), "view: same_lr needs a learning rate; give `lr`"),
        (claim(view="equal"), "view: equal is unknown; use as_named, same_lr"),
        (claim(metric="seconds_to_0.3"), "decide nothing"),
        (claim(metric="elegance"), "there is no metric elegance; use tail_loss"),
        (claim(kind="interaction"), "`levels` and `at`"),
        (claim(kind="all_of", parts=[{"kind": "superiority", "colour": 1}]), "the key colour of a part is unknown"),
        (claim(kind="all_of", parts=[]), "there are no parts"),
        (claim(parts=[]), "only a claim of kind all_of takes `parts`"),
        ({"id": 1, "sentence": "s", "source": "here", "kind": "superiority", "waits_for": ""}, "there are no parts"),
        (claim(kind="all_of", parts=[{"margin": 1.1}]), "the key `kind` is missing"),
        (claim(margin=0.1), "a margin of tail_loss must be above 1"),
        (claim(metric="jitter_5", margin=1), "a margin of jitter_5 must be above 1"),
        (claim(metric="log_aulc", margin=0), "a margin of log_aulc must be above 0"),
        (claim(at_most=2), "superiority takes no `at_most`"),
        (claim(kind="threshold", at_most=2, margin=1.1), "threshold takes no `margin`"),
        (claim(levels=[{"a": 1}, {"a": 2}]), "superiority takes no `levels`"),
        (claim(kind="interaction", levels=[1000, 10000]), "`levels` and `at`"),
        (claim(first="momentum"), "`first` must map keys to values"),
        (claim(first=None), "`first` must map keys to values"),
        (claim(first={"optimizer": {"a": 1}}), "`first` must map keys to values"),
        (claim(second={"problem.hidden": [{}]}), "`second` must map keys to values"),
        (claim(second={"seed": date(2026, 1, 1)}), "`second` must map keys to values"),
        (
            claim(kind="equivalence", metric="reached_0.3"),
            "kind: equivalence cannot compare a yes-or-no metric; use superiority",
        ),
        (claim(also=["same_lr"]), "view: same_lr needs a learning rate; give `lr`"),
        ({"id": 1, "sentence": "s", "source": "here"}, "the key `kind` is missing"),
        ({"id": 1, "kind": "superiority", "source": "here"}, "claim 1"),
        (claim(margin="much"), "claim 1 of the experiment: could not convert"),
        (claim(margin=10**400), "claim 1 of the experiment: int too large"),
        (claim(metric=True), "claim 1 of the experiment: metric: True is not the name of a metric"),
        (claim(margin=math.inf), "margin: inf: a margin of tail_loss must be above 1 and finite"),
        (claim(margin=math.nan), "a margin of tail_loss must be above 1"),
        (claim(kind="threshold", at_most=0), "at_most: 0: tail_loss is compared by ratios, which are above 0"),
        (claim(kind="threshold", at_least=-1), "at_least: -1: tail_loss is compared by ratios, which are above 0"),
        (claim(kind="exact", metric="jitter_5", at_most=-0.5), "at_most: -0.5: jitter_5 is compared by ratios"),
        (claim(kind="threshold", metric="steps_to_0.3", second=None, at_most=0), "at_most: 0: steps_to_0.3 is compared"),
        (claim(kind="threshold", metric="log_aulc", at_most=math.inf), "at_most: inf: a bound must be a finite number"),
        (claim(kind="threshold", metric="log_aulc", at_least=math.nan), "at_least: nan: a bound must be a finite number"),
        (claim(kind="threshold", metric="test_accuracy", second=None, at_least=93), "test_accuracy is a share from 0 to 1"),
        (claim(kind="threshold", metric="val_accuracy", second=None, at_most=-0.1), "val_accuracy is a share from 0 to 1"),
        (claim(kind="threshold", statistic="spread", second=None, at_most=0.9), "a spread of tail_loss is a ratio above 1"),
        (
            claim(kind="threshold", metric="log_aulc", statistic="spread", second=None, at_most=0),
            "spread of log_aulc is above 0",
        ),
        (claim(metric="reached_0.3", statistic="spread"), "a yes-or-no metric has no spread"),
        (claim(first={"optimizer": "sgd"}), "`first` and `second` name the same runs"),
        (claim(view="same_lr", lr=-1), "lr: -1.0: a learning rate must be finite and above 0"),
        (claim(view="same_lr", lr=math.inf), "lr: inf: a learning rate must be finite and above 0"),
        (claim(view="same_lr", lr=math.nan), "lr: nan: a learning rate must be finite and above 0"),
        (
            claim(kind="interaction", levels=[{"a": 1}, {"a": 2}], at=[1, 1]),
            "at: [1.0, 1.0]: each level needs a position of its own",
        ),
        (
            claim(kind="interaction", levels=[{"a": 1}, {"a": 2}], at=[1, math.nan]),
            "positions of levels must be finite numbers",
        ),
        (
            claim(kind="interaction", levels=[{"a": 1}, {"a": 2}], at=[-math.inf, 1]),
            "positions of levels must be finite numbers",
        ),
        (claim(kind="interaction", levels=[{"a": 1}, {"a": 2}], at=[1e-300, 2e-300]), "each level needs a position of its own"),
        (claim(kind="interaction", levels=[{"a": 1}, {"a": 2}], at=[-1e300, 1e300]), "each level needs a position of its own"),
        (claim(kind="interaction", levels=[{"a": 1}, {"a": 2}], at="12"), "at: 12 is not a list; give a list"),
        (claim(kind="interaction", levels=[{"a": 1}, {"a": 1}]), "`levels` has the same level twice"),
        (claim(kind="interaction", levels={"a": 1}), "levels: {'a': 1} is not a list; give a list"),
    ],
)
def test_what_cannot_be_read_names_the_claim(content, text):
    with pytest.raises(ConfigError, match="claim 1") as caught:
        claims_of([content])
    assert text in str(caught.value)


def test_a_bound_on_an_accuracy_is_met_by_that_accuracy():
    """The bound is turned into odds as the accuracies are; the effect is an accuracy again."""
    runs = rows("sgd", FAST, test_images=100.0)
    for bound, accuracies, verdict in (
        (0.9, 0.9 + 0.01 * np.arange(10), Verdict.SUPPORTED),
        (1.0, np.ones(10), Verdict.INSUFFICIENT),  # on the bound: nothing speaks against it, nothing for it
        (1.0, 0.99 - 0.01 * np.arange(10), Verdict.REFUTED),
        (0.9, 0.88 - 0.01 * np.arange(10), Verdict.REFUTED),
    ):
        stated = claim(kind="threshold", metric="test_accuracy", first={"optimizer": "sgd"}, second=None, at_least=bound)
        [one] = judged([runs.assign(test_accuracy=accuracies)], stated)
        assert one.verdict is verdict, (bound, accuracies)
        effect = one.findings[0].effect
        assert effect.unit == "share"
        assert accuracies.min() - 1e-12 <= effect.mean <= accuracies.max() + 1e-12


def test_a_bound_of_a_spread_is_a_distance():
    """A ratio for losses: within 1.1 times the median. Its logarithm is what the spread is compared with."""
    for bound, verdict in ((1.1, Verdict.SUPPORTED), (1.001, Verdict.REFUTED)):
        stated = claim(kind="threshold", statistic="spread", first={"optimizer": "sgd"}, second=None, at_most=bound)
        [one] = judged([rows("sgd", SLOW)], stated)
        assert one.verdict is verdict


def exactly(optimizer: str, loss: float, depth: int, seeds: int, first_seed: int) -> pd.DataFrame:
    """Runs in which nothing is random."""
    drawn = {"problem.gradient_noise": 0.0, "problem.start_std": 0.0, "depth": depth}
    return rows(optimizer, [loss] * seeds, first_seed=first_seed, **drawn).assign(
        dataset=None, digest=f"{optimizer}{loss}{depth}"
    )


@pytest.mark.parametrize("seeds", [1, 4])
def test_an_interaction_of_deterministic_runs_needs_no_shared_seeds(seeds):
    """Their seeds change nothing: each level is one run."""
    frames = [
        exactly(optimizer, loss, depth, seeds, first_seed)
        for optimizer, losses in (("momentum", (0.2, 0.1)), ("sgd", (0.2, 0.2)))
        for depth, loss, first_seed in zip((1, 2), losses, (0, 50), strict=True)
    ]
    levels = {"kind": "interaction", "levels": [{"depth": 1}, {"depth": 2}], "at": [1, 2]}
    [one] = judged(frames, claim(**levels))
    assert one.verdict is Verdict.SUPPORTED
    assert (one.findings[0].is_exact, one.findings[0].n) == (True, 1)
    assert one.findings[0].effect.mean == pytest.approx(np.log(0.5))
    turned = claim(**levels, first={"optimizer": "sgd"}, second={"optimizer": "momentum"})
    assert judged(frames, turned)[0].verdict is Verdict.REFUTED


def test_an_interaction_of_random_runs_without_shared_seeds_is_not_decidable():
    frames = [
        rows(optimizer, values, depth=depth, first_seed=first_seed)
        for optimizer, values in (("momentum", FAST), ("sgd", SLOW))
        for depth, first_seed in ((1, 0), (2, 50))
    ]
    [one] = judged(frames, claim(kind="interaction", levels=[{"depth": 1}, {"depth": 2}]))
    assert one.verdict is Verdict.NOT_DECIDABLE
    assert one.reason == "the levels share no seed; train all levels on the same seeds"


def test_metrics_times_parts_are_bounded_before_they_are_built():
    many = claim(kind="all_of", parts=[{"kind": "superiority"}] * 5000, metric=["tail_loss"] * 5000)
    with pytest.raises(ConfigError, match="claim 1 of the experiment: the claims ask for more than 300 comparisons"):
        claims_of([many])
