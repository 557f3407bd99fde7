"""The paths of several optimizers over the contours of one problem."""

from collections import Counter
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.figures.landscape import Landscape, draw_landscape, drawable
from zdl_bench.figures.style import DASHES, look_of

MOST_MARKERS = 100


def draw_optimizer_paths(frame: pd.DataFrame, axes: Axes, landscape: Landscape) -> Axes:
    """One line per `line` of the frame, in its optimizer's colour, with its marker at up to 100 steps.

    frame: one row per run and step, the start first: line, optimizer, x, y.
    """
    draw_landscape(landscape, axes)
    lines_of: Counter[str] = Counter()
    for line, rows in frame.groupby("line", sort=False):
        look = look_of(str(rows["optimizer"].iloc[0]))
        path = drawable(rows[["x", "y"]].to_numpy(dtype=float), landscape)
        dash = DASHES[lines_of[look.color] % len(DASHES)]  # lines of one colour differ by dashes
        lines_of[look.color] += 1
        every = -(-len(path) // MOST_MARKERS)
        markers: dict[str, Any] = {"marker": look.marker, "markersize": 4, "markevery": every}
        axes.plot(*path.T, label=str(line), color=look.color, linewidth=1.3, linestyle=dash, zorder=3, **markers)
    return axes
