"""Findings in words and the tables beside them, against numbers computed by hand or by scipy."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from claim_rows import FAST, NOISE, SLOW, TUNING_SEEDS, rows, with_trials
from conftest import digits_config, quadratic_config
from scipy import stats

from zdl_bench.report.comparison import Comparison, comparisons_of
from zdl_bench.report.figures import runtime_ecdf
from zdl_bench.report.figures.catalogue import comparison_figures
from zdl_bench.report.standings import Standings
from zdl_bench.report.tables.comparisons import comparison_table
from zdl_bench.report.tables.conditions import condition_table, optimizer_table
from zdl_bench.report.tables.formats import latex
from zdl_bench.report.tables.runs import failure_table, reason_of, runs_table
from zdl_bench.report.words.findings import findings_numbers, findings_of
from zdl_bench.report.words.verdicts import verdict_lines
from zdl_bench.statistics.claims import claims_of
from zdl_bench.statistics.evidence import ExperimentRuns
from zdl_bench.statistics.metrics.catalogue import METRICS
from zdl_bench.statistics.verdict import judge_family
from zdl_bench.training.loop import train


def standings_of(*frames: pd.DataFrame, tuning_seeds=()) -> Standings:
    runs = pd.concat(frames, ignore_index=True)
    others = {metric.name: math.nan for metric in METRICS if metric.name not in runs}
    alone = {"val_accuracy": math.nan, "train_seconds": 2.0, "jitter_20": runs["tail_loss"] / 3}
    return Standings(
        Comparison("", runs.assign(variant=runs["optimizer"], **(others | alone)), pd.DataFrame(), (), tuning_seeds)
    )


def found(*frames: pd.DataFrame, tuning_seeds=()) -> dict[str, tuple[str, list[str]]]:
    findings = findings_of(standings_of(*frames, tuning_seeds=tuning_seeds))
    return {one.heading: (one.sentence, list(one.details)) for one in findings}


def test_a_leader_is_named_with_effect_interval_n_and_p():
    findings = found(rows("sgd", SLOW), rows("momentum", FAST))
    speed, details = findings["Fastest (mean ln loss over the run): momentum"]
    assert speed == "momentum (lr 0.001) has a lower geometric mean of the loss over the run than sgd."
    assert details[1] == "p 0.0022 for being ahead of sgd, adjusted for all that this page tests"
    sentence, details = findings["Lowest loss at the end: momentum"]
    assert sentence == "momentum (lr 0.001) has a lower tail loss than sgd."
    differences = np.log(FAST) - np.log(SLOW)
    low, high = stats.t.interval(0.95, 9, differences.mean(), stats.sem(differences))
    change, low, high = 100 * (1 - np.exp([differences.mean(), low, high]))
    percents = f"{change:.0f} % lower [{high:.0f} % to {low:.0f} %]"
    assert details[0] == f"against sgd: {percents}, better on 10 of 10 seeds"
    assert details[1].startswith("p 0.0087 for being ahead of sgd, ")  # Holm over four questions
    assert "Undecided against sgd" not in findings


def test_speed_is_a_ratio_of_geometric_mean_losses():
    [[_, details]] = [value for key, value in found(rows("sgd", SLOW), rows("momentum", FAST)).items() if "Fastest" in key]
    assert details[0].startswith("against sgd: 33 % lower [")


def test_what_is_not_shown_is_called_undecided():
    findings = found(rows("sgd", FAST), rows("momentum", FAST * np.exp(0.001 + NOISE[::-1])))
    sentence, details = findings["Fastest (mean ln loss over the run): undecided"]
    assert sentence == "Undecided: no optimizer is shown to be ahead of each other one."
    assert details[0].startswith("sgd against momentum: 0.1 % lower [")
    sentence, _ = findings["Lowest loss at the end: undecided"]
    assert sentence == "Undecided: the first question of the page is undecided, and this one comes after it."
    sentence, details = findings["Undecided against sgd"]
    assert sentence == "Of 5 comparisons with sgd, the first of the plan, undecided: 5."
    assert any(line.startswith("tail loss, momentum against sgd: 0.1 % higher [") for line in details)
    assert details[1].endswith("on this page")


def test_learning_rates_chosen_on_the_judging_seeds_decide_nothing():
    grids = [
        rows(name, values * factor, lr=lr)
        for name, values in (("sgd", SLOW), ("adam", FAST))
        for lr, factor in ((0.01, 1), (0.1, 2))
    ]
    sentence, _ = found(*grids)["Fastest (mean ln loss over the run): not decidable"]
    assert "the learning rates were chosen on the seeds that judge; let others choose" in sentence
    assert "tuning_seeds=range(100,103)" in sentence
    table = comparison_table(standings_of(*grids))
    effects = table.numbers[table.numbers["view"] == "each at its best lr"]
    assert effects["effect"].notna().all(), "shown, without a verdict"
    assert set(effects["verdict"]) == {"not decidable as stated"}
    assert effects["p_family"].isna().all()
    assert "Fastest (mean ln loss over the run): adam" in found(*with_trials(*grids), tuning_seeds=TUNING_SEEDS)


def test_other_views_and_measures_are_left_to_their_tables():
    """They have no test: each at its best, adam ends lower; at the same lr, sgd does, and has less overshoot."""
    grids = [("sgd", 0.001, 2.0), ("sgd", 0.01, 1.5), ("adam", 0.001, 1.0), ("adam", 0.01, 1.8)]
    frames = [
        rows(name, SLOW * factor * np.exp(0.1 * i * NOISE[::-1]), lr=lr).assign(overshoot=0.1 * i)
        for i, (name, lr, factor) in enumerate(grids)
    ]
    findings = found(*with_trials(*frames), tuning_seeds=TUNING_SEEDS)
    assert "Lowest loss at the end: adam" in findings
    said = [text for sentence, details in findings.values() for text in (sentence, *details)]
    assert not [text for text in said if "other way round" in text or "overshoot" in text or "without a test" in text]
    views = comparison_table(standings_of(*frames)).numbers
    assert "same lr 0.01" in views["view"].tolist()


LEFT = np.where(np.arange(10) < 9, np.nan, 0.1)
EFFECT = re.compile(r"(?:% lower|% higher|times as high|difference)(?!.*[\[\]])")


@pytest.mark.slow
@pytest.mark.parametrize("lrs", [(0.01,), (0.001, 0.01)])
@pytest.mark.parametrize("ours", [SLOW, SLOW[:1], SLOW[:3], LEFT, LEFT * np.nan])
@pytest.mark.parametrize("theirs", [FAST, FAST[:1], FAST[:3], LEFT, LEFT[::-1]])
def test_no_effect_is_told_without_an_interval(ours, theirs, lrs):
    frames = [rows(name, values * lr, lr=lr) for name, values in (("sgd", ours), ("adam", theirs)) for lr in lrs]
    findings = found(*frames)
    for heading, (sentence, details) in findings.items():
        assert not [text for text in (sentence, *details) if EFFECT.search(text)], heading
        if "is ahead" in sentence:
            assert any(line.startswith("p ") for line in details), heading


def test_one_seed_puts_nobody_ahead():
    sentence, details = found(rows("sgd", SLOW[:1]), rows("adam", FAST[:1]))["Lowest loss at the end: undecided"]
    assert sentence == "Undecided: 1 seed, and this page needs 6."
    assert details == []


def test_few_seeds_have_their_interval_and_no_p():
    sentence, details = found(rows("sgd", SLOW[:3]), rows("adam", FAST[:3]))["Lowest loss at the end: undecided"]
    assert sentence == "Undecided: 3 seeds, and this page needs 6."
    assert details[0].startswith("adam against sgd: 34 % lower [28 % to 40 %]")
    assert len(details) == 1, "too few seeds for a test"


def test_a_best_lr_at_the_edge_on_one_seed_has_no_effect():
    grid = [rows("sgd", SLOW[:1] * factor, lr=lr) for lr, factor in ((0.01, 3), (0.1, 2), (1.0, 1))]
    _, [line] = found(*grid)["Best learning rate at the edge"]
    assert line == "sgd: 1 is the largest of 3; its tail loss against that at 0.1: 1 seed has values, too few to compare them"


def test_runs_without_a_value_are_said_to_decide():
    lost = np.where(np.arange(10) < 9, np.nan, 0.01)
    sentence, details = found(rows("sgd", SLOW), rows("adam", lost))["Fastest (mean ln loss over the run): sgd"]
    by = "a lower geometric mean of the loss over the run"
    assert sentence == f"sgd (lr 0.001) wins by {by} against adam. Wins decide, since some runs have no value."
    assert "better on 9 of 10 seeds (on 1 of them both have a value)" in details[0]


def test_nobody_is_ahead_where_all_are_equal():
    findings = found(rows("sgd", SLOW), rows("adam", SLOW))
    assert all("undecided" in heading.lower() for heading in findings)


def test_the_numbers_behind_the_findings_have_their_run_ids():
    frames = [rows("sgd", SLOW), rows("adam", np.where(np.arange(10) < 2, np.nan, FAST))]
    numbers = findings_numbers(findings_of(standings_of(*frames)))
    speed = numbers[(numbers["metric"] == "tail_loss")].iloc[0]
    assert {*speed["run_ids"].split()} == {*frames[0]["run_id"], *frames[1]["run_id"]}
    lost = numbers[numbers["finding"] == "Runs without a value"].iloc[0]
    assert (lost["n"], lost["effect"]) == (10, 0.2)


def test_a_best_lr_at_the_edge_is_shown_against_its_neighbour():
    grid = [
        rows("sgd", SLOW * factor * np.exp(0.1 * i * NOISE), lr=lr)
        for i, (lr, factor) in enumerate(((0.01, 3), (0.1, 2), (1.0, 1)))
    ]
    sentence, [line] = found(*grid)["Best learning rate at the edge"]
    assert "of 1 optimizer lies at the edge" in sentence
    assert line.startswith(
        "sgd: 1 is the largest of 3, chosen in 100 % of resamples; its tail loss against that at 0.1: 50 % lower ["
    )
    assert line.endswith(", 10 seeds"), "the choice of the learning rate is no test"


def test_a_best_lr_inside_its_grid_is_no_finding():
    grid = [rows("sgd", SLOW * factor, lr=lr) for lr, factor in ((0.01, 3), (0.1, 1), (1.0, 2))]
    assert found(*grid) == {}


def test_lost_runs_have_their_share_with_its_interval():
    lost = np.where(np.arange(10) < 3, np.nan, SLOW)
    sentence, [line] = found(rows("sgd", lost), rows("adam", FAST))["Runs without a value"]
    low, high = stats.binomtest(3, 10).proportion_ci(method="wilson")
    assert sentence == "Of 20 runs: 3 diverged."
    assert line == f"sgd, lr 0.001: 3 diverged of 10, 30 % [{100 * low:.0f} %, {100 * high:.0f} %]"


def test_pairwise_table_has_every_pair_and_their_verdicts():
    frames = [rows("sgd", SLOW), rows("momentum", FAST), rows("adam", FAST * 1.2)]
    table = comparison_table(standings_of(*frames)).numbers
    tail = table[table["metric"] == "tail_loss"].set_index(["first", "second"])
    assert list(tail.index) == [("momentum", "sgd"), ("adam", "sgd"), ("momentum", "adam")]
    assert tail.loc[("momentum", "adam"), "effect"] == pytest.approx(1 / 1.2)
    assert tail.loc[("momentum", "adam"), "verdict"] == "supported"
    assert tail.loc[("momentum", "sgd"), "verdict"] == "supported"
    assert tail.loc[("adam", "sgd"), "p_family"] <= 0.05
    ids = tail.loc[("momentum", "sgd"), "run_ids"].split()
    assert sorted(ids) == sorted([*frames[0]["run_id"], *frames[1]["run_id"]])


def test_pairwise_table_has_the_views_of_the_learning_rate():
    grids = [rows(name, values, lr=lr) for name, values in (("sgd", SLOW), ("momentum", FAST)) for lr in (0.001, 0.01)]
    table = comparison_table(standings_of(*grids)).numbers
    views = table.loc[table["metric"] == "tail_loss", "view"].tolist()
    assert views == ["each at its best lr", "same lr 0.001", "same lr 0.01", "same effective lr 0.01"]
    assert (table.loc[table["view"] != "each at its best lr", "verdict"] == "").all()


def test_optimizer_table_stands_at_the_best_lr_with_shares_and_ert():
    reached = np.where(np.arange(10) < 4, SLOW, np.nan)
    frames = [rows("sgd", SLOW, lr=0.01).assign(**{"steps_to_0.3": reached * 1000}), rows("sgd", SLOW * 2, lr=0.1)]
    table = optimizer_table(standings_of(*frames))
    [row] = table.numbers.to_dict("records")
    assert (row["best_lr"], row["at_edge"], row["runs"]) == (0.01, True, 10)
    assert row["tail_loss_mean"] == pytest.approx(SLOW.mean())
    assert row["steps_to_0.3_share"] == 0.4
    assert row["ert_0.3"] == pytest.approx((np.nansum(reached * 1000) + 6 * 1000) / 4)
    assert row["seconds_per_1000_steps_mean"] == 2.0
    assert row["run_ids"].split() == frames[0]["run_id"].tolist()
    [text] = table.reading.to_dict("records")
    assert text["best lr"] == "0.01 (edge of its grid)"
    assert "(40 %)" in text["steps to 0.3"]


def test_an_optimizer_without_a_best_lr_has_a_row_without_means():
    lost = np.where(np.arange(10) == 0, np.nan, FAST)
    frames = [
        rows("sgd", lost, lr=0.01),
        rows("sgd", lost, lr=0.1),
        rows("adam", SLOW, lr=0.01),
        rows("adam", SLOW * 2, lr=0.1),
    ]
    table = optimizer_table(standings_of(*frames))
    assert table.reading["best lr"].tolist() == ["none", "0.01 (edge of its grid)"]
    assert table.reading["tail loss"].tolist()[0] == "–"
    assert "no learning rate" in table.numbers["reason"][0]


def test_pages_sort_tables_by_the_numbers_of_the_csv():
    """Texts are rounded, have units, and say why there is no number."""
    lost = np.where(np.arange(10) < 3, np.nan, SLOW)
    grids = [rows(name, SLOW * lr, lr=lr) for name in ("sgd", "momentum") for lr in (0.01, 0.1)]
    grids += [rows("adam", values, lr=lr) for lr, values in ((0.01, lost), (0.1, FAST))]
    standings = standings_of(*with_trials(*grids), tuning_seeds=TUNING_SEEDS)
    for table in (condition_table(standings.comparison.runs), optimizer_table(standings), comparison_table(standings)):
        sorted_by = [column.key for column in table.columns]
        assert {"tail_loss_mean", "effect"} & {*sorted_by}
        for row, cells in zip(table.numbers.to_dict("records"), table.cells, strict=True):
            for key, cell in zip(sorted_by, cells, strict=True):
                is_missing = row[key] != row[key] or cell.text in ("", "–")
                assert cell.order == (None if is_missing else row[key]), (table.name, key, cell)
        numeric = {column for column, about in zip(sorted_by, table.on_page().columns_about, strict=True) if about.is_numeric}
        assert numeric == {key for key in sorted_by if pd.api.types.is_numeric_dtype(table.numbers[key])}, table.name


def test_every_number_of_the_tables_leads_to_its_runs(digits):
    runs = [train(digits_config(name, lr=0.01, seed=seed)) for name in ("sgd", "adam") for seed in (0, 1)]
    [comparison] = comparisons_of(runs)
    for table in (condition_table(comparison.runs), optimizer_table(Standings(comparison))):
        for row in table.numbers.to_dict("records"):
            members = comparison.runs[comparison.runs["run_id"].isin(row["run_ids"].split())]
            assert len(members) == row["runs"] == 2
            assert row["tail_loss_mean"] == pytest.approx(members["tail_loss"].mean())


def test_a_diverged_run_says_where_and_how(digits):
    exploded, grown = train(digits_config(lr=1e30)), train(quadratic_config(lr=30.0))
    for run, words in ((exploded, "not finite at step"), (grown, "over 1,000 times the first")):
        step = len(run.curve.train_loss)
        assert words in reason_of(run)
        assert f"at step {step}" in reason_of(run)
    [comparison] = comparisons_of([exploded])
    assert failure_table(comparison).numbers["reason"].tolist() == [reason_of(exploded)]


def test_latex_is_escaped():
    text = latex(pd.DataFrame({"a_b": ["50%", "<script>", "x & y", "\\input{z}"]}))
    for escaped in (r"a\_b", r"50\%", r"x \& y", r"\textbackslash{}input"):
        assert escaped in text
    assert text.startswith("\\begin{tabular}")
    assert "\\toprule" in text


def test_accuracies_are_per_cent_where_they_are_read_and_numbers_in_csv(digits):
    [comparison] = comparisons_of(
        [train(digits_config(name, lr=0.01, seed=seed)) for name in ("sgd", "adam") for seed in (0, 1)]
    )
    values = comparison.runs["test_accuracy"]
    assert values.between(0.1, 1).all()
    assert runs_table(comparison.runs).reading["test accuracy"].tolist() == [f"{100 * value:.2f} %" for value in values]
    for table, row in ((condition_table(comparison.runs), 0), (optimizer_table(Standings(comparison)), 0)):
        [cell] = table.reading.iloc[[row]]["test accuracy"]
        mean, sd = values[:2].mean(), values[:2].std()
        assert cell == f"{100 * mean:.2f} ± {100 * sd:.2f} %"
        assert table.numbers["test_accuracy_mean"][row] == mean
    stated = {"id": 1, "sentence": "s", "source": "s", "kind": "threshold", "metric": "test_accuracy", "at_least": 0.5}
    [one] = judge_family(
        claims_of([stated | {"first": {"optimizer": "sgd"}}]), ExperimentRuns(comparison.runs.assign(learned=True), ())
    )
    assert re.search(r": \d\d\.\d\d % \[\d+\.\d\d %, \d+\.\d\d %\], n 2", "\n".join(verdict_lines([one])))


@pytest.mark.slow
def test_a_floor_that_cuts_a_figure_is_named_in_it():
    """The gap falls far below 1e-12 of the start, where the figures end."""
    exact = [train(quadratic_config(name, lr=lr, steps=300)) for name in ("sgd", "momentum") for lr in (0.9, 1.0)]
    [comparison] = comparisons_of(exact)
    assert (comparison.runs["tail_loss"] < 1e-12 * comparison.runs["start_loss"]).any()
    named = {}
    for drawn in comparison_figures(comparison):
        named[drawn.name] = drawn.figure.get_suptitle()
    cut = [name for name, title in named.items() if re.search(r"losses below \S+e-1\d(?: to \S+)?, 1e-12 of the start", title)]
    assert {"loss_curves", "loss_at_best_lr", "loss_over_seconds", "lr_sensitivity", "best_of_trials", "heat_map"} <= {*cut}
    [comparison] = comparisons_of(
        [train(quadratic_config(name, lr=lr, steps=9)) for name in ("sgd", "adam") for lr in (0.1, 0.2)]
    )
    for drawn in comparison_figures(comparison):
        assert "of the start" not in drawn.figure.get_suptitle()


def test_shares_on_an_axis_are_per_cent():
    [comparison] = comparisons_of([train(quadratic_config(name, lr=0.5, steps=200)) for name in ("sgd", "adam")])
    [drawn] = runtime_ecdf.captioned_figures(comparison)
    drawn.figure.canvas.draw()
    [axes] = drawn.figure.axes
    assert "100 %" in [label.get_text() for label in axes.get_yticklabels()]
    assert re.search(r"Most targets reached at the end: SGD and 1 more, 100 %\.", drawn.description)
