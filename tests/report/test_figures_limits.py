"""Figures of sweeps that are larger or stranger than usual: of a sane size, with names that can be read, and nothing unsaid."""

import io
import math
import re
import warnings
from dataclasses import replace
from itertools import chain, pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from conftest import digits_config, part, quadratic_config
from test_report import unlucky

from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.figures.catalogue import LOSS_FIGURES, comparison_figures, standing_figures, sweep_figures
from zdl_bench.report.figures.grid import head
from zdl_bench.report.figures.legends import legend_outside
from zdl_bench.report.figures.lr_sensitivity import draw_lr_sensitivity
from zdl_bench.report.figures.oscillation import draw_oscillation
from zdl_bench.report.figures.performance_profile import expected_running_times
from zdl_bench.report.figures.scales import FLOAT_LIMITS, log_axis
from zdl_bench.report.figures.selection import spread_with
from zdl_bench.report.figures.speed_jitter import draw_speed_jitter
from zdl_bench.report.figures.style import house_style, legend_name, line_looks, with_looks
from zdl_bench.report.phrases import MAX_LETTERS, shorten
from zdl_bench.report.standings import Standings
from zdl_bench.run.config import Choice
from zdl_bench.run.run import Run, Status
from zdl_bench.training.loop import train

MAX_PIXELS = 4000


@pytest.fixture(autouse=True)
def styled():
    with house_style():
        yield
    plt.close("all")


@pytest.fixture(scope="module")
def trained(digits) -> list[Run]:
    return [train(digits_config("adam", 0.01, seed=seed)) for seed in (0, 1)]


@pytest.fixture(scope="module")
def on_a_bowl() -> Run:
    config = quadratic_config("sgd", 0.1, steps=10)
    return train(replace(config, problem=part("problem", "bowl")))


def as_if(run: Run, lr: float, **changes) -> Run:
    """The run as it would be stored of another learning rate and other hyper-parameters."""
    optimizer = run.config.optimizer
    chosen = Choice(changes.pop("name", optimizer.name), {**optimizer.values, **changes})
    return replace(run, config=replace(run.config, lr=lr, optimizer=chosen))


def all_figures(runs) -> dict:
    comparisons = list(comparisons_of(runs))
    [comparison] = comparisons
    figures = chain(comparison_figures(comparison), standing_figures(Standings(comparison)))
    return {one.name: one for one in figures}


def heading(captioned) -> str:
    return captioned.figure.get_suptitle().replace("\n", " ")


LARGE = {
    "60 variants, 3 lrs": lambda runs: [
        as_if(run, lr, beta1=round(0.5 + 0.005 * k, 4)) for run in runs for k in range(60) for lr in (0.001, 0.01, 0.1)
    ],
    "1 variant, 200 lrs": lambda runs: [as_if(run, float(lr)) for run in runs for lr in np.geomspace(1e-5, 1, 200)],
    "12 variants, 40 lrs": lambda runs: [
        as_if(run, float(lr), beta1=0.5 + 0.01 * k) for run in runs[:1] for k in range(12) for lr in np.geomspace(1e-5, 1, 40)
    ],
    "120 variants": lambda runs: [as_if(runs[0], 0.01, beta1=round(0.5 + 0.001 * k, 4)) for k in range(120)],
}


SLOW = ("60 variants, 3 lrs", "120 variants")


@pytest.mark.slow
@pytest.mark.parametrize("case", [pytest.param(case, marks=[pytest.mark.slow] * (case in SLOW)) for case in LARGE])
def test_figures_of_a_large_sweep_are_of_a_sane_size_and_say_what_is_left_out(trained, case):
    drawn = all_figures(LARGE[case](trained))
    assert "heat_map" in drawn
    for one in drawn.values():
        width, height = one.figure.get_size_inches() * one.figure.dpi
        assert max(width, height) < MAX_PIXELS, one.name
        one.figure.canvas.draw()  # a layout that fails is a warning, and an error here
        for axes in one.figure.axes:
            assert axes.get_window_extent().width > 100 or axes.get_label() == "<colorbar>", one.name
    left_out = "the tables have all" if case in SLOW else "in the tables"  # optimizers, learning rates
    assert left_out in heading(drawn["heat_map"])


