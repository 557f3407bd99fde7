"""A table of win rates: the share of seeds on which the optimizer of the row beats the optimizer of the column."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.report.figures import captions, grid, selection
from zdl_bench.report.figures.cells import color_cells, write_cells
from zdl_bench.report.phrases import more_in_tables, shorten
from zdl_bench.report.standings import Standings, improvement_frame

DIVERGING = "PuOr_r"
"""A colour map that readers with any kind of colour vision can read."""
PALE = 0.35
"""Largest distance of a win rate from one half at which a cell is pale and its text is black."""
MAX_NUMBERED = 20
"""Largest number of optimizers in a table with numbers in its cells. In a larger table, a colour bar replaces the numbers."""
MAX_IN_ROW = 8
"""Largest number of optimizers for which all tables are in one row. Larger tables are arranged in two columns."""


def draw_improvement(frame: pd.DataFrame, axes: Axes) -> Axes:
    """Draw a table of win rates, with the optimizers in the order in which they first appear in the frame.

    frame: one row per ordered pair, with first, second, win_rate and n.
    win_rate: the share of seeds on which `first` beats `second`, or NaN if unknown. n: the number of seeds. A cell shows
    the win rate, and also n if n is smaller than the largest n in the frame. The cells of the diagonal and of pairs that are
    not in the frame are blank. The cell of a pair without a win rate has a dash.
    """
    if frame.empty:
        return axes
    names = list(dict.fromkeys([*frame["first"], *frame["second"]]))
    texts = [_cell_text(rate, n, frame["n"].max()) for rate, n in zip(frame["win_rate"], frame["n"], strict=True)]
    cells = frame.assign(text=texts).pivot(index="first", columns="second").reindex(names)
    rates = cells["win_rate"].reindex(columns=names).astype(float)
    has_room = len(names) <= MAX_NUMBERED
    bar = {"label": "row beats column, share of seeds"}
    color_cells(rates, axes, cmap=DIVERGING, vmin=0, vmax=1, cbar=not has_room, cbar_kws=bar)
    if has_room:
        write_cells(cells["text"].reindex(columns=names).fillna(""), (rates - 0.5).abs() > PALE, axes)
    ticks, labels = np.arange(len(names)) + 0.5, [shorten(name) for name in names]
    axes.set_xticks(ticks, labels, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_yticks(ticks, labels, rotation=0)
    axes.set(xlabel="", ylabel="")
    axes.grid(visible=False)
    return axes


def _cell_text(rate: float, n: int, largest: int) -> str:
    if np.isnan(rate):
        return "–"
    return f"{rate:.2f}" if n == largest else f"{rate:.2f}\nn {n}"


def captioned_figures(standings: Standings) -> Iterator[captions.CaptionedFigure]:
    """Yield the figure with a table of win rates per question, if there are more than two optimizers.

    If there are many optimizers, only the first MAX_STANDINGS are shown.
    """
    if len(standings.variants) < 3:
        return
    variants = standings.variants[: selection.MAX_STANDINGS]
    names, questions = len(variants), sum(len(standing.measures) for _, standing in standings.at_best)
    columns = questions if names <= MAX_IN_ROW else min(2, questions)
    rows = -(-questions // columns)
    letters = max(0, max(len(shorten(name)) for name in variants) - 12)  # beyond the length of a usual name
    size = (columns * (max(3.6, 1.6 + 0.5 * names) + 0.05 * letters), rows * (2.4 + 0.45 * names + 0.035 * letters))
    figure, everything = grid.grid_of(rows, columns, size)
    for unused in everything[questions:]:
        unused.set_visible(False)
    measures = [(question, one) for question, standing in standings.at_best for one in standing.measures]
    for number, (axes, (question, pairwise)) in enumerate(zip(everything, measures, strict=False)):
        frame = improvement_frame(pairwise)
        draw_improvement(frame[frame["first"].isin(variants) & frame["second"].isin(variants)], axes)
        axes.set_title(question.words[pairwise.metric], fontsize=10)
        if number % columns:
            axes.tick_params(left=False, labelleft=False)
    what = "share of seeds on which the row beats the column, ties counted half, a run without a value losing"
    hidden = more_in_tables((len(standings.variants) - names, "optimizer"))
    lines = [*standings.comparison.context, f"{standings.view}; {what}", hidden]
    sentences = [f"A table per question of how often each of {names} optimizers beats each other over the seeds."]
    yield captions.caption(figure, "improvement", "Probability of improvement", lines, sentences)
