"""Tail loss against learning rate, one line per optimizer."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.figures.style import line_looks, plain_log_axis
from zdl_bench.statistics.intervals import student_interval


def draw_lr_sensitivity(frame: pd.DataFrame, axes: Axes) -> Axes:
    """frame: one row per run: variant, optimizer, lr, status, learned, tail_loss.

    A point is the geometric mean over the runs of a learning rate with its 95 % interval; the lowest of each line has a
    ring. A learning rate where some run has no value gets a cross at the top instead of a mean over those that have.
    """
    heights: list[float] = []
    with_lr = frame.dropna(subset="lr")
    for number, (variant, look) in enumerate(line_looks(with_lr).items()):
        rows = with_lr[with_lr["variant"] == variant]
        points = [(lr, *_summary(runs)) for lr, runs in rows.groupby("lr")]
        defined = [point for point in points if not np.isnan(point[1])]
        heights += [point[1] for point in defined]
        lrs, means = [p[0] for p in defined], [p[1] for p in defined]
        axes.plot(lrs, means, label=variant, markersize=5, **look)
        for lr, mean, low, high in defined:
            axes.plot([lr, lr], [low, high], color=look["color"], linewidth=1)
            if mean == min(means):
                axes.plot(lr, mean, marker="o", markersize=13, markerfacecolor="none", color=look["color"])
        lost = [lr for lr, mean, *_ in points if np.isnan(mean)]
        top = np.full(len(lost), 0.98 - 0.025 * (number % 8))
        transform = axes.get_xaxis_transform()
        axes.plot(lost, top, linestyle="", marker="x", color=look["color"], transform=transform, clip_on=False)
    axes.set_xscale("log")
    plain_log_axis(axes.xaxis)
    axes.set_yscale("log")
    if heights:  # an interval may leave the axes: it must not squeeze the points
        axes.set_ylim(min(heights) / 1.6, max(heights) * 1.6)
    plain_log_axis(axes.yaxis)
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