@pytest.mark.slow
def test_figures_of_many_paths_are_of_a_sane_size(on_a_bowl):
    for one in all_figures([as_if(on_a_bowl, float(lr)) for lr in np.geomspace(1e-4, 0.5, 200)]).values():
        one.figure.canvas.draw()
        assert max(one.figure.get_size_inches() * one.figure.dpi) < MAX_PIXELS, one.name


def test_a_spread_has_the_best_and_both_ends():
    values = [float(k) for k in range(200)]
    found = spread_with({77.0}, values, 24)
    assert len(found) == 24
    assert {0.0, 77.0, 199.0} <= set(found)
    assert found == sorted(found)
    assert spread_with(set(), [2.0, 1.0, 1.0], 3) == [1.0, 2.0]


STRANGE_NAMES = ("$x^{$", "_hidden", "a" * 300, "b" * 300)


@pytest.mark.slow
def test_strange_names_are_drawn_as_they_are(trained):
    runs = [as_if(run, lr, name=name) for run in trained for name in STRANGE_NAMES for lr in (0.01, 0.1)]
    drawn = all_figures(runs)
    for one in drawn.values():
        one.figure.canvas.draw()
        assert max(one.figure.get_size_inches() * one.figure.dpi) < MAX_PIXELS, one.name
    [axes] = drawn["lr_sensitivity"].figure.axes
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts[:2] == ["$x^{$", legend_name("_hidden")]
    assert texts[2] == shorten("a" * 300)
    assert len(texts[2]) == MAX_LETTERS


@pytest.mark.slow
def test_names_that_are_cut_alike_stay_lines_of_their_own(trained):
    names = [f"{'a' * 60}{middle}{'b' * 60}" for middle in "xy"]
    runs = [as_if(run, lr, name=name) for run in trained for name in names for lr in (0.01, 0.1)]
    drawn = all_figures(runs)
    for figure in ("loss_curves", "loss_at_best_lr"):
        axes = drawn[figure].figure.axes[0]
        assert len([line for line in axes.get_lines() if len(line.get_xdata())]) == 2, figure


def test_learning_rates_that_read_alike_have_panels_of_their_own(trained):
    runs = [as_if(trained[0], lr) for lr in (0.01, 0.01 * (1 + 1.5e-8))]
    panels = [axes for axes in all_figures(runs)["loss_curves"].figure.axes if axes.get_visible()]
    assert len({axes.get_title() for axes in panels}) == len(panels) == 2


def test_legends_show_names_that_begin_with_an_underscore():
    axes = plt.figure().add_subplot()
    axes.plot([0, 1], label=legend_name("_mine"))
    legend_outside(axes)
    assert [text.get_text().strip("\u200b") for text in axes.get_legend().get_texts()] == ["_mine"]


def test_different_optimizers_of_one_colour_differ_by_their_markers():
    names = [f"unknown{k}" for k in range(12)]
    looks = line_looks(pd.DataFrame({"variant": names, "optimizer": names}))
    assert len({look["marker"] for look in looks.values()}) == 12


def test_a_variant_looks_the_same_where_others_are_left_out():
    everything = pd.DataFrame({"variant": ["sgd a", "sgd b", "adam"], "optimizer": ["sgd", "sgd", "adam"]})
    part_of_it = everything.iloc[1:]
    assert line_looks(with_looks(part_of_it, everything)) == {
        variant: look for variant, look in line_looks(everything).items() if variant != "sgd a"
    }


@pytest.mark.slow
def test_dashes_are_the_same_in_all_panels(trained):
    runs = [as_if(trained[0], lr, beta1=beta) for lr, betas in ((0.01, (0.5, 0.9)), (0.1, (0.9,))) for beta in betas]
    panels = all_figures(runs)["loss_curves"].figure.axes
    styles = [{line.get_label(): line.get_linestyle() for line in axes.get_lines()} for axes in panels if axes.get_visible()]
    assert styles[0]["Adam beta1=0.9"] == styles[1]["Adam beta1=0.9"] != styles[0]["Adam beta1=0.5"]


