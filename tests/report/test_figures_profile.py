"""The figure of the oscillation profile: what is drawn is what the runs hold."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from conftest import digits_config, quadratic_config
from scipy import stats

from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.figures.catalogue import comparison_figures
from zdl_bench.report.figures.oscillation_profile import draw_oscillation_profile, profile_points
from zdl_bench.report.figures.style import look_of
from zdl_bench.run.profile import SCALES
from zdl_bench.statistics.metrics.steadiness import LOG_JITTERS, RELATIVE_JITTERS
from zdl_bench.training.loop import train

NAME = "oscillation_profile"


@pytest.fixture
def axes():
    yield plt.figure().add_subplot()
    plt.close("all")


def frame_of(**values) -> pd.DataFrame:
    """values: for each optimizer a row of four jitters per run."""
    rows = [(name, name, *row) for name, runs in values.items() for row in runs]
    return pd.DataFrame(rows, columns=["variant", "optimizer", *LOG_JITTERS])


SGD = [[0.1, 0.2, 0.3, 0.4], [0.2, 0.2, 0.5, 0.4], [0.15, 0.3, 0.3, 0.2]]


def test_a_point_is_the_geometric_mean_with_students_interval():
    points = profile_points(frame_of(sgd=SGD)).set_index("scale")
    logs = np.log(np.array(SGD)[:, 2])
    half = stats.t.ppf(0.975, 2) * stats.sem(logs)
    assert points.loc[20, ["mean", "low", "high"]].tolist() == pytest.approx(
        np.exp([logs.mean(), logs.mean() - half, logs.mean() + half]).tolist()
    )
    assert list(points.index) == list(SCALES)
    assert (points["n"] == 3).all()


def test_a_line_per_optimizer_with_its_look_and_a_band(axes):
    frame = frame_of(sgd=SGD, adam=[[0.01, 0.02, 0.03, 0.04]] * 2)
    assert draw_oscillation_profile(frame, axes) is axes
    for line, name in zip(axes.get_lines(), ("sgd", "adam"), strict=True):
        points = profile_points(frame)
        assert line.get_xydata().tolist() == points.loc[points["variant"] == name, ["scale", "mean"]].to_numpy().tolist()
        assert (line.get_color(), line.get_marker()) == tuple(look_of(name)[:2])
    assert len(axes.collections) == 2
    assert axes.get_xscale() == axes.get_yscale() == "log"
    axes.figure.canvas.draw()
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "5", "20", "100"]


def test_a_jitter_of_0_is_a_hollow_mark_and_a_missing_one_is_counted(axes):
    zero, missing = [0.0, 0.2, 0.3, 0.4], [np.nan] * 4
    draw_oscillation_profile(frame_of(sgd=[*SGD, zero, missing]), axes)
    line, hollow = axes.get_lines()
    assert line.get_label() == "sgd (4 of 5 runs)"
    assert line.get_xdata().tolist() == [5, 20, 100]
    assert hollow.get_xdata().tolist() == [1]
    assert hollow.get_markerfacecolor() == "none"


def test_what_has_no_value_leaves_a_figure_without_points(axes):
    draw_oscillation_profile(frame_of(sgd=[[np.nan] * 4], adam=[[0.0] * 4]), axes)
    axes.figure.canvas.draw()
    assert [len(line.get_xdata()) for line in axes.get_lines()] == [0, 0, 4]


def test_without_any_value_nothing_is_drawn(axes):
    draw_oscillation_profile(frame_of(sgd=[[np.nan] * 4]), axes)
    axes.figure.canvas.draw()
    assert [line.get_label() for line in axes.get_lines()] == ["sgd (0 of 1 runs)"]


@pytest.fixture(scope="module")
def comparison(digits):
    configs = [digits_config(name, 0.01, seed=seed, steps=120) for name in ("sgd", "adam") for seed in range(2)]
    [found] = comparisons_of([train(config) for config in configs])
    return found


def test_the_report_shows_ln_and_the_linear_view_side_by_side(comparison):
    one = next(one for one in comparison_figures(comparison) if one.name == NAME)
    left, right = one.figure.axes
    for axes, measures in ((left, LOG_JITTERS), (right, RELATIVE_JITTERS)):
        points = profile_points(comparison.runs, measures)
        assert [line.get_ydata().tolist() for line in axes.get_lines()] == [
            rows["mean"].tolist() for _, rows in points.groupby("variant", sort=False)
        ]
        assert points["mean"].between(*axes.get_ylim()).all()
    assert [axes.get_title() for axes in (left, right)] == ["of ln L", "of L, relative to its level"]
    assert left.get_ylim() == right.get_ylim()
    assert "Lowest jitter of ln L over 20 steps: " in one.description
    assert "over 100 steps" not in one.description, "120 steps are too few"
    assert "band: 95 % interval" in one.figure.get_suptitle()
    assert min(axes.get_window_extent().width for axes in (left, right)) > 200
    plt.close("all")


def test_surfaces_are_told_to_look_at_the_path_first():
    [comparison] = comparisons_of([train(quadratic_config(name, lr=0.05)) for name in ("sgd", "momentum")])
    one = next(one for one in comparison_figures(comparison) if one.name == NAME)
    assert "look at the axis crossings first" in one.figure.get_suptitle()
    plt.close("all")


def test_runs_too_short_for_two_scales_have_no_figure(digits):
    [comparison] = comparisons_of([train(digits_config(name, 0.01, steps=20)) for name in ("sgd", "adam")])
    assert NAME not in [one.name for one in comparison_figures(comparison)]
    plt.close("all")
