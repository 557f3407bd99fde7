"""Lines of many optimizers: a panel for each of the first, in which the lines of all others are grey."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib import cbook
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from zdl_bench.language import translate
from zdl_bench.report.figures import grid, legends
from zdl_bench.report.figures.families import family_of, family_words
from zdl_bench.report.figures.given_axes import has_given_axes
from zdl_bench.report.figures.print_layout import text_points
from zdl_bench.report.figures.scales import log_axis
from zdl_bench.report.limits import MAX_TOGETHER
from zdl_bench.report.line_breaks import wrap
from zdl_bench.report.phrases import shorten
from zdl_bench.run.run import Floats

OTHERS = "#c4c4c4"
"""The grey of lines that only show where the others are: visible on white and on black."""
SMALL_COLUMNS, SMALL_HEIGHT = 4, 2.15
LETTERS = 30
"""Largest number of characters of a line below a panel."""

Draw = Callable[[pd.DataFrame, Axes], Axes]


@dataclass(frozen=True)
class Backdrop:
    """The lines of all optimizers as they were drawn on axes that nobody sees, and the limits of these axes.

    lines: name → its line, shape (n, 2).
    """

    lines: dict[str, Floats]
    axes: Axes

    @classmethod
    def of(cls, draw: Draw, frame: pd.DataFrame, column: str = "variant") -> "Backdrop":
        """Draw a frame. column: whose values are the names of the lines."""
        figure = Figure()
        FigureCanvasAgg(figure)
        axes = draw(frame, figure.subplots())
        names = list(frame[column].drop_duplicates())
        labelled = [line for line in axes.get_lines() if not str(line.get_label()).startswith("_child")]
        return cls({str(name): _points(line) for name, line in zip(names, labelled, strict=False)}, axes)

    def add_to(self, axes: Axes, without: Collection[str]) -> None:
        """Draw the lines of all others in grey, behind those of the panel, and give the panel the limits of all."""
        others = [points for name, points in self.lines.items() if name not in without]
        axes.add_collection(LineCollection(others, colors=OTHERS, linewidths=0.6, zorder=0.5), autolim=False)
        for axis, limits, scale in (
            (axes.xaxis, self.axes.get_xlim(), self.axes.get_xscale()),
            (axes.yaxis, self.axes.get_ylim(), self.axes.get_yscale()),
        ):
            if scale == "log":
                log_axis(axis, limits)
            else:
                axis.set_view_interval(*limits, ignore=True)


def lines(
    draw: Draw, frame: pd.DataFrame, shown: pd.DataFrame, column: str = "variant", **size: float
) -> tuple[Figure, list[Axes]]:
    """Return a figure of the lines, and its panels: one for few lines, or one for each line that is shown.

    frame: the rows of all lines. shown: the rows of those that are shown, in their order. column: whose values are the names of
    the lines. size: width and height of a figure of one panel, in inches. Given axes have all lines that are shown.
    """
    if not are_apart(frame, column):
        figure, axes = grid.single(draw, shown, **size)
        return figure, [axes]
    names = [str(name) for name in shown[column].drop_duplicates()]
    backdrop = Backdrop.of(draw, frame, column)
    figure, axes_list = grid.panels(len(names), SMALL_COLUMNS, SMALL_HEIGHT)
    for axes, name in zip(axes_list, names, strict=True):
        draw(shown[shown[column] == name], axes)
        axes.set_title(shorten(name), fontsize=text_points(9))
        backdrop.add_to(axes, [name])
    legends.legend_below(figure, _families(shown))
    return figure, axes_list


def are_apart(frame: pd.DataFrame, column: str = "variant") -> bool:
    """Return whether each of the lines has a panel of its own."""
    return frame[column].nunique() > MAX_TOGETHER and not has_given_axes()


def shade_others(draw: Draw, frame: pd.DataFrame, shown: pd.DataFrame, axes: Axes) -> None:
    """Draw the lines of the optimizers that are not shown in grey, on axes that have the lines of those that are."""
    names = set(shown["variant"].unique())
    if names < set(frame["variant"].unique()):
        Backdrop.of(draw, frame).add_to(axes, names)


def shade_note(shown: pd.DataFrame, frame: pd.DataFrame) -> str:
    """Return the note on the lines of `shade_others`; empty if there are none."""
    others = frame["variant"].nunique() - shown["variant"].nunique()
    return translate("grey: the other {count}", count=others) if others else ""


def note(frame: pd.DataFrame, column: str = "variant") -> str:
    """Return the note on the grey lines of a figure of these lines; empty if it has none."""
    if not are_apart(frame, column):
        return ""
    return translate("grey: the other {count}, on the same axes", count=frame[column].nunique() - 1)


def label_axes(axes_list: Sequence[Axes], **labels: str) -> None:
    """Label the axes, the vertical ones of several panels once for all. labels: xlabel, ylabel, if not as they were drawn."""
    first = axes_list[0]
    first.set(**labels)
    figure = first.get_figure(root=True)
    if len(axes_list) == 1 or not isinstance(figure, Figure):
        return
    figure.supylabel(first.get_ylabel(), fontsize=text_points(10))
    below = "\n".join(wrap(first.get_xlabel(), LETTERS))
    for axes in axes_list:
        axes.set(xlabel=below, ylabel="")
    grid.outer_labels(axes_list)


def _families(shown: pd.DataFrame) -> dict[str, Artist]:
    """Return the entries of a legend with the families that are shown; empty if there are fewer than two."""
    rows = shown.drop_duplicates("optimizer")
    colors = {family_of(str(row.optimizer)): str(row.color) for row in rows[::-1].itertuples()}
    entries: dict[str, Artist] = {family_words(name): Patch(color=color) for name, color in sorted(colors.items()) if name}
    return entries if len(entries) > 1 else {}


def _points(line: Line2D) -> Floats:
    """Return the points of a line, with the corners of its steps."""
    x, y = line.get_data()
    corners = cbook.STEP_LOOKUP_MAP[line.get_drawstyle()](np.asarray(x, float), np.asarray(y, float))
    return np.column_stack(list(corners))
