"""Paths over contours: what is drawn, what lies outside, and which runs a report shows."""

from collections.abc import Iterator
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from conftest import digits_config, part, quadratic_config
from matplotlib.colors import LogNorm, to_hex

from zdl_bench.registry import conf_files, registry
from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.figures.catalogue import comparison_figures
from zdl_bench.report.figures.landscape import draw_landscape
from zdl_bench.report.figures.optimizer_paths import draw_optimizer_paths
from zdl_bench.report.figures.paths import first_paths
from zdl_bench.report.figures.style import look_of
from zdl_bench.report.figures.surface_path import draw_path
from zdl_bench.run.config import Choice
from zdl_bench.training.loop import train


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    yield
    plt.close("all")


def trained(name: str, optimizer: str, lr: float, problem: dict | None = None, **changes):
    config = quadratic_config(optimizer, lr, **{"steps": 30, **changes})
    return train(replace(config, problem=part("problem", name, **(problem or {}))))


def spec_of(name: str):
    return registry.problem(part("problem", name))


def figures_by_name(runs) -> dict:
    [comparison] = comparisons_of(runs)
    return {one.name: one for one in comparison_figures(comparison)}


def frame_of(points) -> pd.DataFrame:
    return pd.DataFrame(np.asarray(points, float), columns=["x", "y"])


def contour_levels(axes) -> tuple[np.ndarray, object]:
    [contours] = [artist for artist in axes.collections if hasattr(artist, "levels")]
    return contours.levels, contours.norm


def titles(drawn) -> list[str]:
    return [axes.get_title() for axes in drawn.figure.axes if axes.get_visible()]


def test_the_bowl_is_drawn_as_in_the_article():
    axes = draw_landscape(spec_of("bowl"), plt.figure().add_subplot())
    levels, norm = contour_levels(axes)
    assert levels == pytest.approx(10 ** np.linspace(-3, 2, 35))
    assert isinstance(norm, LogNorm)
    assert (norm.vmin, norm.vmax) == (1e-3, 1e2)
    assert axes.get_xlim() == (-10, 10)
    assert axes.get_ylim() == (-3, 3)
    assert [line.get_xydata().tolist() for line in axes.get_lines()] == [[[0, 0]]]


@pytest.mark.parametrize("name", [name for name in conf_files.names("problem") if spec_of(name).domain])
def test_every_surface_has_contours_and_its_minima(name):
    spec = spec_of(name)
    axes = draw_landscape(spec, plt.figure().add_subplot())
    levels, norm = contour_levels(axes)
    assert len(levels) == 35
    assert (np.diff(levels) > 0).all()
    assert isinstance(norm, LogNorm) == bool(spec.minima)
    assert [tuple(line.get_xydata()[0]) for line in axes.get_lines()] == list(spec.minima)


def test_a_path_is_red_with_a_dot_per_step_and_marks_its_start():
    points = trained("bowl", "adagrad", 1.5).curve.points
    axes = plt.figure().add_subplot()
    assert draw_path(frame_of(points), axes, spec_of("bowl")) is axes
    _, path, start = axes.get_lines()
    assert np.array_equal(path.get_xydata(), points)
    assert path.get_marker() == "o"
    red, green, blue = (int(to_hex(path.get_color())[i : i + 2], 16) for i in (1, 3, 5))
    assert red > 200
    assert max(green, blue) < 100
    assert start.get_xydata().tolist() == [[-7, 2]]
    assert not axes.texts


def test_a_path_that_leaves_is_cut_and_counted():
    axes = plt.figure().add_subplot()
    draw_path(frame_of([[-7, 2], [1, 1], [20, 0], [1e300, -1e300], [np.inf, 0], [np.nan, 0]]), axes, spec_of("bowl"))
    assert [text.get_text() for text in axes.texts] == ["4 of 6 points outside"]
    path = axes.get_lines()[1].get_xydata()
    assert len(path) == 4
    assert np.abs(path).max() < 1e4
    assert axes.get_xlim() == (-10, 10)
    axes.figure.canvas.draw()


def test_optimizers_have_their_own_looks():
    frame = pd.concat(
        frame_of([[-7, 2], [0, k]]).assign(variant=name, optimizer=name) for k, name in enumerate(("sgd", "adam"))
    )
    axes = plt.figure().add_subplot()
    assert draw_optimizer_paths(frame, axes, spec_of("bowl")) is axes
    drawn = {line.get_label(): (line.get_color(), line.get_marker()) for line in axes.get_lines()[1:]}
    assert drawn == {name: tuple(look_of(name)[:2]) for name in ("sgd", "adam")}


def test_one_optimizer_has_a_panel_per_learning_rate():
    drawn = figures_by_name([trained("bowl", "adagrad", lr) for lr in (0.5, 1.5, 2.5)])
    assert titles(drawn["paths_by_lr"]) == ["AdaGrad, lr 0.5", "AdaGrad, lr 1.5", "AdaGrad, lr 2.5"]
    assert {"loss_curves", "heat_map"} < set(drawn)
    assert "optimizer_paths" not in drawn


