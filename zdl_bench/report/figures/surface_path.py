"""The path of one run over the contours of its problem."""

import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.report.figures.landscape import Landscape, draw_landscape, drawable, is_inside

COLOR = "#d62728"
LONG = 100
"""Paths of more steps have smaller dots."""


def draw_path(frame: pd.DataFrame, axes: Axes, landscape: Landscape) -> Axes:
    """The path in red, a dot for every step, a ring around the start and a star on each minimum.

    frame: one row per step, the start first: x, y. A note counts the points that lie outside the domain.
    """
    draw_landscape(landscape, axes)
    points = frame[["x", "y"]].to_numpy(dtype=float)
    path = drawable(points, landscape)
    is_long = len(path) > LONG
    axes.plot(*path.T, color=COLOR, linewidth=1.1, marker="o", markersize=1.6 if is_long else 2.8, zorder=3)
    axes.plot(*path[:1].T, marker="o", markersize=9, markerfacecolor="none", color=COLOR, linestyle="", zorder=3)
    outside = int((~is_inside(points, landscape)).sum())
    if outside:
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5}
        text = f"{outside} of {len(points)} points outside"
        axes.text(0.98, 0.03, text, transform=axes.transAxes, ha="right", va="bottom", fontsize=7.5, bbox=box, zorder=5)
    return axes
