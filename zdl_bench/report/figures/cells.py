"""Tables of cells with a colour and a text each."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes


def color_cells(values: pd.DataFrame, axes: Axes, **look: Any) -> None:
    """Colour a cell per value, without names; one without a value stays blank. look: keywords of seaborn.heatmap."""
    import seaborn as sns

    sns.heatmap(values, linewidths=1, xticklabels=False, yticklabels=False, ax=axes, **look)


def write_cells(texts: pd.DataFrame, is_dark: pd.DataFrame, axes: Axes) -> None:
    """Write a text into each cell, white on dark ones; fractions are small."""
    for (row, column), text in np.ndenumerate(texts.to_numpy()):
        color = "white" if is_dark.iloc[row, column] else "black"
        place: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7 if "/" in str(text) else 9, "color": color}
        axes.text(column + 0.5, row + 0.5, str(text), **place)
