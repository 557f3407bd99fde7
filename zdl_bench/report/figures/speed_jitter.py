"""Speed against steadiness, with one curve per optimizer and one point per learning rate."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.language import translate
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figure_terms import loss_name
from zdl_bench.report.figures import captions, selection, small_multiples
from zdl_bench.report.figures.print_layout import text_points
from zdl_bench.report.figures.scales import log_axis
from zdl_bench.report.figures.style import legend_name, line_looks
from zdl_bench.report.limits import MAX_ALONE
from zdl_bench.report.phrases import join_notes
from zdl_bench.statistics.inference import student_interval
from zdl_bench.statistics.metrics.steadiness import scale_words

POINT_COLUMNS = ("loss", "loss_low", "loss_high", "jitter", "jitter_low", "jitter_high")
SHOWN_JITTERS = ("jitter_20", "jitter_5", "jitter_1")
"""The jitters that the figure may show. It shows the first that the runs are long enough for."""
FARTHEST = 2
"""Largest factor by which an axis extends beyond the points to show the ends of intervals."""
PLACES = ((6, 5), (-6, -11), (6, -11), (-6, 5))
"""Possible places of a learning rate's number: horizontal and vertical offset from its point on the curve, in 1/72 inch.

A number with a negative horizontal offset is to the left of the point.
"""
LETTER_WIDTH, LETTER_HEIGHT, MARKER = 5.0, 9.0, 4.0
"""Width and height of a character, and half the width of a marker, in 1/72 inch."""


def speed_and_jitter(frame: pd.DataFrame, measure: str = SHOWN_JITTERS[0]) -> pd.DataFrame:
    """Return one row per variant and learning rate, with the columns variant, lr and POINT_COLUMNS.

    frame: one row per run, with variant, lr, log_aulc and the measure, a jitter at one scale.
    loss: the geometric mean of the probe loss over each run (exp of log_aulc) and over the runs. jitter: the geometric mean
    over the runs. Both are NaN if some run has no value or a jitter of 0. The `_low` and `_high` columns are the 95 %
    intervals of the means (Student, on the log scale), and NaN if there is one run.
    """
    points = frame.groupby(["variant", "lr"], sort=False)[["log_aulc", measure]].apply(_summary)
    return points.reset_index().sort_values("lr", kind="stable")


def draw_speed_jitter(frame: pd.DataFrame, axes: Axes, measure: str = SHOWN_JITTERS[0]) -> Axes:
    """Draw speed against jitter, with one curve per optimizer. Faster points are to the left, and steadier points are lower.

    frame: one row per run, with variant, optimizer, lr, log_aulc and the measure, a jitter at one scale.
    Each point is a learning rate, with 95 % intervals. The smallest and the largest learning rate of a curve are written
    beside their points if there is room. Learning rates without a value are left out, and counted in the legend.
    """
    points = speed_and_jitter(frame, measure)
    ends = []
    for variant, look in line_looks(frame).items():
        curve = points[points["variant"] == variant]
        defined = curve.dropna(subset=["loss", "jitter"])
        lost = len(curve) - len(defined)
        name = legend_name(variant)
        name = translate("{name} ({count} lr without a value)", name=name, count=lost) if lost else name
        thin = {"color": look["color"], "linewidth": 0.9, "alpha": 0.4}
        axes.hlines(defined["jitter"], defined["loss_low"], defined["loss_high"], **thin)
        axes.vlines(defined["loss"], defined["jitter_low"], defined["jitter_high"], **thin)
        axes.plot(defined["loss"], defined["jitter"], label=name, markersize=6, linewidth=1.3, **look)
        ends.append(defined.iloc[sorted({0, len(defined) - 1}) if len(defined) else []].assign(color=look["color"]))
    log_axis(axes.xaxis, _limits(points, "loss"))
    log_axis(axes.yaxis, _limits(points, "jitter"))
    _write_numbers(pd.concat(ends), points.dropna(subset=["loss", "jitter"]), axes)
    axes.set_xlabel(translate("{speed}   ← faster", speed=translate("geometric mean of the loss over the run")))
    axes.set_ylabel(translate("{jitter}   ← steadier", jitter=translate("jitter {scale}", scale=scale_words(measure))))
    return axes


def _summary(runs: pd.DataFrame) -> pd.Series:
    """Return the POINT_COLUMNS of the runs at one learning rate."""
    with np.errstate(divide="ignore"):
        logs = np.column_stack([runs["log_aulc"], np.log(runs.iloc[:, 1].astype(float))])
    if not np.isfinite(logs).all():
        return pd.Series(np.nan, POINT_COLUMNS)
    return pd.Series(np.exp(np.array(student_interval(logs)).T.ravel()), POINT_COLUMNS)


def _write_numbers(ends: pd.DataFrame, points: pd.DataFrame, axes: Axes) -> None:
    """Write each learning rate beside its point, if there is room where it hides no point and no other number.

    ends: the points whose learning rates are written. points: all points.
    """
    in_points, places = 72 / axes.figure.dpi, ["loss", "jitter"]
    at = in_points * axes.transData.transform(points[places].to_numpy())
    taken = [(x - MARKER, y - MARKER, x + MARKER, y + MARKER) for x, y in at]
    for end, (x, y) in zip(ends.itertuples(), in_points * axes.transData.transform(ends[places].to_numpy()), strict=True):
        text = f"{end.lr:g}"
        for shift, rise in PLACES:
            left = x + shift - (LETTER_WIDTH * len(text) if shift < 0 else 0)
            box = (left, y + rise, left + LETTER_WIDTH * len(text), y + rise + LETTER_HEIGHT)
            if not any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken):
                look: dict[str, Any] = {"ha": "right" if shift < 0 else "left", "fontsize": text_points(8), "color": end.color}
                axes.annotate(text, (end.loss, end.jitter), xytext=(shift, rise), textcoords="offset points", **look)
                taken.append(box)
                break


def _limits(points: pd.DataFrame, name: str) -> tuple[float, ...]:
    """Return the ends of an axis that includes all points, and intervals as far as FARTHEST allows; empty without points."""
    lowest, highest = points[name].min(), points[name].max()
    if np.isnan(lowest):
        return ()
    low = max(np.nanmin([points[f"{name}_low"].min(), lowest]), lowest / FARTHEST)
    high = min(np.nanmax([points[f"{name}_high"].max(), highest]), highest * FARTHEST)
    room = max(high**0.08 / low**0.08, 1.05)
    return low / room, high * room


def captioned_figures(comparison: Comparison) -> Iterator[captions.CaptionedFigure]:
    """Yield the figure of a comparison's trials, if an optimizer has several learning rates and some jitter is defined."""
    if not comparison.has_lr_choice:
        return
    everything = comparison.trials.dropna(subset="lr")
    runs = selection.chosen_variants(everything, comparison, MAX_ALONE)
    measure = next((measure for measure in SHOWN_JITTERS if runs[measure].notna().any()), None)
    points = speed_and_jitter(runs, measure or SHOWN_JITTERS[0]).set_index(["variant", "lr"])
    if measure is None or points["jitter"].isna().all():
        return
    scale = scale_words(measure)
    draw = partial(draw_speed_jitter, measure=measure)
    figure, axes_list = small_multiples.lines(draw, everything, runs, width=8.4, height=5.2)
    speed = translate("geometric mean over the run") if len(axes_list) == 1 else translate("mean over the run")
    label = translate("{mean}: {loss}   ← faster", mean=speed, loss=loss_name(comparison))
    small_multiples.label_axes(axes_list, xlabel=label)
    has_spread = captions.has_spread(runs[measure], [runs["variant"], runs["lr"]])
    notes = join_notes(
        translate("geometric means and 95 % intervals over seeds") if has_spread else "",
        translate("numbers: smallest and largest lr of a curve, if there is room"),
    )
    others = small_multiples.note(everything)
    lines = [*comparison.context, notes, others, selection.hidden_note(runs, everything)]
    sentences = [
        translate(
            "Jitter {scale} against the geometric mean of the loss over the run, both on log scales, "
            "a point per learning rate.",
            scale=scale,
        ),
        captions.optimizers_sentence(runs),
        captions.leader_sentence(translate("Fastest, by mean loss"), points["loss"], points["loss"].min()),
        captions.leader_sentence(
            translate("Steadiest, by jitter {scale}", scale=scale), points["jitter"], points["jitter"].min()
        ),
    ]
    title = translate("Speed against steadiness {scale}, by learning rate", scale=scale)
    yield captions.caption(figure, "speed_jitter", captions.of_trials(title, comparison), lines, sentences)
