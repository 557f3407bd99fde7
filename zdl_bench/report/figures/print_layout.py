"""The layout of figures for print: the width of a column, text of 7 points, and marks and lines to scale."""

from contextvars import ContextVar
from itertools import chain
from math import ceil

import matplotlib as mpl
import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

MM = 1 / 25.4
"""A millimetre, in inches."""
ONE_COLUMN, TWO_COLUMNS = 89 * MM, 183 * MM
DESIGNED_FOR = 10
"""The size of text for which the sizes of figures, lines and markers are given, in points."""
SMALLEST = 7
"""The smallest size of text, in points."""
TITLE = 0.8
"""The height of the title above a figure that is not for print, in inches."""
CLOSEST_FIT = 1.75
"""A figure is squeezed by up to this factor, and printed over two columns if that is not enough."""
PANEL = 1.5
"""The smallest width of a panel in print, in inches."""

column_width: ContextVar[float | None] = ContextVar("column_width", default=None)
"""The width of figures for print, in inches, or 0 if each has as many columns as it needs. None: figures are not for print."""


def is_for_print() -> bool:
    return column_width.get() is not None


def text_points(points: float) -> float:
    """Return the size of a text that has `points` beside text of 10 points. It becomes no smaller than 7 points."""
    return max(points * scale(), min(points, SMALLEST))


def scale() -> float:
    """Return the size of text, as a share of the size for which figures are designed."""
    return float(mpl.rcParams["font.size"]) / DESIGNED_FOR


def print_size(width: float, height: float) -> tuple[float, float]:
    """Return the size of a figure in print, in inches: as wide as the column, or as two if it does not fit into one.

    width, height: the size for which the figure is designed, in inches, with room for a title that print has not.
    """
    column = column_width.get() or ONE_COLUMN
    printed = column if width * scale() <= CLOSEST_FIT * column else TWO_COLUMNS
    return printed, max(height - TITLE, TITLE) * scale() * max(CLOSEST_FIT**-0.5, min(1.0, printed / (width * scale())))


def panel_columns(count: int, columns: int) -> int:
    """Return how many of `count` panels stand side by side in print, at most `columns`."""
    if not is_for_print():
        return columns
    width = column_width.get() or (ONE_COLUMN if count == 1 else TWO_COLUMNS)
    return max(1, min(count, columns, int(width / PANEL)))


def legend_columns(figure: Figure, longest: int, count: int) -> int:
    """Return the number of columns of a legend below the panels. longest: number of columns of its longest entry."""
    entry = (4.5 + 0.55 * longest) * text_points(8.5) / 72
    fitting = max(1, min(count, int(figure.get_figwidth() / entry)))
    return ceil(count / ceil(count / fitting))


def shrink_marks(figure: Figure) -> None:
    """Scale the lines and markers of all panels and legends as the text is scaled. Settings give those of axes and ticks."""
    legends = [*figure.legends, *filter(None, (axes.get_legend() for axes in figure.axes))]
    for line in chain.from_iterable([*(axes.lines for axes in figure.axes), *(legend.get_lines() for legend in legends)]):
        line.set(
            linewidth=line.get_linewidth() * scale(),
            markersize=line.get_markersize() * scale(),
            markeredgewidth=line.get_markeredgewidth() * scale(),
        )
    for collection in chain.from_iterable(axes.collections for axes in figure.axes):
        collection.set_linewidth([float(width) * scale() for width in np.ravel(collection.get_linewidth())])
        if isinstance(collection, PathCollection):
            collection.set_sizes(np.multiply(collection.get_sizes(), scale() ** 2))
