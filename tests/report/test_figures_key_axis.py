"""The figure of any key: where its values stand, one line per optimizer, bands over seeds, and what has no value."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from conftest import part, quadratic_config

from zdl_bench.report.axis_runs import axis_runs
from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.figures.captions import lowest_mean
from zdl_bench.report.figures.key_axis import captioned_figures, draw_key_axis
from zdl_bench.report.figures.key_scale import key_scale, write_values
from zdl_bench.report.words.context import common_context
from zdl_bench.training.loop import train

SCALES = {
    (100, 200, 300): "",
    (0, 10, 20): "",
    (10, 100, 1000): "log scale",
    (16, 32, 64): "log scale",
    (10, 12): "",
    (10, 100): "log scale",
    (0.9, 0.99, 0.999): "log scale of the distance to 1",
    (0.9, 0.999): "log scale of the distance to 1",
    (0.5, 0.6, 0.7): "",
}


@pytest.mark.parametrize("values", SCALES, ids=str)
def test_numbers_stand_where_they_are_most_evenly_spread(values):
    scale = key_scale(values, len(values))
    assert scale.words == SCALES[values]
    assert (np.diff(scale.positions) > 0).all()


def test_categories_are_spread_evenly():
    assert key_scale(None, 3).positions.tolist() == [0, 1, 2]


@pytest.fixture
def axes():
    yield plt.figure().add_subplot()
    plt.close("all")


def frame(**columns) -> pd.DataFrame:
    rows = [
        {"variant": name, "optimizer": name, "seed": seed, "position": at, "tail_loss": loss * (1 + 0.1 * seed)}
        for name, losses in {"sgd": (3.0, 2.0, 1.0), "adam": (1.0, 1.5, 2.0)}.items()
        for at, loss in enumerate(losses)
        for seed in range(3)
    ]
    return pd.DataFrame(rows).assign(is_constant=False).assign(**columns)


def test_each_optimizer_has_one_line_with_a_band(axes):
    draw_key_axis(frame(), axes)
    assert [line.get_label() for line in axes.lines] == ["sgd", "adam"]
    expected = 3.0 * np.exp(np.log([1.0, 1.1, 1.2]).mean())
    assert axes.lines[0].get_ydata()[0] == pytest.approx(expected)
    assert len(axes.collections) == 2


def test_one_seed_and_runs_that_are_the_same_have_no_band(axes):
    draw_key_axis(frame().query("seed == 0"), axes)
    draw_key_axis(frame().assign(tail_loss=2.0), axes)
    assert not axes.collections


def test_a_value_that_some_run_lacks_is_a_cross(axes):
    lost = frame()
    lost.loc[0, "tail_loss"] = np.nan
    draw_key_axis(lost, axes)
    crosses = [line for line in axes.lines if line.get_marker() == "x"]
    assert [line.get_xdata().tolist() for line in crosses] == [[0]]
    assert np.isnan(axes.lines[0].get_ydata()[0])


def test_losses_that_are_not_positive_are_on_a_linear_axis(axes):
    draw_key_axis(frame().assign(tail_loss=lambda one: one["tail_loss"] - 2), axes)
    assert axes.get_yscale() == "linear"


def test_speed_is_shown_as_a_loss(axes):
    draw_key_axis(frame(log_aulc=np.log(0.5)), axes, "log_aulc")
    assert axes.lines[0].get_ydata().tolist() == pytest.approx([0.5] * 3)


def test_ticks_are_the_values_and_long_ones_are_cut(axes):
    write_values(axes, ["a" * 40, "b\nc"], key_scale(None, 2))
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["a" * 15 + "…", "b\nc"]
    write_values(axes, [str(value) for value in range(50)], key_scale(range(50), 50))
    assert len(axes.get_xticks()) == 9


@pytest.fixture(scope="module")
def along():
    """SGD and Adam on a quadratic without noise, over steps and Adam's β₂."""
    adams = [part("optimizer", "adam", beta2=beta2) for beta2 in (0.9, 0.99)]
    configs = [quadratic_config(steps=steps) for steps in (10, 20, 40)]
    configs += [type(one)(**(vars(one) | {"optimizer": adam})) for one in configs for adam in adams]
    return {one.axis.key: one for one in axis_runs(comparisons_of([train(config) for config in configs]))}


def test_the_other_key_is_in_panels_and_an_optimizer_without_it_is_dashed(along):
    [figure] = captioned_figures(along["optimizer.beta2"])
    assert figure.name == "axis-optimizer.beta2"
    assert [axes.get_title() for axes in figure.figure.axes][:3] == ["steps=10", "steps=20", "steps=40"]
    sgd, adam = figure.figure.axes[0].lines[:2]
    assert sgd.get_linestyle() == "--"
    assert adam.get_linestyle() == "-"
    assert "dashed: has no such key" in figure.figure.get_suptitle()


@pytest.mark.parametrize("key", ["steps", "optimizer.beta2"])
def test_the_words_for_who_cannot_see_the_figure_repeat_no_title(along, key):
    [figure] = captioned_figures(along[key])
    assert figure.title not in figure.description
    assert figure.description.startswith("A row of panels per measure, one line per optimizer. 2 optimizers: ")
    assert re.search(r"Lowest mean tail loss: Adam at [^:]*steps=40[^:]*, 0", figure.description)


def test_the_winner_is_named_with_its_whole_place_however_long():
    place = "problem.hidden=200-200, problem.activation=tanh, problem.batch_size=100"
    losses, names, places = (pd.Series(values) for values in ([2.0, 1.0], ["sgd", "adam"], ["lr=1", place]))
    assert lowest_mean("Lowest", losses, [names, places]) == f"Lowest: adam at {place}, 1."


def test_panels_of_a_row_share_the_vertical_axis_and_show_every_line(along):
    [figure] = captioned_figures(along["steps"])
    one, other = figure.figure.axes[:2]
    assert one.get_ylim() == other.get_ylim()
    for axes in (one, other):
        for line in axes.lines:
            heights = np.asarray(line.get_ydata(), dtype=float)
            assert (heights >= one.get_ylim()[0]).all()
            assert (heights <= one.get_ylim()[1]).all()


def test_deterministic_runs_have_no_band_and_the_note_says_none(along):
    [figure] = captioned_figures(along["steps"])
    assert not any(axes.collections for axes in figure.figure.axes)
    assert "95 %" not in figure.figure.get_suptitle()


def test_a_figure_says_what_all_of_its_runs_have_in_common():
    both = [
        ("digits · mlp hidden 10 relu · 100 steps", "8 seeds · batch 100"),
        ("digits · mlp hidden 30 relu · 200 steps", "8 seeds · batch 20"),
    ]
    assert common_context(both) == ("digits · mlp", "8 seeds")
    assert common_context(both[:1]) == both[0]
