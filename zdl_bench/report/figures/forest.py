"""Paired differences as a forest plot. Each row shows an effect with its interval, and the verdict in words."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.language import said, translatable, translate, translate_list
from zdl_bench.report.figures import captions, grid, selection
from zdl_bench.report.figures.print_layout import text_points
from zdl_bench.report.figures.scales import LINEAR, LOG, AxisScale, limits_around
from zdl_bench.report.limits import FIRST_TEN
from zdl_bench.report.pair_frames import contrast_frame
from zdl_bench.report.phrases import join_notes, shorten, shorten_all, with_full_stop
from zdl_bench.report.standings import Standings
from zdl_bench.run.run import Floats
from zdl_bench.statistics.finding import three_digits

INK = "#222222"
"""Colour of all rows. No optimizer has this colour, since a row compares two optimizers."""
DECIDED = ("supported", "refuted")
SMALLEST_ROOM = 0.05
TITLES = {"test_accuracy": translatable("test accuracy (odds)")}
"""Panel titles, by metric, for effects that are not ratios of the compared quantity itself."""
EFFECT_AXES = {
    "ratio": (LOG, 1.0, translatable("ratio   (1: no difference)")),
    "difference": (LINEAR, 0.0, translatable("difference   (0: none)")),
}
"""For each unit of an effect: the scale of the axis, the value that means no effect, and the label of the axis."""


def draw_forest(frame: pd.DataFrame, axes: Axes) -> Axes:
    """Draw one row per comparison, from the top, with numbers and verdict to the right of each row.

    frame: label, mean, low, high, unit, verdict, n and, optionally, note.
    unit: `ratio` or `difference`, the same in all rows.
    mean, low, high: the effect and its interval. low and high are NaN if there is no interval, and mean is NaN too if there
    is no effect to show. All three may be infinite, and ratios may be 0. An arrow marks a value beyond the end of the axis.
    verdict: the verdict in words. The marker is filled if the verdict is `supported` or `refuted`.
    n: the number of pairs. note: anything else that readers have to know about the row, or empty.
    """
    if frame.empty:  # a single optimizer has nothing to be compared with
        return axes
    scale, neutral, label = EFFECT_AXES[str(frame["unit"].iloc[0])]
    with np.errstate(divide="ignore"):
        effects = scale.to(frame[["mean", "low", "high"]].to_numpy(dtype=float))
    scale.set_limits(axes, _limits(effects, float(scale.to(np.array(neutral)))))
    axes.axvline(neutral, color="#888888", linewidth=1, zorder=1)
    for row, (effect, record) in enumerate(zip(effects, frame.to_dict("records"), strict=True)):
        if not np.isnan(effect[0]):
            _draw_row(effect, row, axes, scale, INK if record["verdict"] in DECIDED else "white")
        axes.text(1.04, row, _text(record), transform=axes.get_yaxis_transform(), va="center", fontsize=text_points(8.5))
    axes.set_yticks(range(len(frame)), shorten_all(map(str, frame["label"])))
    axes.set(ylim=(len(frame) - 0.4, -0.6), xlabel=translate(label))
    axes.grid(visible=False, axis="y")
    return axes


def _draw_row(effect: Floats, row: int, axes: Axes, scale: AxisScale, fill: str) -> None:
    """Draw the marker of an effect and its interval. effect: mean, low and high, on the scale of the axis."""
    limits = scale.to(np.array(axes.get_xlim()))
    mean, low, high = scale.back(np.clip(effect, *limits))
    look: dict[str, Any] = {"color": INK, "linestyle": "", "clip_on": False, "zorder": 3}
    if not np.isnan(effect[1:]).any():
        axes.hlines(row, low, high, color=INK, linewidth=1.6, zorder=2)
    for value, at in ((effect[1], low), (effect[2], high)):
        if _arrow(value, limits):
            axes.plot(at, row, marker=_arrow(value, limits), markersize=6, **look)
    axes.plot(mean, row, marker=_arrow(effect[0], limits) or "o", markersize=7, markerfacecolor=fill, **look)


def _arrow(value: float, limits: Floats) -> str:
    """Return the arrow marker of a value beyond the axis; empty if the value is within the axis."""
    return "<" if value < limits[0] else ">" if value > limits[1] else ""


def _limits(effects: Floats, neutral: float) -> Floats:
    """Return the ends of the axis, on its scale.

    The axis includes the value that means no effect, and every finite mean. Intervals extend the axis beyond these points by
    at most the span of the points or the median length of an interval, whichever is larger.
    """
    points = np.append(effects[np.isfinite(effects[:, 0]), 0], neutral)
    intervals = effects[np.isfinite(effects).all(axis=1), 1:]
    usual = float(np.median(intervals[:, 1] - intervals[:, 0])) if len(intervals) else 0.0
    return limits_around(points, intervals, max(float(np.ptp(points)), usual), 0.08, SMALLEST_ROOM)


def _text(row: Mapping[Any, Any]) -> str:
    """Return the text to the right of a row: effect, interval, number of pairs and verdict."""
    note, verdict = row.get("note", ""), translate(str(row["verdict"]))
    if np.isnan(row["mean"]):
        return f"{note}: {verdict}" if note else str(verdict)
    has_interval = not np.isnan([row["low"], row["high"]]).any()
    interval = f" [{three_digits(row['low'])}, {three_digits(row['high'])}]" if has_interval else ""
    ratio = f"{three_digits(row['mean'])}{interval}".replace("inf", "∞")
    about = translate_list(filter(None, [ratio, f"n {row['n']:.0f}", note]))
    return f"{about}: {verdict}"


def captioned_figures(standings: Standings) -> Iterator[captions.CaptionedFigure]:
    """Yield the figure that compares each optimizer with the first one, with a panel per question that has an effect.

    If there are many optimizers, FIRST_TEN of them are compared, chosen by `shown_variants`.
    """
    shown = standings.shown(FIRST_TEN)
    every = [
        (question, metric, contrast_frame(question, metric, standing, shown))
        for question, standing in standings.at_best
        for metric in question.in_figures
    ]
    frames = [one for one in every if len(one[2]) and one[2]["mean"].notna().any()]
    if not frames:
        return
    control = shorten(standings.variants[0])
    height = len(frames) * (1.0 + 0.32 * (len(shown) - 1)) + 0.8
    figure, axes_list = grid.grid_of(len(frames), 1, (9.2, height))
    for axes, (question, metric, frame) in zip(axes_list, frames, strict=True):
        draw_forest(frame, axes)
        title = translate(TITLES[metric]) if metric in TITLES else said(question.words[metric])
        axes.set_title(title, fontsize=text_points(10), loc="left")
    what = translate(
        "left of 1: less of it than {control}; mean over seeds and 95 % interval; verdict on being better, filled: decided",
        control=control,
    )
    hidden = selection.left_out_note(len(shown), len(standings.variants))
    lines = [*standings.comparison.context, join_notes(standings.view, what), hidden]
    rows = [
        translate_list([question.words[metric], f"{row.label}: {verdict}"])
        for question, metric, frame in frames
        for row in frame.itertuples()
        for verdict in [translate(str(row.verdict))]
    ]
    sentences = [
        translate("Ratios to {control} with their intervals, a row per optimizer.", control=control),
        with_full_stop(join_notes(*rows)),
    ]
    title = translate("Paired differences from {control}", control=control)
    yield captions.caption(figure, "paired_differences", title, lines, sentences)
