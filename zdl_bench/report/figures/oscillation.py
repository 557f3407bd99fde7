"""Metrics of oscillation, with a panel each. A row shows the seeds of an optimizer, and their mean with its 95 % interval."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.language import translate, translate_count
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figure_terms import metric_words
from zdl_bench.report.figures import captions, grid, selection
from zdl_bench.report.figures.print_layout import is_for_print, text_points
from zdl_bench.report.figures.scales import LINEAR, LOG, AxisScale, limits_around
from zdl_bench.report.figures.style import line_looks
from zdl_bench.report.phrases import list_names, shorten_all
from zdl_bench.run.run import Floats
from zdl_bench.statistics.metrics.catalogue import METRICS

BELOW = 0.24
"""Distance at which seeds are drawn below their mean, as a share of a row, so that seeds do not hide the mean."""
BEYOND = 0.5
"""Largest distance by which an interval extends the axis beyond the seeds, as a share of the span of the seeds.

Longer intervals are cut, because they would squeeze the seeds.
"""
NARROW = 0.05
"""Length of the axis on each side of 0, if all values are 0."""
PANELS = (
    "axis_crossings",
    "step_cosine",
    "jitter_1",
    "jitter_20",
    "overshoot",
    "displacement_cosine",
    "gradient_cosine",
    "path_efficiency",
    "flip_rate",
)
"""Metrics that have a panel: first those of the path, which only surfaces have."""
LOWEST = ("axis_crossings", "jitter_1", "jitter_20")
"""Metrics of which the description names the lowest mean."""
_METRIC_OF = {metric.name: metric for metric in METRICS}


def draw_oscillation(frame: pd.DataFrame, axes: Axes, metric: str) -> Axes:
    """Draw one row per variant, from the top, in the order in which the variants first appear in the frame.

    frame: one row per run, with variant, optimizer and the column `metric`, which is NaN if a run has no value.
    The mean and its 95 % interval (Student) are computed on the scale of the metric, over the runs that have a value. If some
    runs have no value, a note in the row gives the number of runs with a value. The axis label says which end is steadier.
    """
    values = frame[metric].astype(float).rename("value")
    finite = values[np.isfinite(values)]
    scale = LOG if _METRIC_OF[metric].scale == "ln" and len(finite) and (finite > 0).all() else LINEAR
    looks = line_looks(frame)
    intervals = []
    for row, (variant, look) in enumerate(looks.items()):
        has_variant = frame["variant"] == variant
        runs, found = int(has_variant.sum()), finite[has_variant[finite.index]].to_numpy()
        if len(found):
            intervals.append(_draw_row(found, row, axes, look, scale))
        if len(found) < runs:
            text = translate_count(
                "{have} of {count} run has a value", "{have} of {count} runs have a value", runs, have=len(found)
            )
            place: dict[str, Any] = {"ha": "right", "va": "center", "fontsize": text_points(7), "zorder": 5}
            axes.text(0.99, row - 0.36, text, transform=axes.get_yaxis_transform(), **place)
    if intervals:
        scale.set_limits(axes, _limits(scale.to(finite.to_numpy()), scale.to(np.array(intervals))))
        if scale is LINEAR:
            axes.locator_params(axis="x", nbins=5)
    axes.set_yticks(range(len(looks)), shorten_all(looks))
    side = translate("← steadier") if _METRIC_OF[metric].lower_is_better else translate("steadier →")
    gap = "\n" if is_for_print() else "   "  # a column of a journal has no room for both on one line
    axes.set(ylim=(len(looks) - 0.5, -0.6), xlabel=f"{metric_words(metric)}{gap}{side}")
    axes.grid(visible=False, axis="y")
    return axes


def _draw_row(values: Floats, row: int, axes: Axes, look: dict[str, Any], scale: AxisScale) -> tuple[float, float]:
    """Draw the seeds of an optimizer and their mean. Return the ends of the interval, NaN for one value."""
    mean, low, high = map(float, scale.interval(values))
    if len(values) > 1:
        below = np.full(len(values), row + BELOW)
        axes.scatter(values, below, s=12, color=look["color"], alpha=0.35, linewidths=0)
    axes.hlines(row, low, high, color=look["color"], linewidth=1.8)
    axes.plot(mean, row, marker=look["marker"], color=look["color"], markersize=7, linestyle="")
    return low, high


def _limits(values: Floats, intervals: Floats) -> Floats:
    """Return the ends of the axis, on its scale. The axis includes all seeds, and intervals as far as BEYOND allows."""
    reach = BEYOND * float(np.ptp(values)) or 0.1 * abs(float(values.max())) or NARROW
    return limits_around(values, intervals[np.isfinite(intervals)], reach, 0.06, reach)


def captioned_figures(comparison: Comparison) -> Iterator[captions.CaptionedFigure]:
    """Yield the figure with a panel per metric that has values other than 0, if there are several optimizers.

    Each optimizer is at its best learning rate.
    """
    everything = comparison.at_best_lr(comparison.judged)
    defined = [metric for metric in PANELS if everything[metric].notna().any()]
    if "step_cosine" in defined:  # it sees every step, and a cosine of strides would hide what happens between them
        defined.remove("displacement_cosine")
    zeros = [metric for metric in defined if (everything[metric] == 0).all()]
    metrics = [metric for metric in defined if metric not in zeros]
    runs = selection.chosen_variants(everything, comparison, grid.rows_that_fit(len(metrics)))
    rows = runs["variant"].nunique()
    if rows < 2 or not metrics:
        return
    figure, axes_list = grid.row_panels(len(metrics), rows)
    for axes, metric in zip(axes_list, metrics, strict=True):
        draw_oscillation(runs, axes, metric)
    lines = [
        *comparison.context,
        captions.best_lr_note(comparison),
        captions.no_best_lr_note(comparison),
        translate("dots: seeds; above them their mean and its 95 % interval") if runs["seed"].nunique() > 1 else "",
        _zeros_note(zeros),
        selection.hidden_note(runs, everything),
    ]
    sentences = [
        translate(
            "A row per optimizer in {count} panels: {metrics}.",
            count=len(metrics),
            metrics=list_names(map(metric_words, metrics)),
        ),
        captions.optimizers_sentence(runs),
        *(
            captions.lowest_mean(translate("Lowest mean {metric}", metric=metric_words(name)), runs[name], [runs["variant"]])
            for name in LOWEST
            if name in metrics
        ),
    ]
    yield captions.caption(figure, "oscillation", translate("Oscillation"), lines, sentences)


def _zeros_note(metrics: Sequence[str]) -> str:
    """Return the note on metrics that have no panel, because they are 0 in all runs; empty if there are none."""
    if not metrics:
        return ""
    names = list_names(map(metric_words, metrics))
    if len(metrics) == 1:
        return translate("{name} is 0 for all", name=names)
    return translate("{names} are 0 for all", names=names)
