"""The paths of several optimizers over the contours of one problem."""

from collections.abc import Iterator

import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures.captions import CaptionedFigure, caption, lowest_tail_loss, optimizers_sentence
from zdl_bench.report.figures.grid import legend_outside, single
from zdl_bench.report.figures.landscape import (
    BEST_PATHS,
    Landscape,
    best_paths,
    draw_landscape,
    drawable,
    landscape_of,
    path_notes,
)
from zdl_bench.report.figures.style import legend_name, line_looks
from zdl_bench.report.phrases import join_notes
from zdl_bench.run.conditions import short

MAX_PATH_MARKERS = 100
MAX_PATHS = 8


def draw_optimizer_paths(frame: pd.DataFrame, axes: Axes, landscape: Landscape) -> Axes:
    """Draw one line per `variant` of the frame, in its optimizer's colour, with its marker at up to 100 steps.

    frame: one row per run and step, the start first: variant, optimizer, x, y.
    """
    draw_landscape(landscape, axes)
    for variant, look in line_looks(frame).items():
        path = drawable(frame.loc[frame["variant"] == variant, ["x", "y"]].to_numpy(dtype=float), landscape)
        every = -(-len(path) // MAX_PATH_MARKERS)
        axes.plot(*path.T, label=legend_name(variant), linewidth=1.3, markersize=4, markevery=every, zorder=3, **look)
    return axes


def captioned(comparison: Comparison) -> Iterator[CaptionedFigure]:
    """Draw all optimizers over one another, each at its best learning rate, if there are several and not too many."""
    landscape = landscape_of(comparison)
    if landscape is None:
        return
    paths = best_paths(comparison)
    if not 1 < paths["variant"].nunique() <= MAX_PATHS:
        return
    figure, axes = single(width=8.6)
    names = paths["variant"] + ", lr " + paths["lr"].map(short)
    draw_optimizer_paths(paths.assign(variant=names), axes, landscape)
    legend_outside(axes)
    notes = join_notes(*path_notes(comparison, landscape), BEST_PATHS if comparison.has_lr_choice else "")
    what = "The path of one run per optimizer over contours of the loss, with x and y the two parameters."
    words = f"{what} {optimizers_sentence(paths)} {lowest_tail_loss(comparison.runs)}"
    yield caption(figure, "optimizer_paths", "Paths of the optimizers", [*comparison.context, notes], words)
