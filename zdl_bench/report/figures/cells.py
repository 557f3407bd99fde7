"""Draw tables of coloured cells with text."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.figure import Figure

from zdl_bench.report.figures.print_layout import text_points


def color_cells(values: pd.DataFrame, axes: Axes, **look: Any) -> None:
    """Draw a coloured cell for each value, without axis labels. A cell without a value stays blank.

    look: further keyword arguments for seaborn.heatmap.
    """
    import seaborn as sns

    figure = axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    canvas = figure.canvas
    FigureCanvasBase(figure)  # seaborn draws the whole figure to see whether labels overlap, but here are none
    sns.heatmap(values, linewidths=1, xticklabels=False, yticklabels=False, ax=axes, **look)
    figure.set_canvas(canvas)


def write_cells(texts: pd.DataFrame, is_dark: pd.DataFrame, axes: Axes) -> None:
    """Write the text of each cell, in white on dark cells and in black on others. Text with a fraction has a smaller font."""
    for (row, column), text in np.ndenumerate(texts.to_numpy()):
        color = "white" if is_dark.iloc[row, column] else "black"
        place: dict[str, Any] = {
            "ha": "center",
            "va": "center",
            "fontsize": text_points(7 if "/" in str(text) else 9),
            "color": color,
        }
        axes.text(column + 0.5, row + 0.5, str(text), **place)
