"""Tail loss against learning rate, one line per optimizer, the best of each marked."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.path import Path

from zdl_bench.report.figures.style import legend_name, line_looks, log_axis
from zdl_bench.statistics.inference import student_interval
from zdl_bench.statistics.tuning import choose_lr_of

LEGEND_COLOR = "#555555"
ARROW = Path([(-1, 0), (1, 0), (0.4, 0.45), (1, 0), (0.4, -0.45)])
"""Drawn, since text is not parsed as mathematics."""
RING: dict[str, Any] = {"marker": "o", "markersize": 13, "markerfacecolor": "none", "linestyle": ""}


def draw_lr_sensitivity(frame: pd.DataFrame, axes: Axes) -> Axes:
    """frame: one row per run: variant, optimizer, lr, seed, status, learned, tail_loss.

    A point is the geometric mean over the runs of a learning rate with its 95 % interval. The best of each line, by
    `statistics.tuning.LrChoice`, has a ring, and an arrow where it is the smallest or largest that was tried: a better one may
    lie beyond. A learning rate where some run has no value gets a cross at the top instead of a mean over those that have.
    """
    heights: list[float] = []
    marks: set[str] = set()
    with_lr = frame.dropna(subset="lr")
    for number, (variant, look) in enumerate(line_looks(with_lr).items()):
        rows = with_lr[with_lr["variant"] == variant]
        points = pd.DataFrame({lr: _summary(runs) for lr, runs in rows.groupby("lr")}, index=["mean", "low", "high"]).T
        defined = points.dropna(subset="mean")
        heights += defined["mean"].tolist()
        axes.plot(defined.index, defined["mean"], label=legend_name(variant), markersize=5, **look)
        axes.vlines(defined.index, defined["low"], defined["high"], color=look["color"], linewidth=1)
        marks |= _mark_best(rows, defined["mean"], axes, look["color"])
        lost = points.index[points["mean"].isna()]
        if len(lost):
            top = np.full(len(lost), 0.98 - 0.025 * (number % 8))
            transform = axes.get_xaxis_transform()
            axes.plot(lost, top, linestyle="", marker="x", color=look["color"], transform=transform, clip_on=False)
    for label, marker in (("best", RING), ("at the grid's edge", RING | {"marker": ARROW, "markersize": 11})):
        if label in marks:
            axes.plot([], [], label=label, color=LEGEND_COLOR, **marker)
    log_axis(axes.xaxis, with_lr["lr"], 0.08)
    log_axis(axes.yaxis, heights, 0.06, least=0.2)  # an interval may leave the axes: it must not squeeze the points
    axes.set_xlabel("learning rate")
    axes.set_ylabel("tail loss (nats)")
    return axes


def _summary(runs: pd.DataFrame) -> tuple[float, float, float]:
    """Geometric mean, low and high of the tail losses; NaN where some run has none."""
    losses = runs["tail_loss"].to_numpy(dtype=float)
    if not (np.isfinite(losses) & (losses > 0)).all():
        return np.nan, np.nan, np.nan
    mean, low, high = (float(np.exp(value)) for value in student_interval(np.log(losses)))
    return mean, low, high


def _mark_best(rows: pd.DataFrame, means: pd.Series, axes: Axes, color: str) -> set[str]:
    """Marks the best learning rate of a line; returns what the legend has to explain."""
    choice = choose_lr_of(rows)
    lr, mean = choice.lr, means.get(choice.lr)
    if lr is None or mean is None or len(choice.lrs) < 2:  # a mean of losses below 0 has no place on the axis
        return set()
    axes.plot(lr, mean, color=color, **RING)
    if not choice.at_edge:
        return {"best"}
    arrow, shift, side = ("←", -8, "right") if lr == choice.lrs[0] else ("→", 8, "left")
    place: dict[str, Any] = {"xytext": (shift, 0), "textcoords": "offset points", "ha": side, "va": "center", "fontsize": 13}
    axes.annotate(arrow, (lr, mean), color=color, **place)
    return {"best", "at the grid's edge"}
