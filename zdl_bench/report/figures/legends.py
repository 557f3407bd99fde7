"""Put the legend of a figure outside its panels, or into given axes."""

from collections.abc import Mapping, Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zdl_bench.report.figures.given_axes import has_given_axes
from zdl_bench.report.figures.print_layout import is_for_print, legend_columns, scale, text_points
from zdl_bench.report.line_breaks import columns_of

LEGEND_ROWS = 22
LEGEND_ROW_HEIGHT, LEGEND_INCHES_PER_LETTER, LEGEND_INCHES = 0.18, 0.07, 2.4
"""Height of a row of a legend, width of a column of letters, and legend width for which a figure has room, in inches.

If a legend is wider than this, the width of the figure grows by the difference.
"""


def common_legend(figure: Figure, axes_list: Sequence[Axes]) -> None:
    """Put one legend for all panels to the right of the panels, or into given axes."""
    if has_given_axes():
        axes_list[0].legend(fontsize="small")
        return
    entries: dict[str, Artist] = {}
    for axes in axes_list:
        handles, labels = axes.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    if is_for_print():
        legend_below(figure, entries)
        return
    _make_room(figure, len(entries))
    figure.legend(list(entries.values()), list(entries), loc="outside right center", fontsize=text_points(8.5))


def legend_outside(axes: Axes) -> None:
    """Put a legend to the right of the axes. Use several columns and enlarge the figure if the legend is long."""
    labels, figure = axes.get_legend_handles_labels()[1], axes.get_figure(root=True)
    if labels and has_given_axes():
        axes.legend(fontsize="small")
    elif labels and figure and is_for_print():
        common_legend(figure, [axes])
    elif labels:
        columns = -(-len(labels) // LEGEND_ROWS)
        width = columns * (0.6 + LEGEND_INCHES_PER_LETTER * max(map(columns_of, labels)))
        if isinstance(figure, Figure):
            figure.set_figwidth(figure.get_figwidth() + max(0.0, width - LEGEND_INCHES))
            _make_room(figure, min(len(labels), LEGEND_ROWS))
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), ncols=columns, fontsize=text_points(8.5))


def legend_below(figure: Figure, entries: Mapping[str, Artist]) -> None:
    """Put a legend below all panels, where it takes no width from them. Without entries there is none."""
    if not entries:
        return
    columns = legend_columns(figure, max(map(columns_of, entries), default=0), len(entries))
    rows = -(-len(entries) // columns)
    figure.set_figheight(figure.get_figheight() + rows * LEGEND_ROW_HEIGHT * scale())
    figure.legend(list(entries.values()), list(entries), loc="outside lower center", ncols=columns, fontsize=text_points(8.5))


def _make_room(figure: Figure, rows: int) -> None:
    """Make the figure high enough for its title and a legend with this number of rows."""
    figure.set_figheight(max(figure.get_figheight(), 1.5 + LEGEND_ROW_HEIGHT * rows))
