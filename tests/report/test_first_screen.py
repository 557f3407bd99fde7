"""The first screen: the figure with names at its lines, and the table with a row per optimizer or per setting."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from claim_rows import FAST, SLOW, rows
from conftest import digits_config, part, quadratic_config
from test_findings import standings_of

from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.figures.named_lines import APART, MAX_NAME, named_lines, spread_heights
from zdl_bench.report.figures.style import house_style
from zdl_bench.report.phrases import shorten_all
from zdl_bench.report.standings import TAIL_LOSS
from zdl_bench.report.tables.leaderboard import leaderboard, setting_table
from zdl_bench.report.tied import not_told_from_best
from zdl_bench.report.words.setting_answer import setting_answer
from zdl_bench.statistics.verdict import Verdict
from zdl_bench.training.loop import train


def marks(table, cells) -> set[tuple[str, str]]:
    """The optimizer and the heading of marked cells."""
    page = table.on_page()
    return {(page.texts[row][0], page.columns[column]) for row, column in cells(page)}


def test_a_row_per_optimizer_the_fastest_first_with_best_and_tied_marked():
    near = FAST * np.exp(0.001 + 0.02 * np.sin(np.arange(10)))
    table = leaderboard(standings_of(rows("sgd", SLOW), rows("adam", FAST, lr=0.01), rows("nadam", near)))
    page = table.on_page()
    assert page.columns == ["optimizer", "lr", "mean loss", "final loss", "accuracy", "oscillation", "steps to 0.3"]
    assert page.explanations[:2] == ["", "learning rate: the best of those that were tried"]
    assert [[*row[:2], *row[3:5]] for row in page.texts] == [
        ["adam", "0.01", "0.200", "80.0 %"],
        ["nadam", "0.001", f"{near.mean():.3f}", f"{100 * (1 - near.mean()):.1f} %"],
        ["sgd", "0.001", "0.300", "70.0 %"],
    ]
    assert [row[2] for row in page.texts] == [f"{np.exp(np.log(values).mean()):.3f}" for values in (FAST, near, SLOW)]
    assert ("adam", "final loss") in marks(table, lambda page: page.bold)
    assert {name for name, heading in marks(table, lambda page: page.shaded) if heading == "final loss"} == {"adam", "nadam"}


def test_who_is_shown_to_be_ahead_of_every_other_one_is_told_from_them_by_that():
    """The test of the leader may have seeds enough where those of single pairs, of many measures, have not."""
    [tail_loss] = [
        one for question, one in standings_of(rows("sgd", SLOW), rows("adam", FAST)).at_best if question.noun == TAIL_LOSS.noun
    ]
    open_pairs = [replace(one, verdict=Verdict.INSUFFICIENT) for one in tail_loss.verdicts]
    shown = replace(tail_loss, verdicts=open_pairs)
    assert shown.leader.verdict is Verdict.SUPPORTED
    assert not_told_from_best("tail_loss", shown) == ["adam"]
    not_shown = replace(shown, leader=replace(shown.leader, verdict=Verdict.INSUFFICIENT))
    assert not_told_from_best("tail_loss", not_shown) == ["adam", "sgd"]


def test_shades_that_would_tell_nobody_apart_are_left_out():
    table = leaderboard(standings_of(rows("sgd", FAST), rows("adam", FAST * np.exp(0.02 * np.sin(np.arange(10))))))
    assert marks(table, lambda page: page.shaded) == set()


def test_nothing_is_shaded_if_nothing_can_be_tested():
    grids = [rows(name, SLOW * factor, lr=lr) for name in ("sgd", "adam") for lr, factor in ((0.01, 1), (0.1, 2))]
    assert leaderboard(standings_of(*grids)).on_page().shaded == set()


def test_of_many_optimizers_the_first_and_those_that_lead_have_a_row():
    frames = [rows(f"o{number:02}", SLOW * (1 + number / 10)) for number in range(20)]
    steady = rows("steady", SLOW * 9).assign(jitter_20=0.0)
    names = [row[0] for row in leaderboard(standings_of(*frames, steady)).on_page().texts]
    assert len(names) == 8
    assert names[0] == "o00"


@pytest.mark.slow
def test_bold_is_the_best_of_all_whose_runs_all_learned():
    unlearned = rows("lucky", FAST / 3).assign(learned=np.arange(10) > 0)
    marked = marks(leaderboard(standings_of(rows("sgd", SLOW), rows("adam", FAST), unlearned)), lambda page: page.bold)
    assert {name for name, heading in marked if heading == "final loss"} == {"adam"}
    frames = [rows(f"o{number:02}", SLOW * (1 + number / 10)) for number in range(20)]
    frames[18] = frames[18].assign(test_accuracy=0.76 + np.linspace(-0.2, 0.2, 10))  # best by its mean, leads in no test
    table = leaderboard(standings_of(*frames))
    assert len(table.on_page().rows) == 8
    shown = {row[0] for row in table.on_page().texts}
    assert {name for name, heading in marks(table, lambda page: page.bold) if heading == "accuracy"} == {"o18"} & shown


@pytest.mark.parametrize(("measure", "words"), [("jitter_20", "over 20 steps"), ("jitter_1", "from step to step")])
def test_the_heading_of_the_oscillation_says_its_scale(measure, words):
    standings = standings_of(rows("sgd", SLOW), rows("adam", FAST))
    runs = standings.comparison.runs
    runs = runs.assign(**({"jitter_20": np.nan} | {measure: runs["jitter_20"]}))
    page = leaderboard(replace(standings, comparison=replace(standings.comparison, runs=runs))).on_page()
    explanation = page.explanations[page.columns.index("oscillation")]
    assert explanation == f"how much the loss jitters {words}, without its trend; lower is steadier"


def test_lost_runs_are_counted_and_an_unreached_target_says_never():
    lost = np.where(np.arange(10) < 4, np.nan, FAST)
    late = rows("sgd", SLOW).assign(**{"steps_to_0.3": np.nan})
    table = leaderboard(standings_of(late, rows("adam", lost), rows("nadam", FAST)))
    texts = {row[0]: row for row in table.on_page().texts}
    assert texts["adam"][2].endswith(" (6 of 10)")
    assert texts["sgd"][-1] == "never"


def test_a_row_per_setting_says_who_is_ahead_and_whether_that_is_shown():
    every = [standings_of(rows("sgd", a), rows("adam", b)) for a, b in ((SLOW, FAST), (FAST[:1], SLOW[:1]))]
    named = [
        replace(one, comparison=replace(one.comparison, setting=name)) for one, name in zip(every, ("a=1", "a=2"), strict=True)
    ]
    page = setting_table(named, [setting_answer(one) for one in named]).on_page()
    assert page.columns == ["setting", "ahead", "lr", "final loss", "accuracy", "shown"]
    assert page.texts == [["a=1", "adam", "0.001", "0.200", "80.0 %", "yes"], ["a=2", "sgd", "0.001", "0.197", "80.3 %", "no"]]
    assert page.bold == {(0, 1)}


def names_beside(figure) -> dict[str, float]:
    [axes] = figure.axes
    return {text.get_text(): text.get_position()[1] for text in axes.texts}


def test_each_line_ends_with_its_name_in_the_order_of_the_losses(runs):
    [comparison] = comparisons_of([run for run in runs if run.config.lr == 0.01])
    with house_style():
        names = names_beside(named_lines(comparison).figure)
    ends = comparison.runs.groupby("variant")["tail_loss"].mean()
    assert set(names) == {"SGD", "Adam"}
    assert (names["SGD"] > names["Adam"]) == (ends["SGD"] > ends["Adam"])
    assert abs(names["SGD"] - names["Adam"]) >= APART - 1e-9


def test_one_optimizer_has_a_line_per_learning_rate(digits):
    [comparison] = comparisons_of([train(digits_config("adam", lr=lr)) for lr in (0.001, 0.01)])
    with house_style():
        figure = named_lines(comparison)
    assert set(names_beside(figure.figure)) == {"lr 0.001", "lr 0.01"}
    assert figure.title == "Loss of Adam at each learning rate"


def test_names_that_are_cut_stay_different(digits):
    adams = [part("optimizer", "adam", beta1=beta1, beta2=beta2) for beta1 in (0.9, 0.95) for beta2 in (0.99, 0.999)]
    [comparison] = comparisons_of([train(digits_config(adam, lr=0.01, steps=20)) for adam in adams])
    with house_style():
        names = names_beside(named_lines(comparison).figure)
    assert len(names) == 4, names
    assert {len(name) for name in names} == {MAX_NAME}
    assert sum(name.endswith("0.999") for name in names) == 2


@pytest.mark.parametrize("name", ["{}" + "x" * 30, "x" * 15 + "{}" + "x" * 15, "x" * 30 + "{}", "x" * 300 + "{}" + "x" * 300])
def test_names_stay_different_wherever_they_differ(name):
    names = [name.format(letter) for letter in "abc"]
    found = shorten_all(names, MAX_NAME)
    assert len(set(found)) == 3
    assert max(map(len, found)) <= MAX_NAME
    assert shorten_all(["short", "x" * 20], MAX_NAME) == ["short", "x" * 20]


def test_runs_without_curves_have_no_figure(runs):
    [comparison] = comparisons_of([replace(run, curve=None) for run in runs[:2]])
    assert named_lines(comparison) is None


@pytest.mark.parametrize("lr", [3.0, 0.01])
def test_lines_that_end_above_their_start_are_in_the_frame(digits, lr):
    [comparison] = comparisons_of([train(digits_config("momentum", lr=lr, steps=30))])
    with house_style():
        figure = named_lines(comparison)
    [axes] = figure.figure.axes
    line = next(line for line in axes.get_lines() if not line.get_label().startswith("_child"))
    assert axes.get_ylim()[0] < line.get_ydata()[-1] < axes.get_ylim()[1]
    assert "cut off" not in figure.caption


def test_crosses_above_the_frame_stay_at_its_top_and_lines_that_leave_it_are_said(digits):
    """One optimizer diverges; a cross far above the panel would squeeze it to nothing."""
    runs = [train(digits_config("sgd", lr=0.05, steps=30)), train(digits_config("momentum", lr=15.0, steps=30))]
    [comparison] = comparisons_of(runs)
    with house_style(), warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = named_lines(comparison)
        figure.figure.canvas.draw()
    [axes] = figure.figure.axes
    crosses = [line for line in axes.get_lines() if line.get_marker() == "x"]
    assert crosses
    assert all(line.get_ydata().max() <= axes.get_ylim()[1] for line in crosses)
    assert figure.caption.startswith("losses above ")


def test_the_first_figure_says_that_the_final_losses_of_the_table_are_on_other_images(runs):
    [ours] = comparisons_of([run for run in runs if run.config.lr == 0.01])
    [bowl] = comparisons_of([train(quadratic_config(name, lr=0.1)) for name in ("sgd", "adagrad")])
    with house_style():
        assert "final losses of the table are on validation images" in named_lines(ours).caption
        assert "images" not in named_lines(bowl).caption


@pytest.mark.parametrize("count", [1, 8])
def test_names_never_overlap_and_stay_on_the_panel(count):
    for heights in (np.zeros(count), np.ones(count), np.linspace(0.4, 0.5, count)):
        placed = sorted(spread_heights(list(heights)))
        assert (np.diff(placed) >= APART - 1e-9).all()
        assert placed[0] >= APART / 2 - 1e-9, "the name would lie on the axis"
        assert placed[-1] <= 1 + 1e-9


def test_the_table_survives_an_optimizer_without_runs():
    lost = pd.concat([rows("adam", SLOW * np.nan, lr=lr) for lr in (0.1, 1.0)])
    table = leaderboard(standings_of(rows("sgd", SLOW), lost, rows("nadam", FAST)))
    assert [row[0] for row in table.on_page().texts] == ["nadam", "sgd", "adam"]
    assert table.on_page().texts[-1][2] == "–"
