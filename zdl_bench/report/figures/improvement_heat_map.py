"""Who beats whom: the share of seeds on which the optimizer of the row beats that of the column."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.report.figures.style import shortened

COLORS = "PuOr_r"
"""Diverging, and told apart with any colour vision."""
PALE = 0.35
"""Nearer than this to one half a cell is pale and its text black."""
MAX_NAMES = 20
"""With more, cells are too small for numbers, and a colour bar has to do."""


def draw_improvement(frame: pd.DataFrame, axes: Axes) -> Axes:
    """frame: one row per ordered pair: first, second, win_rate (of first against second, 0 to 1, NaN where there is none), n.

    Rows and columns are in the order of their first rows in the frame. A cell shows the rate, and its n where that is not the
    largest. The diagonal, and a pair that the frame does not have, are blank; a pair without a rate has a dash.
    """
    import seaborn as sns

    if frame.empty:
        return axes
    names = list(dict.fromkeys([*frame["first"], *frame["second"]]))
    rates = frame.pivot(index="first", columns="second", values="win_rate").reindex(names, columns=names).astype(float)
    texts = [_cell_text(rate, n, frame["n"].max()) for rate, n in zip(frame["win_rate"], frame["n"], strict=True)]
    cells = frame.assign(text=texts).pivot(index="first", columns="second", values="text").reindex(names, columns=names)
    has_room = len(names) <= MAX_NAMES
    bar = {"label": "row beats column, share of seeds"}
    bare: Any = {"linewidths": 1, "xticklabels": False, "yticklabels": False, "ax": axes}
    sns.heatmap(rates, cmap=COLORS, vmin=0, vmax=1, cbar=not has_room, cbar_kws=bar, **bare)
    if has_room:
        _write_texts(cells.fillna(""), (rates - 0.5).abs() > PALE, axes)
    ticks, labels = np.arange(len(names)) + 0.5, [shortened(name) for name in names]
    axes.set_xticks(ticks, labels, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_yticks(ticks, labels, rotation=0)
    axes.set_xlabel("")
    axes.set_ylabel("")
    axes.grid(visible=False)
    return axes


def _cell_text(rate: float, n: int, largest: int) -> str:
    if np.isnan(rate):
        return "–"
    return f"{rate:.2f}" if n == largest else f"{rate:.2f}\nn {n}"


def _write_texts(texts: pd.DataFrame, is_dark: pd.DataFrame, axes: Axes) -> None:
    for row in range(len(texts)):
        for column in range(len(texts.columns)):
            color = "white" if is_dark.iloc[row, column] else "black"
            place: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9, "color": color}
            axes.text(column + 0.5, row + 0.5, str(texts.iloc[row, column]), **place)