@pytest.mark.slow
def test_an_optimizer_that_lost_everything_stays_in_the_profile():
    def run(name, lr, condition):
        return train(quadratic_config(name, lr=lr, problem={"condition_number": condition, "start_std": 0.5}))

    runs = [run(name, lr, condition) for condition in (1.0, 30.0) for name in ("sgd", "adam") for lr in (0.01, 0.3)]
    lost = [
        replace(one, status=Status.DIVERGED) if one.config.optimizer.name == "adam" and "30" in str(one.config.problem) else one
        for one in runs
    ]
    comparisons = list(comparisons_of(lost))
    comparisons = [
        replace(
            one,
            runs=one.runs.assign(tail_loss=one.runs["tail_loss"].mask(one.runs["status"] == "diverged")),
        )
        for one in comparisons
    ]
    erts = expected_running_times(comparisons)
    assert np.isinf(erts.loc[(erts["variant"] == "Adam") & (erts["setting"] == comparisons[1].setting), "ert"]).all()
    [profile] = sweep_figures(comparisons)
    assert "in 2 settings" in heading(profile)
    assert "left out" not in heading(profile)


def test_settings_without_every_optimizer_are_counted():
    def run(name, condition):
        return train(quadratic_config(name, lr=0.1, problem={"condition_number": condition, "start_std": 0.5}))

    runs = [run(name, condition) for condition in (1.0, 30.0) for name in ("sgd", "adam")] + [run("sgd", 5.0)]
    [profile] = sweep_figures(comparisons_of(runs))
    assert "1 more setting is left out" in heading(profile)


def test_runs_without_a_curve_are_counted(trained):
    missing = unlucky(digits_config("adam", 0.01, seed=2)), Run(digits_config("adam", 0.01, seed=3), Status.TIMED_OUT)
    others = [train(digits_config("sgd", 0.01, seed=seed)) for seed in (0, 1)]
    drawn = all_figures([*trained, *missing, *others])
    assert "Adam: 2 of 4 runs have a curve" in heading(drawn["loss_curves"])


def test_where_every_run_diverged_no_mean_and_no_band_is_spoken_of():
    runs = [train(digits_config(name, lr=1e30, seed=seed, steps=10)) for name in ("sgd", "adam") for seed in (0, 1)]
    for one in all_figures(runs).values():
        words = f"{heading(one)} {one.description}"
        assert not re.search(r"95 %|means? over|mean and", words), (one.name, words)


def test_lines_too_many_for_bands_have_means_alone(trained):
    many = [as_if(run, 10.0**-exponent) for run in trained for exponent in range(14)]
    [comparison] = comparisons_of(many)
    [figure] = LOSS_FIGURES["loss_curves"](comparison)
    assert not any(axes.collections for axes in figure.figure.axes)
    assert "geometric mean over seeds" in heading(figure)
    assert "band" not in heading(figure)


def saddle_run(name: str, lr: float) -> Run:
    return train(replace(quadratic_config(name, lr=lr, steps=20), problem=part("problem", "saddle")))


@pytest.mark.slow
def test_losses_that_may_be_negative_are_said_to_have_no_log_scale():
    drawn = all_figures([saddle_run(name, lr) for name in ("sgd", "adam") for lr in (0.05, 0.1)])
    assert "no figure on a log scale" in heading(drawn["heat_map"])


def test_a_negative_loss_with_positive_probes_has_no_ring():
    frame = pd.DataFrame(
        {"variant": "sgd", "optimizer": "sgd", "lr": [0.1, 0.2], "seed": 0, "status": "completed", "tail_loss": [-1.0, 2.0]}
    )
    draw_lr_sensitivity(frame, plt.figure().add_subplot())


