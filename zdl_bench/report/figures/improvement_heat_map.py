"""A table of win rates: the share of seeds on which the optimizer of the row beats the optimizer of the column."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.language import said, translate
from zdl_bench.report.figures import captions, grid, selection
from zdl_bench.report.figures.cells import color_cells, write_cells
from zdl_bench.report.figures.print_layout import text_points
from zdl_bench.report.limits import FIRST_TEN
from zdl_bench.report.pair_frames import improvement_frame
from zdl_bench.report.phrases import join_notes, shorten_all
from zdl_bench.report.standings import Standings

DIVERGING = "PuOr_r"
"""A colour map that readers with any kind of colour vision can read."""
PALE = 0.35
"""Largest distance of a win rate from one half at which a cell is pale and its text is black."""
MAX_IN_THREES = 6
"""Largest number of optimizers for which three tables are side by side. Of larger ones, two are."""
MANY_LETTERS = 24
"""Letters of a name whose slanted label reaches far beyond its table, which then needs room of its own."""
MAX_NUMBERED = 20
"""Largest number of optimizers in a table with numbers in its cells. In a larger table, a colour bar replaces the numbers."""


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
    bar = {"label": translate("row beats column, share of seeds")}
    color_cells(rates, axes, cmap=DIVERGING, vmin=0, vmax=1, cbar=not has_room, cbar_kws=bar)
    if has_room:
        write_cells(cells["text"].reindex(columns=names).fillna(""), (rates - 0.5).abs() > PALE, axes)
    ticks, labels = np.arange(len(names)) + 0.5, shorten_all(names)
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

    If there are many optimizers, FIRST_TEN of them are shown, chosen by `shown_variants`.
    """
    if len(standings.variants) < 3:
        return
    variants = standings.shown(FIRST_TEN)
    shown = [
        (said(question.words[one.metric]), one)
        for question, standing in standings.at_best
        for one in standing.measures
        if one.metric in question.in_figures
    ]
    names, panels = len(variants), len(shown)
    letters = max(map(len, shorten_all(variants)))
    columns = min(2 if names > MAX_IN_THREES or letters > MANY_LETTERS else 3, panels)
    rows = -(-panels // columns)
    width, height = max(0.36 * names, 1.8) + 0.2, max(0.3 * names, 1.5) + 0.4 + 0.05 * letters
    overhang = 0.06 * letters if letters > MANY_LETTERS else 0.0
    size = (columns * (width + overhang) + 0.075 * letters, rows * height + 1.2)
    figure, everything = grid.grid_of(rows, columns, size)
    for unused in everything[panels:]:
        unused.set_visible(False)
    for number, (axes, (words, pairwise)) in enumerate(zip(everything, shown, strict=False)):
        draw_improvement(improvement_frame(pairwise, variants), axes)
        axes.set_title(words, fontsize=text_points(10))
        if number % columns:
            axes.tick_params(left=False, labelleft=False)
    what = translate("share of seeds on which the row beats the column, ties counted half, a run without a value losing")
    hidden = selection.left_out_note(names, len(standings.variants))
    lines = [*standings.comparison.context, join_notes(standings.view, what), hidden]
    sentences = [
        translate("A table per question of how often each of {count} optimizers beats each other over the seeds.", count=names)
    ]
    yield captions.caption(figure, "improvement", translate("Probability of improvement"), lines, sentences)
