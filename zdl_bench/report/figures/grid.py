"""Make figures of one or more panels, with a title that says what was run, and with a legend outside the panels."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

PANEL_WIDTH, PANEL_HEIGHT = 3.7, 2.9
ROW_HEIGHT, PANEL_GAP = 0.36, 0.12
LEGEND_ROWS = 22
LEGEND_ROW_HEIGHT, LEGEND_INCHES_PER_LETTER, LEGEND_INCHES = 0.18, 0.07, 2.4
"""Height of a row of a legend, width of a character, and legend width for which a figure has room, in inches.

If a legend is wider than this, the width of the figure grows by the difference.
"""
SEPARATOR = " · "
LETTERS_PER_INCH = 13
"""Number of characters per inch of a title. Lines of this length leave some room for wide characters."""


def panels(count: int, columns: int = 3) -> tuple[Figure, list[Axes]]:
    """Return a figure and its `count` panels with shared axes, in rows of up to `columns` panels."""
    columns = 2 if count == 4 else min(columns, count)
    figure, axes_list = _grid(count, columns, PANEL_HEIGHT, {"sharex": True, "sharey": True})
    for axes in axes_list[-columns:]:
        axes.tick_params(labelbottom=True)
    return figure, axes_list


def row_panels(count: int, rows: int, columns: int = 4) -> tuple[Figure, list[Axes]]:
    """Return a figure and its `count` panels, of which up to `columns` are side by side.

    All panels have the same named rows. rows: the number of these rows, which determines the height of a panel.
    """
    columns = columns if count % columns != 1 else columns - 1
    return _grid(count, min(columns, count), 1.0 + ROW_HEIGHT * max(rows, 2), {"sharey": True})


def _grid(count: int, columns: int, height: float, shared: Mapping[str, Any]) -> tuple[Figure, list[Axes]]:
    rows = -(-count // columns)
    figure, everything = grid_of(rows, columns, (max(6.4, PANEL_WIDTH * columns), height * rows + 1.0), **shared)
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

    The figure never opens a window, whichever backend pyplot uses.
    """
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(np.ravel(figure.subplots(rows, columns, squeeze=False, **shared)))


def head(figure: Figure, title: str, context: Sequence[str]) -> None:
    """Write the title and the lines of context at the top of the figure, broken to fit the width of the figure."""
    width = int(LETTERS_PER_INCH * figure.get_figwidth())
    lines = [line for text in (title, *context) for line in _lines(text, width)]
    figure.suptitle("\n".join(lines), fontsize=9.5, x=0.01, ha="left")


def _lines(text: str, width: int) -> list[str]:
    """Return the text, broken into lines of up to `width` characters, if possible only at the separators."""
    parts = text.split(SEPARATOR)
    if len(parts) == 1 or max(map(len, parts)) > width:
        return textwrap.wrap(text, width)
    unbroken = "\N{NO-BREAK SPACE}· ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in textwrap.wrap(unbroken, width)]


def common_legend(figure: Figure, axes_list: Sequence[Axes]) -> None:
    """Put one legend for all panels to the right of the panels."""
    entries: dict[str, Artist] = {}
    for axes in axes_list:
        handles, labels = axes.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    _make_room(figure, len(entries))
    figure.legend(list(entries.values()), list(entries), loc="outside right center", fontsize=8.5)


def legend_outside(axes: Axes) -> None:
    """Put a legend to the right of the axes. Use several columns and enlarge the figure if the legend is long."""
    labels = axes.get_legend_handles_labels()[1]
    if labels:
        columns = -(-len(labels) // LEGEND_ROWS)
        figure = axes.get_figure(root=True)
        width = columns * (0.6 + LEGEND_INCHES_PER_LETTER * max(map(len, labels)))
        if isinstance(figure, Figure):
            figure.set_figwidth(figure.get_figwidth() + max(0.0, width - LEGEND_INCHES))
            _make_room(figure, min(len(labels), LEGEND_ROWS))
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), ncols=columns, fontsize=8.5)


def _make_room(figure: Figure, rows: int) -> None:
    """Make the figure high enough for its title and a legend with this number of rows."""
    figure.set_figheight(max(figure.get_figheight(), 1.5 + LEGEND_ROW_HEIGHT * rows))
