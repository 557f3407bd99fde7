"""The path of one run over the contours of the run's problem."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures import captions, grid, paths
from zdl_bench.report.figures.landscape import Landscape, draw_landscape, drawable
from zdl_bench.report.phrases import join_notes, shorten
from zdl_bench.run.conditions import short

RED = "#d62728"
LONG = 100
"""Largest number of points of a path that is drawn with dots of the usual size. Longer paths have smaller dots."""
MAX_PANELS = 12


def draw_path(frame: pd.DataFrame, axes: Axes, landscape: Landscape) -> Axes:
    """Draw the path in red, with a dot for every step, a ring around the start and a star on each minimum.

    frame: one row per step, with x and y. The first row is the start. A note counts the points outside the domain.
    """
    draw_landscape(landscape, axes)
    points = frame[["x", "y"]].to_numpy(dtype=float)
    path = drawable(points, landscape)
    is_long = len(path) > LONG
    axes.plot(*path.T, color=RED, linewidth=1.1, marker="o", markersize=1.6 if is_long else 2.8, zorder=3)
    axes.plot(*path[:1].T, marker="o", markersize=9, markerfacecolor="none", color=RED, linestyle="", zorder=3)
    lows, highs = np.array(landscape.domain).T
    outside = int((~((points >= lows) & (points <= highs)).all(axis=1)).sum())  # also points that are not finite
    if outside:
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5}
        text = f"{outside} of {len(points)} points outside"
        axes.text(0.98, 0.03, text, transform=axes.transAxes, ha="right", va="bottom", fontsize=7.5, bbox=box, zorder=5)
    return axes


def captioned_figures(comparison: Comparison) -> Iterator[captions.CaptionedFigure]:
    """Yield the figure with a panel per optimizer and learning rate, in the order of the plan.

    If there are more than MAX_PANELS runs, show only the runs at the best learning rates.
    """
    landscape = paths.landscape_of(comparison)
    if landscape is None:
        return
    frame = paths.first_paths(comparison)
    count = frame["run_id"].nunique()
    best = paths.best_paths(comparison) if count > MAX_PANELS else frame.iloc[:0]
    runs = [rows for _, rows in (frame if best.empty else best).groupby("run_id", sort=False)][:MAX_PANELS]
    figure, axes_list = grid.panels(len(runs))
    for axes, rows in zip(axes_list, runs, strict=True):
        draw_path(rows, axes, landscape)
        run = rows.iloc[0]
        status = "" if run["status"] == "completed" else f": {run['status']}"
        axes.set_title(f"{shorten(run['variant'])}, lr {short(run['lr'])}{status}", fontsize=10)
    grid.outer_labels(axes_list)
    choice = "" if best.empty else paths.AT_BEST_NOTE
    hidden = f"{count - len(runs)} others are not shown" if len(runs) < count else ""
    notes = join_notes(*paths.path_notes(comparison, landscape), "ring: start", choice, hidden)
    by_lr = frame["variant"].nunique() == 1 < count
    name, title = ("paths_by_lr", "Path at each learning rate") if by_lr else ("paths", "Path of each optimizer")
    lost = int((frame.drop_duplicates("run_id")["status"] != "completed").sum())
    sentences = [
        f"{len(runs)} panels, each the path of one run over contours of the loss, with x and y the two parameters.",
        captions.optimizers_sentence(frame),
        captions.lowest_tail_loss(comparison.runs),
        f"{lost} of {count} runs did not complete." if lost else "",
    ]
    yield captions.caption(figure, name, title, [*comparison.context, notes], sentences)
