"""The paths of several optimizers over the contours of one problem."""

from collections.abc import Iterator
from functools import partial

import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.language import translate
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures import captions, grid, paths, selection
from zdl_bench.report.figures.landscape import Landscape, draw_landscape, drawable
from zdl_bench.report.figures.style import legend_name, line_looks
from zdl_bench.report.limits import MAX_TOGETHER
from zdl_bench.report.phrases import join_notes
from zdl_bench.run.conditions import short

MAX_PATH_MARKERS = 100


def draw_optimizer_paths(frame: pd.DataFrame, axes: Axes, landscape: Landscape) -> Axes:
    """Draw the path of each variant over the contours, as a line with up to MAX_PATH_MARKERS markers.

    frame: one row per run and step, with variant, optimizer, x and y. The first row of a run is its start.
    """
    draw_landscape(landscape, axes)
    for variant, look in line_looks(frame).items():
        path = drawable(frame.loc[frame["variant"] == variant, ["x", "y"]].to_numpy(dtype=float), landscape)
        every = -(-len(path) // MAX_PATH_MARKERS)
        axes.plot(*path.T, label=legend_name(variant), linewidth=1.3, markersize=4, markevery=every, zorder=3, **look)
    return axes


def captioned_figures(comparison: Comparison) -> Iterator[captions.CaptionedFigure]:
    """Yield the figure of all paths over the same contours, each optimizer at its best learning rate.

    There is no figure if there is only one optimizer. Of many, up to MAX_TOGETHER are shown.
    """
    landscape = paths.landscape_of(comparison)
    if landscape is None:
        return
    everything = paths.best_paths(comparison)
    if everything["variant"].nunique() < 2:
        return
    frame = selection.chosen_variants(everything, comparison, MAX_TOGETHER)
    named = frame.assign(variant=frame["variant"] + ", lr " + frame["lr"].map(short))
    figure, _ = grid.single(partial(draw_optimizer_paths, landscape=landscape), named, width=8.6)
    notes = join_notes(
        *paths.path_notes(comparison, landscape), translate(paths.AT_BEST_NOTE) if comparison.has_lr_choice else ""
    )
    lines = [*comparison.context, notes, selection.hidden_note(frame, everything)]
    what = translate("The path of one run per optimizer over contours of the loss, with x and y the two parameters.")
    sentences = [what, captions.optimizers_sentence(frame), captions.lowest_tail_loss(comparison.runs)]
    yield captions.caption(figure, "optimizer_paths", translate("Paths of the optimizers"), lines, sentences)
