"""Figures in which a run is a number, and losses against seconds: what is drawn is what the runs hold."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from conftest import digits_config, quadratic_config
from matplotlib.colors import to_hex, to_rgb
from scipy import stats

from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.figures.accuracy_curves import accuracy_figures
from zdl_bench.report.figures.best_of_trials import draw_best_of_trials
from zdl_bench.report.figures.catalogue import comparison_figures
from zdl_bench.report.figures.heat_map import draw_heat_map
from zdl_bench.report.figures.loss_over_seconds import draw_loss_over_seconds
from zdl_bench.report.figures.lr_sensitivity import draw_lr_sensitivity
from zdl_bench.report.figures.oscillation import draw_oscillation
from zdl_bench.report.figures.speed_jitter import draw_speed_jitter, speed_and_jitter
from zdl_bench.report.figures.style import look_of
from zdl_bench.run.config import Choice
from zdl_bench.training.loop import train


@pytest.fixture
def axes():
    yield plt.figure().add_subplot()
    plt.close("all")


@pytest.fixture(scope="module")
def runs(digits):
    """Two optimizers, three learning rates of which one diverges, three seeds."""
    configs = [digits_config(name, lr, seed=seed) for name in ("sgd", "adam") for lr in (0.01, 0.1, 1e30) for seed in range(3)]
    return [train(config) for config in configs]


@pytest.fixture(scope="module")
def drawn(runs):
    [comparison] = comparisons_of(runs)
    yield {one.name: one for one in comparison_figures(comparison)}
    plt.close("all")


def geometric(values):
    logs = np.log(values)
    half = stats.t.ppf(0.975, len(logs) - 1) * stats.sem(logs)
    return np.exp([logs.mean(), logs.mean() - half, logs.mean() + half])


def seconds_frame(*curves, planned=20):
    """curves: seconds and losses at steps 0, 10, 20, as far as a run came."""
    rows = [
        (f"run{number}", step, loss, at)
        for number, (seconds, losses) in enumerate(curves)
        for step, at, loss in zip((0, 10, 20), seconds, losses, strict=False)
    ]
    frame = pd.DataFrame(rows, columns=["run_id", "step", "loss", "seconds"])
    return frame.assign(line="sgd", color="#0072B2", planned_steps=planned)


def test_a_mean_loss_stands_at_the_mean_of_the_seconds(axes):
    frame = seconds_frame(((0, 1.0, 3.0), (2.0, 1.0, 0.5)), ((0, 2.0, 5.0), (2.0, 4.0, 0.125)))
    assert draw_loss_over_seconds(frame, axes) is axes
    [line] = axes.get_lines()
    assert line.get_xdata() == pytest.approx([0, 1.5, 4])
    assert line.get_ydata() == pytest.approx([2, 2, 0.25])
    assert axes.get_xlim() == (0, pytest.approx(1.02 * 4))
    assert not axes.texts


def test_a_run_that_ended_early_is_at_its_own_seconds(axes):
    frame = seconds_frame(((0, 1.0, 3.0), (2.0, 1.0, 0.5)), ((0, 7.0), (2.0, 3.0)), ((0, 8.0, 9.0), (2.0, 3.0, 1e9)))
    draw_loss_over_seconds(frame, axes)
    mean, crosses = axes.get_lines()
    assert mean.get_xdata() == pytest.approx([0, 1, 3])
    assert crosses.get_marker() == "x"
    assert crosses.get_xdata() == pytest.approx([7, 9])
    assert crosses.get_ydata() == pytest.approx([3, 8])  # the axis ends at four times the first loss
    assert axes.get_xlim()[1] > 9
    assert [text.get_text() for text in axes.texts] == ["sgd: 2 of 3 diverged,\nmean of the other 1"]


@pytest.mark.slow
def test_seconds_in_a_report_are_shown_and_said_not_to_be_compared(runs, drawn):
    for name in ("loss_over_seconds", "loss_over_seconds_at_best_lr"):
        title = drawn[name].figure.get_suptitle().replace("\n", " ")
        assert "shown, not compared" in title
        assert "evaluation left out" in title
    [axes] = drawn["loss_over_seconds_at_best_lr"].figure.axes
    [comparison] = comparisons_of(runs)
    at_best = [run for run in runs if run.config.optimizer.name == "adam" and run.config.lr == comparison.best_lrs["Adam"]]
    expected = np.mean([run.curve.probes.train_seconds[run.curve.probes.strided] for run in at_best], axis=0)
    line = next(line for line in axes.get_lines() if str(line.get_label()).startswith("Adam"))
    assert line.get_xdata() == pytest.approx(expected)
    ends = {axes.get_xlim() for axes in drawn["loss_over_seconds"].figure.axes}
    assert len(ends) == 1


def test_without_seconds_there_is_no_such_figure(runs):
    [comparison] = comparisons_of(runs[:6])
    comparison.probes["train_seconds"] = 0.0
    assert not any("seconds" in one.name for one in comparison_figures(comparison))
    plt.close("all")


def lr_frame(losses, variant="sgd"):
    rows = [(variant, variant, lr, seed, loss) for lr, row in losses.items() for seed, loss in enumerate(row)]
    frame = pd.DataFrame(rows, columns=["variant", "optimizer", "lr", "seed", "tail_loss"])
    return frame.assign(status="completed", learned=True, start_loss=2.0)


def rings(axes):
    return [tuple(line.get_xydata()[0]) for line in axes.get_lines() if line.get_markersize() == 13 and len(line.get_xdata())]


def test_the_best_lr_inside_its_grid_has_a_ring(axes):
    draw_lr_sensitivity(lr_frame({0.1: [3.0, 3.0], 0.2: [1.0, 4.0], 0.3: [5.0, 5.0]}), axes)
    assert rings(axes) == [(0.2, pytest.approx(2.0))]
    assert not axes.texts
    assert axes.get_legend_handles_labels()[1] == ["sgd", "best"]


@pytest.mark.parametrize(("losses", "lr", "arrow"), [([1.0, 2.0, 3.0], 0.1, "←"), ([3.0, 2.0, 1.0], 0.3, "→")])
def test_the_best_lr_at_the_edge_of_its_grid_points_outwards(axes, losses, lr, arrow):
    draw_lr_sensitivity(lr_frame(dict(zip((0.1, 0.2, 0.3), ([loss] * 2 for loss in losses), strict=True))), axes)
    assert rings(axes) == [(lr, pytest.approx(1.0))]
    assert [text.get_text() for text in axes.texts] == [arrow]
    assert "at the grid's edge" in axes.get_legend_handles_labels()[1]


def test_a_lost_lr_beyond_the_best_is_an_edge_that_was_looked_over(axes):
    draw_lr_sensitivity(lr_frame({0.1: [3.0, 3.0], 0.2: [1.0, 1.0], 0.3: [5.0, np.nan]}), axes)
    assert not axes.texts


def test_a_single_lr_is_no_best(axes):
    draw_lr_sensitivity(lr_frame({0.1: [3.0, 3.0]}), axes)
    assert not rings(axes)


@pytest.mark.slow
def test_the_report_says_that_an_arrow_is_an_edge(drawn):
    title = drawn["lr_sensitivity"].figure.get_suptitle().replace("\n", " ")
    assert "at the edge of its grid" in title
    assert "At the edge of its grid lies the best of" in drawn["lr_sensitivity"].description


def speed_frame():
    rng = np.random.default_rng(1)
    cells = [(lr, seed) for lr in (0.1, 0.2, 0.3) for seed in range(5)]
    frame = pd.DataFrame(cells, columns=["lr", "seed"]).assign(variant="sgd", optimizer="sgd")
    return frame.assign(log_aulc=rng.normal(size=15), jitter_20=np.where(frame["lr"] == 0.3, np.nan, rng.lognormal(size=15)))


def test_speed_and_jitter_have_intervals_both_ways(axes):
    frame = speed_frame()
    points = speed_and_jitter(frame).set_index("lr")
    cell = frame[frame["lr"] == 0.2]
    assert points.loc[0.2, ["jitter", "jitter_low", "jitter_high"]].tolist() == pytest.approx(geometric(cell["jitter_20"]))
    assert points.loc[0.2, ["loss", "loss_low", "loss_high"]].tolist() == pytest.approx(geometric(np.exp(cell["log_aulc"])))
    assert draw_speed_jitter(frame, axes) is axes
    across, along = (bars.get_segments() for bars in axes.collections)
    assert len(across) == len(along) == 2
    assert across[1][:, 0] == pytest.approx(points.loc[0.2, ["loss_low", "loss_high"]].tolist())
    assert along[1][:, 1] == pytest.approx(points.loc[0.2, ["jitter_low", "jitter_high"]].tolist())
    assert axes.get_lines()[0].get_label() == "sgd (1 lr without a value)"
    assert axes.get_ylabel() == "jitter over 20 steps   ← steadier"


@pytest.mark.slow
def test_the_figure_says_which_scale_it_shows(drawn):
    """In 60 steps there is no room for 20 steps."""
    one = drawn["speed_jitter"]
    assert one.title == "Speed against steadiness over 5 steps, by learning rate"
    assert one.figure.axes[0].get_ylabel() == "jitter over 5 steps   ← steadier"
    assert "Steadiest, by jitter over 5 steps: " in one.description


def test_an_interval_that_runs_away_does_not_squeeze_the_points(axes):
    frame = speed_frame().iloc[:7].assign(jitter_20=[0.1, 0.1, 0.1, 0.1, 0.1, 1e-6, 1e5])
    draw_speed_jitter(frame, axes)
    low, high = axes.get_ylim()
    assert low > 0.01
    assert high < 10


def oscillation_frame(**values):
    rows = [(name, name, value) for name, row in values.items() for value in row]
    return pd.DataFrame(rows, columns=["variant", "optimizer", "jitter_1"]).assign(overshoot=lambda frame: frame["jitter_1"])


def test_oscillation_has_a_row_per_optimizer_in_its_look(axes):
    values = {"sgd": [0.1, 0.2, 0.4], "adam": [0.3, 0.3, 0.6]}
    assert draw_oscillation(oscillation_frame(**values), axes, "jitter_1") is axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["sgd", "adam"]
    for row, (name, line) in enumerate(zip(values, axes.get_lines(), strict=True)):
        mean, low, high = geometric(values[name])
        assert line.get_xydata().tolist() == [[pytest.approx(mean), row]]
        assert (line.get_color(), line.get_marker()) == tuple(look_of(name)[:2])
        seeds, bar = axes.collections[2 * row : 2 * row + 2]
        assert np.asarray(seeds.get_offsets())[:, 0] == pytest.approx(values[name])
        assert bar.get_segments()[0][:, 0] == pytest.approx([low, high])
    assert axes.get_xscale() == "log"
    assert axes.get_xlabel() == "jitter 1   ← steadier"


def test_a_metric_without_logarithms_has_an_arithmetic_mean(axes):
    draw_oscillation(oscillation_frame(sgd=[0.0, 0.2, 0.4]), axes, "overshoot")
    assert axes.get_lines()[0].get_xdata() == pytest.approx([0.2])
    assert axes.get_xscale() == "linear"


def test_runs_without_a_value_are_counted_in_their_row(axes):
    draw_oscillation(oscillation_frame(sgd=[0.1, np.nan, 0.4], adam=[np.nan, np.nan], momentum=[1.0]), axes, "jitter_1")
    notes = {text.get_text(): text.get_position()[1] for text in axes.texts}
    assert list(notes) == ["2 of 3 runs have a value", "0 of 2 runs have a value"]
    assert list(notes.values()) == pytest.approx([0, 1], abs=0.4)
    assert len(axes.get_lines()) == 2
    axes.figure.canvas.draw()


def test_the_report_has_a_panel_per_metric_that_is_defined(drawn):
    figure = drawn["oscillation"].figure
    names = [axes.get_xlabel().split("   ")[0] for axes in figure.axes if axes.get_visible()]
    assert names == ["jitter 1", "overshoot", "displacement cosine", "gradient cosine", "path efficiency"]
    assert [axes.get_xlabel().endswith("steadier →") for axes in figure.axes[:5]] == [False, False, True, True, True]


@pytest.mark.slow
def test_surfaces_have_the_metrics_of_their_paths():
    [comparison] = comparisons_of([train(quadratic_config(name, lr=0.05)) for name in ("sgd", "momentum")])
    figure = next(one for one in comparison_figures(comparison) if one.name == "oscillation").figure
    labels = [axes.get_xlabel() for axes in figure.axes if axes.get_visible()]
    assert labels[:2] == ["axis crossings   ← steadier", "step cosine   steadier →"]
    assert "flip rate   ← steadier" in labels
    assert "displacement cosine   steadier →" not in labels, "strides would hide what happens between them"
    plt.close("all")


@pytest.mark.slow
def test_an_optimizer_without_a_best_lr_is_named(digits):
    tried = {"adam": (0.01, 0.1), "sgd": (1e29, 1e30), "adagrad": (0.1,)}
    configs = [digits_config(name, lr) for name, lrs in tried.items() for lr in lrs]
    [comparison] = comparisons_of([train(config) for config in configs])
    figures = {one.name: one.figure.get_suptitle().replace("\n", " ") for one in comparison_figures(comparison)}
    for name in ("oscillation", "loss_at_best_lr", "targets_reached"):
        assert "left out, since no learning rate has a value in every run: SGD" in figures[name]
    plt.close("all")


def test_the_best_of_k_trials_is_drawn_against_k(axes):
    frame = pd.concat([lr_frame({0.1: [1.0, 4.0], 0.2: [0.5, 0.5], 0.3: [1.0, np.nan]}), lr_frame({0.1: [1.0, 1.0]}, "adam")])
    assert draw_best_of_trials(frame, axes) is axes
    sgd, adam = axes.get_lines()
    assert sgd.get_xdata().tolist() == [1, 2, 3]
    assert sgd.get_ydata() == pytest.approx([(2 + 0.5 + 2) / 3, (0.5 + 0.5 + 2) / 3, 0.5])
    assert adam.get_xydata().tolist() == [[1, pytest.approx(1)]]
    assert to_hex(sgd.get_color()) == look_of("sgd").color.lower()


def test_the_heat_map_tells_lost_from_not_tried(axes):
    frame = pd.concat([lr_frame({0.1: [1.0, 1.0, 2.0], 0.2: [1.0, np.nan, np.nan]}), lr_frame({0.1: [3.0, 3.0, 3.0]}, "adam")])
    frame["status"] = np.where(frame["tail_loss"].isna(), "diverged", "completed")
    draw_heat_map(frame, axes)
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert cells[1.5, 0.5] == "2/3 diverged"
    assert cells[1.5, 1.5] == ""
    axes.figure.canvas.draw()
    grey = axes.collections[0].get_facecolors().reshape(2, 2, 4)
    assert tuple(grey[0, 1, :3]) == pytest.approx(to_rgb("#d9d9d9"))
    assert grey[1, 1, 3] == grey[0, 0, 3] == 0


def test_every_figure_is_described_for_who_cannot_see_it(drawn):
    assert len(drawn) >= 9
    for one in drawn.values():
        assert "2 optimizers: SGD and Adam" in one.description, one.name
        assert one.description.endswith(".")
        assert any(axes.get_visible() and axes.has_data() for axes in one.figure.axes), one.name


@pytest.mark.parametrize(
    ("validation_size", "words"),
    [(300, "on 100 fixed images at each probe"), (30, "on 30 fixed images"), (0, "on 40 fixed images")],
    ids=["some of the validation images", "all of them", "the probe, without validation"],
)
def test_accuracies_say_on_how_many_images_they_were_measured(digits, validation_size, words):
    config = digits_config("sgd", 0.01, steps=20, probe_images=40)
    config = replace(config, dataset=Choice("digits", {**config.dataset.values, "validation_size": validation_size}))
    [comparison] = comparisons_of([train(replace(config, lr=lr)) for lr in (0.01, 0.02)])
    figures = accuracy_figures(comparison)
    for one in (*figures.at_same_lr("same"), *figures.at_best_lr("best")):
        assert words in " ".join(one.figure.get_suptitle().split())
    plt.close("all")
