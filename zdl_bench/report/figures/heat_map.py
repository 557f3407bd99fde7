"""A coloured table of mean tail losses and of runs without a value, with a row per optimizer and a column per learning rate."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, LogNorm

from zdl_bench.language import translatable, translate
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures import captions, grid, selection
from zdl_bench.report.figures.cells import color_cells, write_cells
from zdl_bench.report.figures.scales import plain_log_axis
from zdl_bench.report.figures.style import require_prepared
from zdl_bench.report.limits import MAX_HEIGHT, MAX_WIDTH
from zdl_bench.report.phrases import join_notes, shorten_all, state_text
from zdl_bench.run.conditions import texts_of

GREY = "#d9d9d9"
NO_UNIT_TITLE = translatable("Mean tail loss, optimizer × learning rate")
MAX_HEAT_ROWS, MAX_HEAT_COLUMNS = 36, 12
"""Largest numbers of rows and columns. A larger table could not be read, and its image might be too large for a file."""
NO_LOG_SCALE = translatable("losses here may be negative, or 0 at the start: no colour for those, no figure on a log scale")


def draw_heat_map(frame: pd.DataFrame, axes: Axes) -> Axes:
    """Draw a table with one row per optimizer and one column per learning rate.

    frame: one row per run, with variant, lr, status, learned and tail_loss.
    A cell shows the mean tail loss of its runs, and is dark if this loss is low. If some runs have no value, the cell is grey
    and gives the share of these runs and the reason, such as 1/3 diverged. If all runs completed but some did not learn, the
    cell has an asterisk. The cell of a learning rate that was not tried is blank.
    """
    require_prepared(frame, "variant")
    cells = frame.groupby(["variant", "lr"], sort=False, dropna=False)
    means = cells["tail_loss"].agg(lambda losses: losses.mean(skipna=False)).unstack("lr").sort_index(axis=1)
    texts = cells[["status", "learned", "tail_loss"]].apply(_cell_text).unstack("lr").reindex_like(means).fillna("")
    order = frame["variant"].drop_duplicates()
    means, texts = means.loc[order], texts.loc[order]
    positive = means.where(means > 0).astype(float)
    has_values = bool(positive.notna().to_numpy().any())
    low, high = (positive.min().min(), positive.max().max()) if has_values else (1.0, 1.0)
    is_grey = positive.isna() & (texts != "")
    color_cells(is_grey.where(is_grey).astype(float), axes, cmap=ListedColormap([GREY]), vmin=0, vmax=1, cbar=False)
    scale = {"cmap": "viridis", "vmin": low, "vmax": high, "norm": LogNorm(0.999 * low, 1.001 * high)}
    color_cells(positive, axes, cbar=has_values and high > low, cbar_kws={"label": translate("mean tail loss")}, **scale)
    if axes.collections[-1].colorbar:
        plain_log_axis(axes.collections[-1].colorbar.ax.yaxis)
    write_cells(texts, positive < np.sqrt(low * high), axes)
    lrs = texts_of([None if np.isnan(lr) else float(lr) for lr in means.columns])
    axes.set_xticks(np.arange(len(means.columns)) + 0.5, list(lrs.values()))
    axes.set_yticks(np.arange(len(means)) + 0.5, shorten_all(map(str, means.index)))
    axes.set(xlabel=translate("learning rate"), ylabel="")
    axes.grid(visible=False)
    return axes


def _cell_text(runs: pd.DataFrame) -> str:
    lost = runs["tail_loss"].isna()
    if lost.any():
        without = ~runs["learned"].astype(bool)
        states = runs.loc[lost | without, "status"].where(lost, "not_learned").value_counts()
        return "\n".join(f"{count}/{len(runs)} {state_text(str(state))}" for state, count in states.items())
    return f"{runs['tail_loss'].mean():#.3g}".rstrip(".") + ("" if runs["learned"].all() else "*")


def captioned_figures(comparison: Comparison) -> Iterator[captions.CaptionedFigure]:
    """Yield the figure of a comparison's trials."""
    everything = comparison.above_floor(comparison.trials)
    runs = selection.at_some_lrs(selection.chosen_variants(everything, comparison, MAX_HEAT_ROWS), comparison, MAX_HEAT_COLUMNS)
    rows, columns = runs["variant"].nunique(), runs["lr"].nunique(dropna=False)
    width, height = min(max(6.4, 3.2 + 1.05 * columns), MAX_WIDTH), min(1.9 + 0.42 * max(rows, 2), MAX_HEIGHT)
    figure, _ = grid.single(draw_heat_map, runs, width, height)
    keys = [runs["variant"], runs["lr"]]
    are_complete = runs["tail_loss"].notna().groupby(keys, dropna=False).all()
    have_learned = runs["learned"].astype(bool).groupby(keys, dropna=False).all()
    lost = int(runs["tail_loss"].isna().sum())
    notes = join_notes(
        translate("* completed, but some run did not learn") if (are_complete & ~have_learned).any() else "",
        translate("grey: some run has no value, and why") if lost else "",
        translate("blank: not tried") if len(are_complete) < rows * columns else "",
        captions.floor_note(runs["tail_loss"], runs["start_loss"]),
        "" if comparison.has_log_scale else translate(NO_LOG_SCALE),
    )
    lines = [*comparison.context, notes, selection.hidden_note(runs, everything, ("variant", "lr"))]
    has_unit = "nats" in comparison.loss_name
    title = translate("Mean tail loss in nats, optimizer × learning rate") if has_unit else translate(NO_UNIT_TITLE)
    sentences = [
        translate("A table of mean tail losses, dark where low: rows are optimizers, columns learning rates."),
        captions.optimizers_sentence(runs),
        captions.lowest_tail_loss(runs),
        translate("{count} of {runs} runs have no value.", count=lost, runs=len(runs)) if lost else "",
    ]
    yield captions.caption(figure, "heat_map", captions.of_trials(title, comparison), lines, sentences)
