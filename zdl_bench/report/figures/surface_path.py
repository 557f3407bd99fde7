"""The path of one run over the contours of the run's problem."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.language import translate
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures import captions, grid, paths, selection
from zdl_bench.report.figures.landscape import Landscape, draw_landscape, drawable
from zdl_bench.report.figures.print_layout import text_points
from zdl_bench.report.limits import MAX_ALONE
from zdl_bench.report.phrases import join_notes, shorten, state_text
from zdl_bench.run.conditions import short

RED = "#d62728"
LONG = 100
"""Largest number of points of a path that is drawn with dots of the usual size. Longer paths have smaller dots."""


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
        text = translate("{outside} of {count} points outside", outside=outside, count=len(points))
        axes.text(
            0.98, 0.03, text, transform=axes.transAxes, ha="right", va="bottom", fontsize=text_points(7.5), bbox=box, zorder=5
        )
    return axes


def captioned_figures(comparison: Comparison) -> Iterator[captions.CaptionedFigure]:
    """Yield the figure with a panel per optimizer and learning rate, in the order of the plan.

    If there are more than MAX_ALONE runs, show only the runs at the best learning rates, chosen by `shown_variants`.
    """
    landscape = paths.landscape_of(comparison)
    if landscape is None:
        return
    frame = paths.first_paths(comparison)
    count = frame["run_id"].nunique()
    best = paths.best_paths(comparison) if count > MAX_ALONE else frame.iloc[:0]
    part = frame if best.empty else selection.chosen_variants(best, comparison, MAX_ALONE)
    runs = [rows for _, rows in part.groupby("run_id", sort=False)][: max(MAX_ALONE, part["variant"].nunique())]
    figure, axes_list = grid.panels(len(runs))
    for axes, rows in zip(axes_list, runs, strict=True):
        draw_path(rows, axes, landscape)
        run = rows.iloc[0]
        status = "" if run["status"] == "completed" else f": {state_text(str(run['status']))}"
        axes.set_title(f"{shorten(run['variant'])}, lr {short(run['lr'])}{status}", fontsize=text_points(10))
    grid.outer_labels(axes_list)
    choice = "" if best.empty else translate(paths.AT_BEST_NOTE)
    left_out = selection.hidden_note(part, frame)
    others = count - len(runs)
    hidden = translate("{count} others are not shown", count=others) if others and not left_out else ""
    notes = join_notes(*paths.path_notes(comparison, landscape), translate("ring: start"), choice, hidden)
    by_lr = frame["variant"].nunique() == 1 < count
    name = "paths_by_lr" if by_lr else "paths"
    title = translate("Path at each learning rate") if by_lr else translate("Path of each optimizer")
    lost = int((frame.drop_duplicates("run_id")["status"] != "completed").sum())
    sentences = [
        translate(
            "{count} panels, each the path of one run over contours of the loss, with x and y the two parameters.",
            count=len(runs),
        ),
        captions.optimizers_sentence(frame),
        captions.lowest_tail_loss(comparison.runs),
        translate("{lost} of {count} runs did not complete.", lost=lost, count=count) if lost else "",
    ]
    yield captions.caption(figure, name, title, [*comparison.context, notes, left_out], sentences)