@pytest.mark.slow
def test_the_optimizers_of_the_book_have_a_panel_each_and_one_together():
    rates = {"sgd": 0.95, "momentum": 0.1, "adagrad": 1.5, "adam": 0.3}
    drawn = figures_by_name([trained("bowl", name, lr) for name, lr in rates.items()])
    expected = ["SGD, lr 0.95", "Momentum, lr 0.1", "AdaGrad, lr 1.5", "Adam, lr 0.3"]
    assert titles(drawn["paths"]) == expected
    [axes] = drawn["optimizer_paths"].figure.axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == expected


@pytest.mark.slow
def test_only_the_first_seed_is_drawn_and_the_title_says_so():
    runs = [trained("bowl", name, 0.1, {"start_std": 0.5}, seed=seed) for name in ("sgd", "adam") for seed in (4, 5, 6)]
    [comparison] = comparisons_of(runs)
    assert first_paths(comparison)["run_id"].unique().tolist() == [runs[0].run_id, runs[3].run_id]
    drawn = figures_by_name(runs)
    for name in ("paths", "optimizer_paths"):
        assert "seed 4, the first of 3" in drawn[name].figure.get_suptitle()


def test_a_diverged_run_keeps_its_panel():
    drawn = figures_by_name([trained("bowl", "sgd", lr) for lr in (0.1, 100.0)])
    assert titles(drawn["paths_by_lr"]) == ["SGD, lr 0.1", "SGD, lr 100: diverged"]


@pytest.mark.slow
def test_with_too_many_panels_each_optimizer_has_that_of_its_best_rate():
    runs = [trained("bowl", name, lr) for name in ("sgd", "adam") for lr in np.geomspace(0.01, 0.6, 7).tolist()]
    [comparison] = comparisons_of(runs)
    best = comparison.best_lrs
    drawn = figures_by_name(runs)["paths"]
    assert titles(drawn) == [f"{name}, lr {best[name]:g}" for name in ("SGD", "Adam")]
    assert "each at its best learning rate" in drawn.figure.get_suptitle()
    assert "12 others are not shown" in drawn.figure.get_suptitle().replace("\n", " ")


@pytest.mark.slow
def test_with_too_many_that_all_diverged_the_first_twelve_are_shown():
    drawn = figures_by_name([trained("bowl", "sgd", 1000.0 + k) for k in range(14)])["paths_by_lr"]
    assert len(titles(drawn)) == 12
    assert "2 others are not shown" in drawn.figure.get_suptitle()


@pytest.mark.slow
def test_a_loss_that_may_be_negative_is_on_no_log_axis():
    drawn = figures_by_name([trained("saddle", name, lr) for name in ("sgd", "adam") for lr in (0.1, 1.0)])
    assert set(drawn) == {"oscillation", "targets_reached", "heat_map", "paths", "optimizer_paths"}
    assert "star:" not in drawn["paths"].figure.get_suptitle()
    for figure in (one.figure for one in drawn.values()):
        figure.canvas.draw()


@pytest.mark.slow
def test_a_run_that_starts_on_the_minimum_has_a_page_without_a_log_axis():
    drawn = figures_by_name([trained("booth", "sgd", 0.01, {"start": (1.0, 3.0)})])
    assert set(drawn) == {"heat_map", "paths"}


@pytest.mark.slow
def test_gaps_have_all_the_figures_of_losses():
    runs = [trained("rosenbrock", name, lr) for name in ("sgd", "adam") for lr in (1e-4, 1e-3)]
    assert {"loss_curves", "loss_at_best_lr", "lr_sensitivity", "heat_map", "paths"} < set(figures_by_name(runs))


@pytest.mark.slow
def test_what_has_no_two_parameters_has_no_paths(digits):
    for run in (train(quadratic_config()), train(digits_config(steps=5))):
        assert not {"paths", "paths_by_lr", "optimizer_paths"} & set(figures_by_name([run]))


def test_stored_runs_of_a_problem_that_is_not_here_have_no_paths():
    run = trained("bowl", "sgd", 0.1)
    foreign = replace(run, config=replace(run.config, problem=Choice("gone", {"start": (1.0, 2.0)})))
    assert "paths" not in figures_by_name([foreign])


@pytest.mark.slow
def test_a_sweep_on_a_surface_has_its_paths_in_the_report(command):
    common = (
        "problem=bowl",
        "optimizer=adagrad",
        "lr=0.5,1.5,2.5",
        "steps=30",
        "dtype=float64",
        "executor=serial",
        "name=mine",
    )
    assert command("-m", *common).status == 0
    with open("results/sweeps/mine/report.html", encoding="utf-8") as page:
        assert "Path at each learning rate" in page.read()
