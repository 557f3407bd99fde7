"""The paths of several optimizers over the contours of one problem."""

import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.report.figures.landscape import Landscape, draw_landscape, drawable
from zdl_bench.report.figures.style import legend_name, line_looks

MAX_MARKERS = 100


def draw_optimizer_paths(frame: pd.DataFrame, axes: Axes, landscape: Landscape) -> Axes:
    """One line per `variant` of the frame, in its optimizer's colour, with its marker at up to 100 steps.

    frame: one row per run and step, the start first: variant, optimizer, x, y.
    """
    draw_landscape(landscape, axes)
    for variant, look in line_looks(frame).items():
        path = drawable(frame.loc[frame["variant"] == variant, ["x", "y"]].to_numpy(dtype=float), landscape)
        every = -(-len(path) // MAX_MARKERS)
        axes.plot(*path.T, label=legend_name(variant), linewidth=1.3, markersize=4, markevery=every, zorder=3, **look)
    return axes