def test_equal_values_have_a_narrow_axis():
    frame = pd.DataFrame({"variant": ["a", "b"], "optimizer": ["sgd", "adam"], "overshoot": 0.0, "flip_rate": 0.5})
    for metric, value in (("overshoot", 0.0), ("flip_rate", 0.5)):
        axes = plt.figure().add_subplot()
        draw_oscillation(frame, axes, metric)
        low, high = axes.get_xlim()
        assert low < value < high
        assert high - low <= 0.2


def test_a_curve_of_one_point_names_its_learning_rate():
    frame = pd.DataFrame({"variant": "sgd", "optimizer": "sgd", "lr": 0.1, "log_aulc": [0.1, 0.2], "jitter_20": [0.1, 0.2]})
    axes = plt.figure().add_subplot()
    draw_speed_jitter(frame, axes)
    assert [text.get_text() for text in axes.texts] == ["0.1"]


@pytest.mark.slow
def test_the_asterisk_is_explained_only_where_it_is(trained):
    stuck = [replace(run) for run in trained]
    [comparison] = comparisons_of([*stuck, *(as_if(run, 0.1) for run in trained)])
    runs = comparison.runs
    for learned, lost, expected in (
        ([True, False, True, True], [False] * 4, True),
        ([True, False, True, True], [True, False, False, False], False),
    ):
        changed = runs.assign(learned=learned, tail_loss=runs["tail_loss"].mask(pd.Series(lost, index=runs.index)))
        drawn = {one.name: one for one in comparison_figures(replace(comparison, runs=changed))}
        assert ("* completed" in heading(drawn["heat_map"])) == expected


def test_the_forest_of_test_accuracy_is_of_odds(trained):
    runs = [as_if(run, 0.01, name=name) for run in trained for name in ("adam", "adam_articles")]
    titles = [axes.get_title(loc="left") for axes in all_figures(runs)["paired_differences"].figure.axes]
    assert "test accuracy (odds)" in titles


def test_a_head_with_a_long_word_fits():
    figure = plt.figure(figsize=(6, 3))
    head(figure, "x" * 300, [])
    assert max(map(len, figure.get_suptitle().split("\n"))) <= 80


@pytest.mark.slow
@pytest.mark.parametrize("name", ["x", "y"])
@pytest.mark.parametrize(
    "values",
    [(5e-324, 1.7e308), (1e300, 1.797e308), (1e-300, 1e-300), (0.0, 1.0), (1.0, math.inf), (), (math.nan, -1.0), (3.0, 3.0)],
)
def test_a_logarithmic_axis_holds_what_floats_do(name, values):
    with warnings.catch_warnings(), house_style():
        warnings.simplefilter("error")
        figure, axes = plt.subplots(layout="constrained")
        first, second = (axes.xaxis, axes.yaxis) if name == "x" else (axes.yaxis, axes.xaxis)
        axes.plot(values, values, marker="o")
        log_axis(first, values, 0.05)
        log_axis(second, values)
        for axis in (first, second):
            low, high = axis.get_view_interval()
            assert 0 < low < high < math.inf
            assert all(low <= value <= high for value in values if 0 < value <= FLOAT_LIMITS[1])
        figure.savefig(io.BytesIO(), format="png")
        plt.close(figure)


@pytest.mark.parametrize("low", [0.0012, 0.028, 0.11, 0.9])
@pytest.mark.parametrize("span", [2, 3, 4.8, 5.2, 8, 9.9, 10.1, 60, 99, 500])
def test_the_numbers_of_a_narrow_logarithmic_axis_stay_apart(low, span):
    with house_style():
        figure = plt.figure(figsize=(3.4, 2.0))
        axes = figure.add_axes((0.02, 0.2, 0.9, 0.7))
        log_axis(axes.xaxis, (low, low * span))
        shown = [label for label in axes.get_xticklabels() if low <= label.get_position()[0] <= low * span]
        boxes = [label.get_window_extent() for label in shown]
        plt.close(figure)
    assert len(boxes) >= 2
    assert all(left.x1 + 3 <= right.x0 for left, right in pairwise(boxes)), [label.get_text() for label in shown]
