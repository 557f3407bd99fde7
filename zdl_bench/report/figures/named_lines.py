"""The loss of each optimizer at its best learning rate, with its name at the end of its line: the first figure of a page."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from zdl_bench.language import translate, translate_list
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figure_terms import loss_name
from zdl_bench.report.figures import captions, grid, selection, small_multiples
from zdl_bench.report.figures.label_room import break_labels
from zdl_bench.report.figures.loss_lines import draw_loss_lines, loss_limits
from zdl_bench.report.figures.lr_lines import colors_of, labels_of
from zdl_bench.report.figures.scales import log_axis
from zdl_bench.report.limits import MAX_TOGETHER
from zdl_bench.report.phrases import join_notes, join_sentences, shorten_all
from zdl_bench.statistics.finding import three_digits

NAMED_WIDTH, NAMED_HEIGHT = 5.2, 3.35
"""Size of the figure, in inches: letters of 10 points are readable on a phone."""
NAMED_SHARE = 0.72
"""The share of the width that the lines have. The names have the rest."""
APART = 0.075
"""The smallest distance of two names, as a share of the height of the panel."""
MAX_NAME = 20
CEILING = 1.5
"""Upper end of the loss axis, as a multiple of the loss at the start."""


def named_lines(comparison: Comparison) -> captions.CaptionedFigure | None:
    """Return the figure, or None if no run has a curve that a log scale can show.

    Of one optimizer it has a line for each learning rate instead.
    """
    losses = comparison.losses
    if not comparison.has_log_scale or losses.empty:
        return None
    if losses["variant"].nunique() == 1 and losses["lr"].nunique() > 1:
        everything, frame, names = losses, *_by_lr(comparison, losses)
    else:
        everything = comparison.at_best_lr(losses)
        everything = losses if everything.empty else everything
        frame = selection.chosen_variants(everything, comparison, MAX_TOGETHER)
        frame, names = frame.assign(line=frame["variant"]), translate("each optimizer")
    figure, [axes] = grid.grid_of(1, 1, (NAMED_WIDTH, NAMED_HEIGHT))
    draw_loss_lines(frame, axes, "step")
    others = everything["variant"].nunique() - frame["variant"].nunique()
    (low, _), ceiling = loss_limits(frame), _ceiling(frame, _mean_lines(axes))
    is_cut = _cut_at(ceiling, axes)
    if others:
        small_multiples.shade_others(
            lambda rows, ax: draw_loss_lines(rows.assign(line=rows["variant"]), ax, "step"), everything, frame, axes
        )
    log_axis(axes.yaxis, (low, ceiling))
    last = float(frame["planned_steps"].max())
    axes.set(xlim=(0, last / NAMED_SHARE), xlabel=translate("step"), ylabel=loss_name(comparison))
    axes.set_xticks([tick for tick in mpl.ticker.MaxNLocator(4).tick_values(0, last) if 0 <= tick <= last])
    axes.set_title("")
    for text in [*axes.texts]:
        text.remove()
    _name_lines(axes, [str(name) for name in frame["line"].drop_duplicates()], last)
    counts = {"shown": frame["line"].nunique(), "every": everything["variant"].nunique()}
    shown = translate("{shown} of {every} optimizers; the others are grey", **counts) if others else ""
    cut = translate("losses above {loss} are cut off", loss=three_digits(ceiling)) if is_cut else ""
    break_labels(figure)
    title = translate("Loss of {names} {choice}", names=names, choice=_choice(comparison))
    return captions.CaptionedFigure(
        "answer",
        translate_list(filter(None, [title, comparison.setting])),
        join_sentences(captions.optimizers_sentence(frame), captions.lowest_tail_loss(comparison.judged)),
        figure,
        join_notes(shown, cut, _images(comparison)),
    )


def _images(comparison: Comparison) -> str:
    """Return on which images the curves are, if the final losses of the table beside them are on others."""
    losses = comparison.probes.get("val_loss")
    if losses is None or losses.isna().all():
        return ""
    return translate("on training images that are the same in all runs; the final losses of the table are on validation images")


def _mean_lines(axes: Axes) -> list[Line2D]:
    """Return the lines that have a name, without crosses and leaders."""
    return [line for line in axes.get_lines() if not str(line.get_label()).startswith("_child")]


def _ceiling(frame: pd.DataFrame, lines: Sequence[Line2D]) -> float:
    """Return the upper end of the loss axis: near the loss at the start, but above all lines if each of them ends higher."""
    low, high = loss_limits(frame)
    ceiling = CEILING * float(frame.loc[frame["step"] == frame["step"].min(), "loss"].median())
    losses = [values[np.isfinite(values)] for values in (np.asarray(line.get_ydata(), float) for line in lines)]
    ends = [values[-1] for values in losses if len(values)]
    if ends and min(ends) > ceiling:
        return 1.25 * float(max(values.max() for values in losses if len(values)))
    return min(high, ceiling) if ceiling > low else high


def _cut_at(ceiling: float, axes: Axes) -> bool:
    """Move crosses that are above the ceiling down to it, and return whether any line or cross goes beyond it."""
    is_cut = False
    for line in axes.get_lines():
        losses = np.asarray(line.get_ydata(), float)
        is_cut = is_cut or bool((losses > ceiling).any())
        if line.get_marker() == "x":
            line.set_ydata(np.minimum(losses, ceiling))
    return is_cut


def _choice(comparison: Comparison) -> str:
    if comparison.runs["variant"].nunique() == 1:
        return translate("at each learning rate") if comparison.has_lr_choice else translate("at its learning rate")
    return translate("at its best learning rate") if comparison.has_lr_choice else translate("at its learning rate")


def _by_lr(comparison: Comparison, losses: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    frame = selection.at_some_lrs(losses, comparison, MAX_TOGETHER).sort_values("lr", kind="stable")
    lines = {"line": labels_of("lr", frame["lr"]), "color": colors_of(frame["lr"]), "linestyle": "-"}
    return frame.assign(**lines), str(frame["variant"].iloc[0])


def _name_lines(axes: Axes, names: Sequence[str], last: float) -> None:
    """Write the name of each line beside its end, and lead from the end to the name if names have to move apart."""
    lines = _mean_lines(axes)
    ends = [_end_of(line, axes, last) for line in lines[: len(names)]]
    places = spread_heights([y for _, y in ends])
    to_data = axes.transAxes + axes.transData.inverted()
    for line, name, (x, y), place in zip(lines, shorten_all(names, MAX_NAME), ends, places, strict=False):
        turn = NAMED_SHARE + 0.03
        points = to_data.transform([(x, y), (turn, place), (turn + 0.015, place)])
        axes.plot(*points.T, color=line.get_color(), linewidth=1.0, alpha=0.8, clip_on=False)
        axes.text(turn + 0.025, place, name, transform=axes.transAxes, va="center", fontsize=9.5, clip_on=False)


def _end_of(line: Line2D, axes: Axes, last: float) -> tuple[float, float]:
    """Return where a line ends, as shares of the width and the height of the panel; above its end if it has no points."""
    data = np.column_stack([np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)])
    data = data[np.isfinite(data).all(axis=1)]
    if not len(data):
        return NAMED_SHARE, 1.0
    x, y = (axes.transData + axes.transAxes.inverted()).transform(data[-1])
    return min(float(x), NAMED_SHARE), float(np.clip(y, 0.0, 1.0))


def spread_heights(heights: Sequence[float]) -> list[float]:
    """Return heights that are at least APART from one another, in the same order, and near the given ones."""
    order = np.argsort(heights, kind="stable")
    placed = np.maximum([heights[number] for number in order], APART / 2)  # a name on the axis would be struck through
    for number in range(1, len(placed)):
        placed[number] = max(placed[number], placed[number - 1] + APART)
    over = placed[-1] - 1.0 if len(placed) else 0.0
    if over > 0:
        placed[-1] = 1.0
        for number in range(len(placed) - 2, -1, -1):
            placed[number] = min(placed[number], placed[number + 1] - APART)
    found = [0.0] * len(placed)
    for number, height in zip(order, placed, strict=True):
        found[number] = float(height)
    return found
