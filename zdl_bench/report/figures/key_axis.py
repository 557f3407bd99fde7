"""Loss at the end, speed and jitter against any key of the sweep, with one line per optimizer."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zdl_bench.language import translatable, translate, translate_list
from zdl_bench.report.axis_runs import MAX_AXIS_PANELS, AxisRuns
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figure_terms import loss_name, tail_loss_name
from zdl_bench.report.figures import captions, grid, legends, selection, small_multiples
from zdl_bench.report.figures.key_scale import write_values
from zdl_bench.report.figures.print_layout import text_points
from zdl_bench.report.figures.scales import LINEAR, LOG, log_axis, plain_log_axis
from zdl_bench.report.figures.style import MAX_BANDS, legend_name, line_looks, with_looks
from zdl_bench.report.limits import MAX_TOGETHER
from zdl_bench.report.phrases import join_notes, more_in_tables, shorten
from zdl_bench.report.ranking import shown_variants
from zdl_bench.run.counts import count_of
from zdl_bench.statistics.metrics.steadiness import scale_words

DASHED: dict[str, Any] = {"marker": "", "linestyle": (0, (6, 3))}
BAND, INTERVAL = translatable("95 % band over seeds"), translatable("95 % interval over seeds")
PANEL_ROW = translatable("A panel per measure, one line per optimizer.")
PANEL_ROWS = translatable("A row of panels per measure, one line per optimizer.")
REACH = 3.0
"""The largest factor by which a band widens the vertical axis."""


def draw_key_axis(frame: pd.DataFrame, axes: Axes, measure: str = "tail_loss") -> Axes:
    """Draw a measure against the values of a key, with one line per optimizer and 95 % bands over seeds.

    frame: one row per run, with variant, optimizer, seed, position (on the horizontal axis), is_constant and the measure.
    A point is the geometric mean over seeds, or the mean if a value is 0 or negative. If some run at a position has no value, a
    cross at the top replaces the point. An optimizer without the key is a dashed line.
    """
    values = np.exp(frame[measure]) if measure == "log_aulc" else frame[measure]
    scale = LINEAR if (values <= 0).any() else LOG
    has_bands, heights = frame["variant"].nunique() <= MAX_BANDS, pd.Series(dtype=float)
    for number, (variant, look) in enumerate(line_looks(frame).items()):
        rows = frame[frame["variant"] == variant]
        groups = values[rows.index].groupby(rows["position"])
        points = pd.DataFrame(
            {at: scale.interval(one.to_numpy(float)) for at, one in groups}, ["mean", "low", "high"]
        ).T.astype(float)
        means, low, high = points["mean"], points["low"], points["high"]
        line = look | (DASHED if rows["is_constant"].any() else {})
        axes.plot(means.index, means, label=legend_name(variant), markersize=5, **line)
        has_width = high > low
        if has_bands and has_width.sum() > 1:
            axes.fill_between(means.index, low, high, color=look["color"], alpha=0.15, linewidth=0)
        elif has_width.any():
            axes.vlines(means.index, low, high, color=look["color"], linewidth=1)
        lost = means.index[means.isna()]
        if len(lost):
            top: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "clip_on": False, "linestyle": "", "marker": "x"}
            axes.plot(lost, np.full(len(lost), 0.98 - 0.03 * (number % 8)), color=look["color"], **top)
        heights = pd.concat([heights, means, low.clip(means / REACH), high.clip(upper=means * REACH)])
    if scale.is_log:
        log_axis(axes.yaxis, heights.dropna(), 0.06, least=0.05)
    return axes


def captioned_figures(one: AxisRuns) -> Iterator[captions.CaptionedFigure]:
    """Yield the figure of an axis: a panel per measure, or a row of panels per measure if other keys vary as well."""
    if one.runs.empty:
        return
    axis = one.axis
    panels = [axis.panels[place] for place in selection.evenly_spread(len(axis.panels), MAX_AXIS_PANELS)]
    everything = one.runs[one.runs["panel"].isin(panels)]
    everything = with_looks(everything, everything)  # so that a line looks the same in all panels, whichever are shown
    frame = selection.in_order(everything, shown_variants(one.entries, MAX_TOGETHER))
    figure = _one_row(one, everything, frame) if len(panels) == 1 else _rows_of_panels(one, everything, frame, panels)
    title = translate("Loss at the end, speed and jitter against {key}", key=one.axis.name)
    hidden = len(axis.panels) - len(panels)
    lines = [
        *one.context,
        next((captions.best_lr_note(each) for each in one.comparisons if each.has_lr_choice), ""),
        _notes(one, frame),
        small_multiples.shade_note(frame, everything),
        selection.hidden_note(frame, everything),
        more_in_tables(count_of(hidden, "more panel") if hidden else ""),
    ]
    texts = [f"{axis.key}={text}".replace("\n", ", ") for text in axis.texts]
    spots = [translate_list(filter(None, [texts[row.place], row.panel])) for row in frame.itertuples()]
    keys = [frame["variant"], pd.Series(spots, index=frame.index)]
    sentences = [
        translate(PANEL_ROW if len(panels) == 1 else PANEL_ROWS),
        captions.optimizers_sentence(frame),
        captions.lowest_mean(translate("Lowest mean tail loss"), frame["tail_loss"], keys),
    ]
    yield captions.caption(figure, f"axis-{axis.key}", title, lines, sentences)


def _notes(one: AxisRuns, frame: pd.DataFrame) -> str:
    keys = [frame[key] for key in ("variant", "panel", "place")]
    is_random = any(captions.has_spread(frame[measure], keys) for measure in one.measures)
    spread = BAND if frame["variant"].nunique() <= MAX_BANDS else INTERVAL
    return join_notes(
        translate("{key} on a {scale}", key=one.axis.key, scale=translate(one.scale.words)) if one.scale.words else "",
        translate(spread) if is_random else "",
        translate("dashed: has no such key") if frame["is_constant"].any() else "",
        translate("× at the top: some run has no value") if frame[one.measures].isna().any(axis=None) else "",
    )


def _one_row(one: AxisRuns, everything: pd.DataFrame, frame: pd.DataFrame) -> Figure:
    """Return the figure of one panel per measure. frame: the rows of everything that are not grey."""
    figure, every = grid.grid_of(1, len(one.measures), (3.5 * len(one.measures) + 1.2, 4.2))
    for axes, measure in zip(every, one.measures, strict=True):
        draw_key_axis(frame, axes, measure)
        small_multiples.shade_others(partial(draw_key_axis, measure=measure), everything, frame, axes)
        write_values(axes, one.axis.texts, one.scale)
        axes.set(xlabel="\n".join([one.axis.key, *one.axis.partners]), ylabel=_measure_name(measure, one.comparisons[0]))
    legends.common_legend(figure, every)
    return figure


def _rows_of_panels(one: AxisRuns, everything: pd.DataFrame, frame: pd.DataFrame, panels: Sequence[str]) -> Figure:
    """Return the figure of one row of panels per measure. The panels of a row share the vertical axis."""
    rows, columns = len(one.measures), len(panels)
    size = (max(7.0, 2.9 * columns + 1.8), 2.5 * rows + 1.4)
    figure, axes_list = grid.grid_of(rows, columns, size, sharex=True, sharey="row")
    for row, measure in enumerate(one.measures):
        limits = []
        for axes, panel in zip(axes_list[row * columns :], panels, strict=False):
            every, shown = everything[everything["panel"] == panel], frame[frame["panel"] == panel]
            draw_key_axis(shown, axes, measure)
            small_multiples.shade_others(partial(draw_key_axis, measure=measure), every, shown, axes)
            write_values(axes, one.axis.texts, one.scale)
            if frame.loc[frame["panel"] == panel, measure].notna().any():
                limits.append(axes.get_ylim())
            axes.set_title(shorten(panel) if row == 0 else "", fontsize=text_points(9))
        first = axes_list[row * columns]
        if limits:
            first.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
        if first.get_yscale() == "log":
            plain_log_axis(first.yaxis)
        first.set_ylabel(_measure_name(measure, one.comparisons[0]))
    for axes in axes_list[-columns:]:
        axes.set_xlabel("\n".join([one.axis.key, *one.axis.partners]))
    legends.common_legend(figure, axes_list)
    return figure


def _measure_name(measure: str, comparison: Comparison) -> str:
    if measure == "tail_loss":
        return tail_loss_name(comparison)
    if measure == "log_aulc":
        return translate("speed: mean {loss}", loss=loss_name(comparison))
    return translate("jitter {scale}", scale=scale_words(measure))
