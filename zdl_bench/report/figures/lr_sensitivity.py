"""Tail loss against learning rate, with one line per optimizer and a mark at the best learning rate of each line."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.path import Path

from zdl_bench.language import translatable, translate
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figure_terms import tail_loss_name
from zdl_bench.report.figures import captions, selection, small_multiples
from zdl_bench.report.figures.print_layout import text_points
from zdl_bench.report.figures.scales import LOG, log_axis
from zdl_bench.report.figures.style import legend_name, line_looks
from zdl_bench.report.limits import MAX_ALONE
from zdl_bench.report.phrases import join_notes, list_names
from zdl_bench.statistics.tuning import at_best_others, choose_lr_of

LEGEND_COLOR = "#555555"
BEST_RING, EDGE_ARROW = translatable("best"), translatable("at the grid's edge")
ARROW = Path([(-1, 0), (1, 0), (0.4, 0.45), (1, 0), (0.4, -0.45)])
"""A marker in the form of an arrow to the right. A marker made of text would need `text.parse_math`, which is off."""
RING: dict[str, Any] = {"marker": "o", "markersize": 13, "markerfacecolor": "none", "linestyle": ""}


def draw_lr_sensitivity(frame: pd.DataFrame, axes: Axes) -> Axes:
    """Draw tail loss against learning rate, with one line per optimizer.

    frame: one row per run, with variant, optimizer, lr, seed, status, learned and tail_loss.
    A point is the geometric mean over the runs at a learning rate, with its 95 % interval. A ring marks the best learning
    rate of each line, by `statistics.tuning.choose_lr_of`. If this is the smallest or largest learning rate that was tried, an
    arrow shows that a better learning rate may lie beyond. If some run at a learning rate has no value, a cross at the top
    replaces the mean of the other runs.
    """
    heights: list[float] = []
    marks: set[str] = set()
    with_lr = frame.dropna(subset="lr")
    for number, (variant, look) in enumerate(line_looks(with_lr).items()):
        rows = with_lr[with_lr["variant"] == variant]
        intervals = {lr: LOG.interval(losses.to_numpy(float)) for lr, losses in rows.groupby("lr")["tail_loss"]}
        points = pd.DataFrame(intervals, index=["mean", "low", "high"]).T
        defined = points.dropna(subset="mean")
        heights += defined["mean"].tolist()
        axes.plot(defined.index, defined["mean"], label=legend_name(variant), markersize=5, **look)
        axes.vlines(defined.index, defined["low"], defined["high"], color=look["color"], linewidth=1)
        marks |= _mark_best(rows, defined["mean"], axes, look["color"])
        lost = points.index[points["mean"].isna()]
        if len(lost):
            top = np.full(len(lost), 0.98 - 0.025 * (number % 8))
            transform = axes.get_xaxis_transform()
            axes.plot(lost, top, linestyle="", marker="x", color=look["color"], transform=transform, clip_on=False)
    for label, marker in ((BEST_RING, RING), (EDGE_ARROW, RING | {"marker": ARROW, "markersize": 11})):
        if label in marks:
            axes.plot([], [], label=translate(label), color=LEGEND_COLOR, **marker)
    log_axis(axes.xaxis, with_lr["lr"], 0.08)
    log_axis(axes.yaxis, heights, 0.06, least=0.2)  # long intervals may leave the axes, but must not squeeze the points
    axes.set(xlabel=translate("learning rate"), ylabel=translate("tail loss (nats)"))
    return axes


def _best(rows: pd.DataFrame) -> tuple[float | None, str]:
    """Return the best learning rate of a line, and an arrow in the direction in which a better learning rate may lie.

    The learning rate is None if the line has fewer than two learning rates, or if none can be chosen. The arrow is empty if the
    best learning rate is not at the edge of the grid.
    """
    choice = choose_lr_of(rows)
    if len(choice.lrs) < 2:
        return None, ""
    return choice.lr, ("←" if choice.lr == choice.lrs[0] else "→") if choice.at_edge else ""


def _mark_best(rows: pd.DataFrame, means: pd.Series, axes: Axes, color: str) -> set[str]:
    """Mark the best learning rate of a line, and return the labels of the marks for the legend."""
    lr, arrow = _best(rows)
    mean = means.get(lr)
    if lr is None or mean is None:  # losses of 0 or less have no mean on a log axis
        return set()
    axes.plot(lr, mean, color=color, **RING)
    if not arrow:
        return {BEST_RING}
    shift, side = (-8, "right") if arrow == "←" else (8, "left")
    place: dict[str, Any] = {
        "xytext": (shift, 0),
        "textcoords": "offset points",
        "ha": side,
        "va": "center",
        "fontsize": text_points(13),
    }
    axes.annotate(arrow, (lr, mean), color=color, **place)
    return {BEST_RING, EDGE_ARROW}


def captioned_figures(comparison: Comparison) -> Iterator[captions.CaptionedFigure]:
    """Yield the figure of a comparison's trials, if some optimizer was tried at several learning rates."""
    if not comparison.has_lr_choice or not comparison.best_lrs:
        return
    everything = comparison.above_floor(at_best_others(comparison.trials, comparison.trials)).dropna(subset="lr")
    runs = selection.chosen_variants(everything, comparison, MAX_ALONE)
    figure, axes_list = small_multiples.lines(draw_lr_sensitivity, everything, runs)
    loss = tail_loss_name(comparison)
    small_multiples.label_axes(axes_list, ylabel=loss)
    at_edge = [str(name) for name, rows in runs.groupby("variant", sort=False) if _best(rows)[1]]
    has_spread = captions.has_spread(runs["tail_loss"], [runs["variant"], runs["lr"]])
    notes = join_notes(
        translate("geometric mean and 95 % interval over seeds") if has_spread else "",
        translate("ring: best by mean tail loss"),
        translate("arrow: the best is at the edge of its grid, a better one may lie beyond") if at_edge else "",
        translate("× at the top: some run has no value") if runs["tail_loss"].isna().any() else "",
        captions.floor_note(runs["tail_loss"], runs["start_loss"]),
    )
    lines = [*comparison.context, notes, small_multiples.note(everything), selection.hidden_note(runs, everything)]
    sentences = [
        translate("The {loss} against learning rate, both on log scales.", loss=loss),
        captions.optimizers_sentence(runs),
        captions.lowest_tail_loss(runs),
        translate("At the edge of its grid lies the best of {names}.", names=list_names(at_edge)) if at_edge else "",
    ]
    title = captions.of_trials(translate("Tail loss against learning rate"), comparison)
    yield captions.caption(figure, "lr_sensitivity", title, lines, sentences)
