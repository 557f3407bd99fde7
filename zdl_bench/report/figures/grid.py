"""Figures of several panels, with a title that says what was run and a legend outside."""

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
"""A figure is wider than usual by as much as its legend is wider than LEGEND_INCHES."""
SEPARATOR = " · "
LETTERS_PER_INCH = 13
"""Letters of a title; a wide letter takes more room, so lines do not fill the figure."""


def panels(count: int, columns: int = 3) -> tuple[Figure, list[Axes]]:
    """Return `count` panels that share their axes, in rows of up to `columns`."""
    columns = 2 if count == 4 else min(columns, count)
    figure, axes_list = _grid(count, columns, PANEL_HEIGHT, {"sharex": True, "sharey": True})
    for axes in axes_list[-columns:]:
        axes.tick_params(labelbottom=True)
    return figure, axes_list


def row_panels(count: int, rows: int, columns: int = 4) -> tuple[Figure, list[Axes]]:
    """Return `count` panels beside one another that share `rows` rows with a name each."""
    columns = columns if count % columns != 1 else columns - 1
    return _grid(count, min(columns, count), 1.0 + ROW_HEIGHT * max(rows, 2), {"sharey": True})


def _grid(count: int, columns: int, height: float, shared: Mapping[str, Any]) -> tuple[Figure, list[Axes]]:
    rows = -(-count // columns)
    figure, everything = grid_of(rows, columns, (max(6.4, PANEL_WIDTH * columns), height * rows + 1.0), **shared)
    figure.set_layout_engine("constrained", w_pad=PANEL_GAP)  # or the last number of an axis touches the first of the next
    for unused in everything[count:]:
        unused.set_visible(False)
    return figure, everything[:count]


def outer_labels(axes_list: Sequence[Axes]) -> None:
    """Keep only the axis labels of the left column and of the panels that have none below them."""
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
    """Draw a frame in a figure of one panel of that size in inches, with its legend outside."""
    figure, [axes] = grid_of(1, 1, (width, height))
    draw(frame, axes)
    legend_outside(axes)
    return figure, axes


def grid_of(rows: int, columns: int, size: tuple[float, float], **shared: Any) -> tuple[Figure, list[Axes]]:
    """Return a figure of that size in inches and its axes, row by row. It needs no window, whatever backend pyplot has."""
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(np.ravel(figure.subplots(rows, columns, squeeze=False, **shared)))


def head(figure: Figure, title: str, context: Sequence[str]) -> None:
    """Write the title and, below it, what was run, in lines that fit the figure."""
    width = int(LETTERS_PER_INCH * figure.get_figwidth())
    lines = [line for text in (title, *context) for line in _lines(text, width)]
    figure.suptitle("\n".join(lines), fontsize=9.5, x=0.01, ha="left")


def _lines(text: str, width: int) -> list[str]:
    """Break the text into lines that end, if they can, at one of its dots."""
    parts = text.split(SEPARATOR)
    if len(parts) == 1 or max(map(len, parts)) > width:
        return textwrap.wrap(text, width)
    unbroken = "\N{NO-BREAK SPACE}· ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in textwrap.wrap(unbroken, width)]


def common_legend(figure: Figure, axes_list: Sequence[Axes]) -> None:
    """Put one legend for all panels to their right."""
    entries: dict[str, Artist] = {}
    for axes in axes_list:
        handles, labels = axes.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    _make_room(figure, len(entries))
    figure.legend(list(entries.values()), list(entries), loc="outside right center", fontsize=8.5)


def legend_outside(axes: Axes) -> None:
    """Put a legend to the right of the axes, in as many columns as it needs; the figure grows with it."""
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
    """Make the figure as high as a legend of so many rows below its title needs."""
    figure.set_figheight(max(figure.get_figheight(), 1.5 + LEGEND_ROW_HEIGHT * rows))
