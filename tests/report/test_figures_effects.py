"""Forest plot and heat map of who beats whom: positions, what runs off the axis, and what has no value."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from zdl_bench.report.figures.forest import draw_forest
from zdl_bench.report.figures.improvement_heat_map import draw_improvement

NAN = np.nan


@pytest.fixture
def axes():
    yield plt.figure().add_subplot()
    plt.close("all")


def forest_frame(*rows, unit="ratio"):
    return pd.DataFrame(rows, columns=["label", "mean", "low", "high", "verdict", "n"]).assign(unit=unit)


USUAL = (
    ("adam / sgd", 0.5, 0.4, 0.7, "supported", 10),
    ("momentum / sgd", 1.1, 0.9, 1.3, "insufficient evidence", 10),
    ("adagrad / sgd", 1.6, 1.4, 1.9, "refuted", 8),
)


def markers(axes):
    """row → (x, marker, filled) of its effect."""
    points = [line for line in axes.get_lines() if line.get_markersize() == 7 and line.get_linestyle() == "None"]
    return {
        float(line.get_ydata()[0]): (
            float(line.get_xdata()[0]),
            line.get_marker(),
            to_hex(line.get_markerfacecolor()) != "#ffffff",
        )
        for line in points
    }


def intervals(axes):
    """row → ends of its bar."""
    ends = {}
    for bars in axes.collections:
        for (low, row), (high, _) in bars.get_segments():
            ends[float(row)] = (low, high)
    return ends


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_effects_stand_where_they_are_and_decided_ones_are_filled(axes):
    assert draw_forest(forest_frame(*USUAL), axes) is axes
    assert markers(axes) == {
        0: (pytest.approx(0.5), "o", True),
        1: (pytest.approx(1.1), "o", False),
        2: (pytest.approx(1.6), "o", True),
    }
    assert intervals(axes) == {row: pytest.approx(USUAL[row][2:4]) for row in range(3)}
    assert axes.get_xscale() == "log"
    assert [label.get_text() for label in axes.get_yticklabels()] == [row[0] for row in USUAL]
    assert axes.yaxis_inverted()
    assert texts(axes)[0] == "0.500 [0.400, 0.700], n 10: supported"


def test_differences_are_on_a_linear_axis_around_0(axes):
    draw_forest(forest_frame(("a / b", -0.2, -0.3, -0.1, "supported", 9), unit="difference"), axes)
    assert axes.get_xscale() == "linear"
    low, high = axes.get_xlim()
    assert low < -0.3
    assert high > 0
    assert list(axes.get_lines()[0].get_xdata()) == [0, 0]


def test_without_an_interval_there_is_a_point_and_without_an_effect_only_words(axes):
    rows = (("a / b", 0.9, NAN, NAN, "insufficient evidence", 1), ("c / b", NAN, NAN, NAN, "not decidable as stated", 0))
    draw_forest(forest_frame(*rows), axes)
    assert list(markers(axes)) == [0]
    assert intervals(axes) == {}
    assert texts(axes) == ["0.900, n 1: insufficient evidence", "not decidable as stated"]


def test_a_note_stands_beside_the_number_of_pairs(axes):
    rows = (("a / b", 0.7, 0.6, 0.8, "refuted", 10), ("c / b", NAN, NAN, NAN, "refuted", 10))
    draw_forest(forest_frame(*rows).assign(note=["4 with values, wins 40%", "wins 0%"]), axes)
    assert texts(axes) == ["0.700 [0.600, 0.800], n 10, 4 with values, wins 40%: refuted", "wins 0%: refuted"]


def test_what_runs_off_the_axis_has_an_arrow_at_its_edge(axes):
    rows = (
        *USUAL,
        ("wide / sgd", 0.9, 1e-6, 1e6, "insufficient evidence", 3),
        ("never / sgd", np.inf, 1.5, np.inf, "refuted", 9),
        ("at once / sgd", 0.0, 0.0, 0.5, "supported", 9),
    )
    draw_forest(forest_frame(*rows), axes)
    low, high = axes.get_xlim()
    assert low > 0.05
    assert high < 20
    assert intervals(axes)[3] == (pytest.approx(low), pytest.approx(high))
    arrows = [line for line in axes.get_lines() if line.get_marker() in "<>" and line.get_ydata()[0] == 3]
    assert sorted(line.get_marker() for line in arrows) == ["<", ">"]
    assert markers(axes)[4] == (pytest.approx(high), ">", True)
    assert markers(axes)[5] == (pytest.approx(low), "<", True)
    assert "∞ [1.50, ∞], n 9: refuted" in texts(axes)
    axes.figure.canvas.draw()


def test_effects_that_are_all_the_same_have_an_axis(axes):
    draw_forest(forest_frame(("a / a", 1.0, 1.0, 1.0, "insufficient evidence", 5)), axes)
    low, high = axes.get_xlim()
    assert low < 1 < high


PAIRS = pd.DataFrame(
    [
        ("sgd", "adam", 0.2, 10),
        ("adam", "sgd", 0.8, 10),
        ("sgd", "momentum", 0.25, 8),
        ("momentum", "sgd", 0.75, 8),
        ("adam", "momentum", NAN, 0),
        ("momentum", "adam", NAN, 0),
    ],
    columns=["first", "second", "win_rate", "n"],
)


def test_rows_beat_columns_and_the_diagonal_is_blank(axes):
    assert draw_improvement(PAIRS, axes) is axes
    names = ["sgd", "adam", "momentum"]
    assert [label.get_text() for label in axes.get_yticklabels()] == names
    assert [label.get_text() for label in axes.get_xticklabels()] == names
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert cells[1.5, 0.5] == "0.20"
    assert cells[0.5, 1.5] == "0.80"
    assert cells[2.5, 0.5] == "0.25\nn 8"
    assert cells[2.5, 1.5] == cells[1.5, 2.5] == "–"
    assert cells[0.5, 0.5] == cells[1.5, 1.5] == cells[2.5, 2.5] == ""


def test_one_half_is_the_middle_of_the_colours(axes):
    draw_improvement(PAIRS, axes)
    mesh = axes.collections[0]
    assert mesh.get_clim() == (0, 1)
    red, green, blue, _ = mesh.cmap(0.5)
    assert max(red, green, blue) - min(red, green, blue) < 0.02


def test_many_optimizers_have_colours_without_numbers(axes):
    names = [f"o{number}" for number in range(30)]
    frame = pd.DataFrame([(a, b, 0.5, 5) for a in names for b in names if a != b], columns=PAIRS.columns)
    draw_improvement(frame, axes)
    assert not axes.texts
