"""Lines that can be told apart: by colour, or by dashes and marker, whatever variants stand beside each other."""

import math
import operator
from dataclasses import replace
from itertools import chain, combinations

import matplotlib as mpl
import pandas as pd
import pytest
from conftest import digits_config, part
from test_figures_limits import all_figures, as_if

from zdl_bench.registry import conf_files
from zdl_bench.report.chart import chart_of
from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.figures import style
from zdl_bench.report.figures.style import MAX_TOLD_APART, Look, line_looks
from zdl_bench.training.loop import train

SEEN = 12
"""Colours nearer than this in CIELAB are hard to tell apart on thin lines; 2.3 is just noticeable on areas side by side."""

FIVE = ("sgd", "momentum", "adagrad", "rmsprop", "adam")


def lab(color: str) -> tuple[float, float, float]:
    """CIELAB under D65, after its definition."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in mpl.colors.to_rgb(color)]
    rows = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    xyz = (sum(a * b for a, b in zip(row, linear, strict=True)) for row in rows)
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in map(operator.truediv, xyz, (0.9505, 1, 1.089)))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def alike(looks: dict[str, dict], *keys: str) -> list[tuple[str, str]]:
    """The pairs of lines that differ neither in colour nor in the keys."""
    return [
        (first, second)
        for first, second in combinations(looks, 2)
        if all(looks[first][key] == looks[second][key] for key in keys)
        and math.dist(lab(looks[first]["color"]), lab(looks[second]["color"])) < SEEN
    ]


def looks_of(counts: dict[str, int]) -> dict[str, dict]:
    """The looks of so many variants of each optimizer."""
    pairs = [(f"{optimizer} {number}", optimizer) for optimizer, count in counts.items() for number in range(count)]
    return line_looks(pd.DataFrame(pairs, columns=["variant", "optimizer"]))


COMPARED = {
    "nine of one": {"adam": 9},
    "twenty of one": {"adam": 20},
    "a hundred of one": {"adam": 100},
    "two of each": dict.fromkeys(FIVE, 2),
    "four of each": dict.fromkeys(FIVE, 4),
    "ten of two": {"adam": 10, "sgd": 10},
    "many beside one": {"adam": 19, "sgd": 1},
    "the shipped ones": dict.fromkeys(conf_files.native_names("optimizer"), 1),
    "without a style": dict.fromkeys([f"mine{number}" for number in range(20)], 1),
}


@pytest.mark.parametrize("case", COMPARED)
def test_twenty_lines_differ_with_and_without_their_markers(case):
    every = looks_of(COMPARED[case])
    first = dict(list(every.items())[:MAX_TOLD_APART])
    assert alike(first, "linestyle") == []  # curves of losses have no markers
    assert alike(first, "marker") == []  # in the page's chart dashes are those of the learning rate


@pytest.mark.parametrize("case", [case for case, counts in COMPARED.items() if max(counts.values()) > 1])
def test_each_variant_has_a_color_of_its_own(case):
    first = list(looks_of(COMPARED[case]).values())[:MAX_TOLD_APART]
    assert len({look["color"] for look in first}) == len(first)


@pytest.mark.parametrize("counts", [dict.fromkeys(["a", "b"], 1), dict.fromkeys(map(str, range(20)), 1), {"a": 10, "b": 10}])
def test_optimizers_whose_yamls_have_one_style_differ(counts, monkeypatch):
    monkeypatch.setattr(style, "look_of", lambda _: Look("#0072B2", "o"))
    looks = looks_of(counts)
    assert alike(looks, "linestyle") == []
    assert alike(looks, "marker") == []


def test_an_optimizer_with_one_variant_keeps_the_look_of_its_yaml():
    for name, look in looks_of(dict.fromkeys(conf_files.native_names("optimizer"), 1)).items():
        if own := conf_files.load_yaml("optimizer", name.removesuffix(" 0")).get("style"):
            assert (look["color"], look["marker"], look["linestyle"]) == (own["color"], own["marker"], "-")


@pytest.fixture(scope="module")
def variants(digits):
    """Nine variants of one optimizer, and another optimizer, at two learning rates each."""
    runs = [train(digits_config("adam", 0.02)), train(digits_config("sgd", 0.02))]
    betas = (0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)
    made = [as_if(runs[0], lr, beta2=beta) for lr in (0.01, 0.1) for beta in betas]
    return [*made, *(as_if(runs[1], lr) for lr in (0.01, 0.1))]


@pytest.mark.slow
def test_in_every_figure_the_lines_of_a_legend_differ(variants):
    legends = 0
    few = [run for run in variants if run.config.optimizer.values.get("beta2", 0) < 0.998]  # of many, lines have a panel each
    for one in chain(all_figures(variants).values(), all_figures(few).values()):
        found = one.figure.legends + [axes.get_legend() for axes in one.figure.axes if axes.get_legend()]
        for legend in found:
            looks = {
                text.get_text(): {
                    "color": mpl.colors.to_hex(handle.get_color()),
                    "linestyle": str(handle._unscaled_dash_pattern),
                    "marker": handle.get_marker(),
                }
                for text, handle in zip(legend.get_texts(), legend.legend_handles, strict=True)
            }
            assert len(looks) == len(legend.get_texts()), one.name
            assert alike(looks, "linestyle", "marker") == [], one.name
            legends += 1
    assert legends >= 8


def test_the_chart_of_the_page_has_the_looks_of_the_figures(variants):
    [comparison] = comparisons_of(variants)
    looks = line_looks(comparison.runs)
    chart = chart_of([comparison])
    assert {one.name: one.color for one in chart.optimizers} == {name: look["color"] for name, look in looks.items()}
    drawn = {one.name: {"color": one.color, "symbol": one.symbol} for one in chart.optimizers}
    assert alike(drawn, "symbol") == []
    assert len({one.symbol for one in chart.optimizers}) > 1


def test_a_chart_of_colors_that_differ_has_no_markers(digits):
    runs = [train(digits_config(name, 0.01, steps=5)) for name in ("sgd", "adam")]
    assert [one.symbol for one in chart_of(comparisons_of(runs)).optimizers] == ["", ""]


def test_a_variant_looks_the_same_in_all_settings(digits):
    config = digits_config("momentum", 0.01, steps=5)
    wide = replace(config, problem=part("problem", "mlp", hidden=(9,), batch_size=20))
    halves = [replace(one, optimizer=part("optimizer", "momentum", momentum=0.5)) for one in (config, wide)]
    first, second = comparisons_of([train(one) for one in (config, wide, *reversed(halves))])
    assert line_looks(first.runs) == line_looks(second.runs)
