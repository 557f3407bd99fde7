"""One metric, side by side: a row per optimizer with its seeds, their mean and its 95 % interval."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.report.figures.style import line_looks, log_axis, shortened
from zdl_bench.run.run import Floats
from zdl_bench.statistics.inference import student_interval
from zdl_bench.statistics.metrics.catalogue import METRICS

BELOW = 0.24
"""Seeds lie so far below their mean, in rows, so that they do not hide it."""
BEYOND = 0.5
"""An interval may lengthen the axis by so much of what the seeds span: it must not squeeze them."""
NARROW = 0.05
"""Reach of an axis around values that are all 0."""

_METRIC_OF = {metric.name: metric for metric in METRICS}


class _Scale(NamedTuple):
    """On what means are taken, and the axis that shows it."""

    axis: str
    to: Callable[[Floats], Floats]
    back: Callable[[Floats], Floats]


_LOG = _Scale("log", np.log, np.exp)
_LINEAR = _Scale("linear", np.asarray, np.asarray)


def draw_oscillation(frame: pd.DataFrame, axes: Axes, metric: str) -> Axes:
    """A row per `variant` of the frame, from the top in the order of its first rows.

    frame: one row per run: variant, optimizer, and the column `metric`, NaN where a run has no value.
    The mean and its interval (Student) are taken on the scale of the metric, over the runs that have a value; where some have
    none, a note in the row says how many have. The label says which end is steadier.
    """
    values = frame[metric].astype(float).rename("value")
    finite = values[np.isfinite(values)]
    scale = _LOG if _METRIC_OF[metric].scale == "ln" and len(finite) and (finite > 0).all() else _LINEAR
    looks = line_looks(frame)
    intervals = []
    for row, (variant, look) in enumerate(looks.items()):
        has_variant = frame["variant"] == variant
        runs, found = int(has_variant.sum()), finite[has_variant[finite.index]].to_numpy()
        if len(found):
            intervals.append(_draw_row(found, row, axes, look, scale))
        if len(found) < runs:
            _write_count(f"{len(found)} of {runs} run{'s have' if runs > 1 else ' has'} a value", row, axes)
    limits = scale.back(_limits(scale.to(finite.to_numpy()), scale.to(np.array(intervals)))) if intervals else None
    if scale is _LOG and limits is not None:
        log_axis(axes.xaxis, limits)
    elif limits is not None:
        axes.set_xlim(*limits)
        axes.locator_params(axis="x", nbins=5)
    axes.set_yticks(range(len(looks)), [shortened(name) for name in looks])
    axes.set_ylim(len(looks) - 0.5, -0.6)
    axes.grid(visible=False, axis="y")
    name = metric.replace("_", " ")
    axes.set_xlabel(f"{name}   ← steadier" if _METRIC_OF[metric].lower_is_better else f"{name}   steadier →")
    return axes


def _draw_row(values: Floats, row: int, axes: Axes, look: dict[str, Any], scale: _Scale) -> tuple[float, float]:
    """Returns the ends of the interval: NaN where there is one value."""
    mean, low, high = (float(scale.back(end)) for end in student_interval(scale.to(values)))
    if len(values) > 1:
        below = np.full(len(values), row + BELOW)
        axes.scatter(values, below, s=12, color=look["color"], alpha=0.35, linewidths=0)
    axes.hlines(row, low, high, color=look["color"], linewidth=1.8)
    axes.plot(mean, row, marker=look["marker"], color=look["color"], markersize=7, linestyle="")
    return low, high


def _limits(values: Floats, intervals: Floats) -> Floats:
    """The ends of the axis, on the scale: around all seeds, and intervals that do not run away."""
    lowest, highest = float(values.min()), float(values.max())
    reach = BEYOND * (highest - lowest) or 0.1 * abs(highest) or NARROW
    ends = intervals[np.isfinite(intervals)]
    low, high = np.clip([ends.min(initial=lowest), ends.max(initial=highest)], lowest - reach, highest + reach)
    room = 0.06 * (high - low) or reach
    return np.array([low - room, high + room])


def _write_count(text: str, row: int, axes: Axes) -> None:
    place: dict[str, Any] = {"ha": "right", "va": "center", "fontsize": 7, "zorder": 5}
    axes.text(0.99, row - 0.36, text, transform=axes.get_yaxis_transform(), **place)
