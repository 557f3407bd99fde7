"""Figures that compare optimizers: what they show is what the runs hold."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from conftest import quadratic_config

from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.figures import best_of_trials, heat_map, lr_sensitivity, speed_jitter, tuning_budget
from zdl_bench.report.figures.catalogue import comparison_figures, sweep_figures
from zdl_bench.report.figures.performance_profile import draw_performance_profile, expected_running_times
from zdl_bench.report.figures.runtime_ecdf import draw_runtime_ecdf
from zdl_bench.report.figures.speed_jitter import speed_and_jitter
from zdl_bench.training.loop import train


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def trained(name: str, lr: float, seed: int, condition: float = 10.0):
    problem = {"gradient_noise": 0.05, "start_std": 0.5, "condition_number": condition}
    return train(quadratic_config(name, lr=lr, seed=seed, problem=problem))


def figures_by_name(runs, tuning_seeds=()):
    [comparison] = comparisons_of(runs, tuning_seeds)
    return {one.name: one for one in comparison_figures(comparison)}


def legend_texts(figure):
    axes = figure.axes[0]
    return [text.get_text() for text in axes.get_legend().get_texts()]


TUNED = [
    *(trained(name, lr, seed) for name in ("sgd", "momentum") for lr in (0.01, 0.1) for seed in (100, 101)),
    *(trained("sgd", 0.1, seed) for seed in (0, 1, 2)),
    *(trained("momentum", 0.01, seed) for seed in (0, 1, 2)),
]


def test_the_same_effective_lr_has_a_panel_of_its_own():
    figure = figures_by_name(TUNED, (100, 101))["loss_at_effective_lr"].figure
    [axes] = figure.axes
    assert axes.get_title() == "effective lr 0.1"
    assert legend_texts(figure) == ["SGD, lr 0.1", "Momentum, lr 0.01"]


@pytest.mark.slow
def test_without_momentum_there_is_no_such_panel():
    runs = [trained(name, lr, 0) for name in ("sgd", "adam") for lr in (0.01, 0.1)]
    assert "loss_at_effective_lr" not in figures_by_name(runs)


@pytest.mark.slow
def test_where_lrs_were_tuned_the_figures_say_on_what():
    figures = figures_by_name(TUNED, (100, 101))
    assert "loss_curves" not in figures  # no learning rate is shared on the seeds that judge
    assert "on 2 tuning seeds, shown on others" in figures["loss_at_best_lr"].figure.get_suptitle()
    assert "3 seeds after 2 tuning seeds" in figures["loss_at_best_lr"].figure.get_suptitle()
    lines = figures["lr_sensitivity"].figure.axes[0].get_lines()
    assert any(list(line.get_xdata()) == [0.01, 0.1] for line in lines)


@pytest.mark.parametrize("drawing", [lr_sensitivity, best_of_trials, heat_map, speed_jitter, tuning_budget])
def test_a_figure_of_trials_says_in_its_title_on_which_seeds_they_ran(drawing):
    [tuned], [plain] = comparisons_of(TUNED, (100, 101)), comparisons_of(TUNED)
    assert [one.title.endswith(", on the 2 tuning seeds") for one in drawing.captioned_figures(tuned)] == [True]
    assert not any("tuning seed" in one.title for one in drawing.captioned_figures(plain))


def test_speed_and_jitter_are_geometric_means_and_leave_no_run_out():
    frame = pd.DataFrame(
        {
            "variant": ["sgd"] * 6,
            "lr": [0.1, 0.1, 0.2, 0.2, 0.3, 0.3],
            "log_aulc": [0.0, 2.0, 1.0, 1.0, 0.0, 0.0],
            "jitter_20": [0.1, 0.4, 0.2, np.nan, 0.0, 0.1],
        }
    )
    points = speed_and_jitter(frame).set_index("lr")
    assert points.loc[0.1, "loss"] == pytest.approx(np.e)
    assert points.loc[0.1, "jitter"] == pytest.approx(0.2)
    assert points.loc[[0.2, 0.3]][["loss", "jitter"]].isna().all(axis=None)


def test_the_ecdf_counts_pairs_of_runs_and_targets():
    frame = pd.DataFrame(
        {"variant": "sgd", "optimizer": "sgd", "steps": 100, "steps_to_1": [10.0, 20.0], "steps_to_0.1": [50.0, np.nan]}
    )
    axes = draw_runtime_ecdf(frame, plt.figure().add_subplot())
    x, y = axes.get_lines()[0].get_data()
    for at, share in ((9, 0), (10, 0.25), (20, 0.5), (51, 0.75), (100, 0.75)):
        assert y[x <= at][-1] == share


def test_the_profile_is_that_of_dolan_and_more():
    frame = pd.DataFrame(
        {
            "problem": ["a", "a", "b", "b"],
            "variant": ["sgd", "adam"] * 2,
            "optimizer": ["sgd", "adam"] * 2,
            "ert": [10.0, 30.0, np.inf, 5.0],
        }
    )
    axes = draw_performance_profile(frame, plt.figure().add_subplot())
    lines = {line.get_label(): line.get_data() for line in axes.get_lines()}
    for name, at_1, at_3 in (("sgd", 0.5, 0.5), ("adam", 0.5, 1.0)):
        x, y = lines[name]
        assert y[0] == at_1
        assert y[np.searchsorted(x, 3.001)] == at_3


def test_expected_running_times_are_at_the_best_lr_of_each_setting():
    runs = [
        trained(name, lr, seed, condition)
        for condition in (1.0, 30.0)
        for name in ("sgd", "adam")
        for lr in (0.01, 0.3)
        for seed in (0, 1)
    ]
    comparisons = list(comparisons_of(runs))
    erts = expected_running_times(comparisons)
    assert erts["setting"].nunique() == 2
    [comparison, _] = comparisons
    best = comparison.best_lrs["SGD"]
    at_best = comparison.runs[(comparison.runs["variant"] == "SGD") & (comparison.runs["lr"] == best)]
    found = erts[(erts["setting"] == comparison.setting) & (erts["variant"] == "SGD")].set_index("problem")["ert"]
    assert found[f"{comparison.setting}, steps_to_0.1"] == pytest.approx(at_best["steps_to_0.1"].mean())
    [profile] = sweep_figures(comparisons)
    assert profile.name == "performance_profile"
    assert list(sweep_figures(comparisons[:1])) == []
