"""Make figures of one or more panels, with a title that says what was run, and with a legend outside the panels."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from zdl_bench.errors import ConfigError
from zdl_bench.report.figures.given_axes import given_axes, has_given_axes
from zdl_bench.report.figures.legends import legend_outside
from zdl_bench.report.figures.print_layout import (
    is_for_print,
    panel_columns,
    print_size,
    text_points,
)
from zdl_bench.report.limits import MAX_HEIGHT, MAX_WIDTH, asked_optimizers
from zdl_bench.report.line_breaks import columns_of, packed, wrap
from zdl_bench.report.words.context import SEPARATOR

PANEL_WIDTH, PANEL_HEIGHT = 3.7, 2.9
ROW_HEIGHT, NARROW_ROW, PANEL_GAP = 0.36, 0.26, 0.12
ROW_PANELS = 3
LETTERS_PER_INCH = 13
"""Number of columns of letters per inch of a title. Lines of this length leave some room for wide letters."""


class NotebookFigure(Figure):
    """A figure that a notebook shows as it is, whether pyplot was imported or not."""

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png")
        return stream.getvalue()


def panels(count: int, columns: int = 3, height: float = PANEL_HEIGHT) -> tuple[Figure, list[Axes]]:
    """Return a figure and its `count` panels with shared axes, in rows of up to `columns` panels. height: of a panel."""
    columns = panel_columns(count, 2 if count == 4 else min(columns, count))
    figure, axes_list = _grid(count, columns, height, {"sharex": True, "sharey": True})
    for axes in axes_list[-columns:]:
        axes.tick_params(labelbottom=True)
    return figure, axes_list


def row_panels(count: int, rows: int) -> tuple[Figure, list[Axes]]:
    """Return a figure and its `count` panels, of which up to ROW_PANELS are side by side.

    All panels have the same named rows. rows: the number of these rows, which determines the height of a panel.
    """
    columns = panel_columns(count, 2 if count == 4 else min(ROW_PANELS, count))
    return _grid(count, columns, 1.0 + ROW_HEIGHT * max(rows, 2), {"sharey": True})


def rows_that_fit(count: int) -> int:
    """Return how many named rows each of `count` panels has room for."""
    return int(((MAX_HEIGHT - 1.2) / -(-count // ROW_PANELS) - 0.8) / NARROW_ROW) if count else 0


def _grid(count: int, columns: int, height: float, shared: Mapping[str, Any]) -> tuple[Figure, list[Axes]]:
    rows = -(-count // columns)
    width = PANEL_WIDTH * columns if is_for_print() else min(max(6.4, PANEL_WIDTH * columns), MAX_WIDTH)
    figure, everything = grid_of(rows, columns, (width, height * rows + 1.0), **shared)
    if not has_given_axes():
        figure.set_layout_engine("constrained", w_pad=PANEL_GAP)  # keeps the tick labels of neighbouring panels apart
    for unused in everything[count:]:
        unused.set_visible(False)
    return figure, everything[:count]


def outer_labels(axes_list: Sequence[Axes]) -> None:
    """Remove all axis labels except those of the left column and of the panels with no panel below."""
    spec = axes_list[0].get_subplotspec()
    columns = spec.get_gridspec().ncols if spec else 1
    for number, axes in enumerate(axes_list):
        if number % columns:
            axes.set_ylabel("")
        if number + columns < len(axes_list):
            axes.set_xlabel("")


def single(
    draw: Callable[[pd.DataFrame, Axes], Axes], frame: pd.DataFrame, width: float = 7.6, height: float = 4.6
) -> tuple[Figure, Axes]:
    """Draw a frame in a figure of one panel, with the legend outside the panel. Return the figure and the panel.

    draw: draws the frame on the panel. width, height: the size of the figure in inches.
    """
    figure, [axes] = grid_of(1, 1, (width, height))
    draw(frame, axes)
    legend_outside(axes)
    return figure, axes


def grid_of(rows: int, columns: int, size: tuple[float, float], **shared: Any) -> tuple[Figure, list[Axes]]:
    """Return a figure and its axes, row by row. size: width and height of the figure in inches.

    The figure never opens a window, whichever backend pyplot uses. Inside `drawing_on`, return the given axes and their figure,
    or raise ConfigError if there is more than one panel.
    """
    given = given_axes.get()
    if given is not None:
        if rows * columns > 1:
            raise ConfigError(
                f"ax: this figure has {rows * columns} panels; leave ax out, and take the panels from figure.axes"
            )
        return cast(Figure, given.get_figure(root=True)), [given]
    figure = NotebookFigure(figsize=print_size(*size) if is_for_print() else size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(np.ravel(figure.subplots(rows, columns, squeeze=False, **shared)))


def head(figure: Figure, title: str, context: Sequence[str]) -> None:
    """Write the title and the lines of context at the top of the figure, broken to fit the width of the figure.

    Given axes get neither: their figure may have a title of its own.
    """
    if has_given_axes():
        return
    width = int(LETTERS_PER_INCH * figure.get_figwidth())
    lines = [line for text in (title, *context) for line in _lines(text, width)]
    figure.suptitle("\n".join(lines), fontsize=text_points(9.5), x=0.01, ha="left")


def limit_size(figure: Figure) -> None:
    """Squeeze a figure that is too large for a page, unless a person asked for more optimizers. Given axes stay as they are."""
    if not has_given_axes() and asked_optimizers.get() is None:
        width, height = figure.get_size_inches()
        figure.set_size_inches(min(width, MAX_WIDTH), min(height, MAX_HEIGHT))


def _lines(text: str, width: int) -> list[str]:
    """Return the text, broken into lines of up to `width` columns, if possible only at the separators."""
    parts = text.split(SEPARATOR)
    if len(parts) == 1 or max(map(columns_of, parts)) > width:
        return wrap(text, width)
    return packed([*(f"{part}{SEPARATOR}" for part in parts[:-1]), parts[-1]], width)
