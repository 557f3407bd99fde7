"""The oscillation profile: jitter against the scale at which one looks, with one line per optimizer."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator

from zdl_bench.language import translate
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures import captions, grid, legends, selection, small_multiples
from zdl_bench.report.figures.print_layout import text_points
from zdl_bench.report.figures.scales import LOG, log_axis
from zdl_bench.report.figures.style import MAX_BANDS, legend_name, line_looks
from zdl_bench.report.limits import MAX_TOGETHER
from zdl_bench.report.phrases import join_notes
from zdl_bench.run.profile import SCALES
from zdl_bench.statistics.metrics.steadiness import LOG_JITTERS, RELATIVE_JITTERS, STEADINESS, scale_words

POINT_PARTS = ("mean", "low", "high")


def profile_points(frame: pd.DataFrame, measures: Sequence[str] = LOG_JITTERS) -> pd.DataFrame:
    """Return one row per variant and scale: variant, measure, scale, mean, low, high, and n, the number of runs with a value.

    frame: one row per run, with variant and the measures, which are jitters at SCALES. mean: the geometric mean over the runs
    that have a value, with its 95 % interval (Student, on the log scale). The mean is 0, without an interval, if some jitter is
    below the rounding of the loss. A row without a value is left out.
    """
    rows = []
    for variant, runs in frame.groupby("variant", sort=False):
        for scale, measure in zip(SCALES, measures, strict=True):
            values = runs[measure].dropna().to_numpy(dtype=float)
            if len(values):
                ends = LOG.interval(values) if (values > 0).all() else (0.0, np.nan, np.nan)
                rows.append((variant, measure, scale, *map(float, ends), len(values)))
    frame = pd.DataFrame(rows, columns=["variant", "measure", "scale", *POINT_PARTS, "n"])
    return frame.astype({"scale": int, "n": int} | dict.fromkeys(POINT_PARTS, float))


def draw_oscillation_profile(frame: pd.DataFrame, axes: Axes, measures: Sequence[str] = LOG_JITTERS) -> Axes:
    """Draw jitter against scale, both on log scales, with one line per optimizer. Steadier lines are lower.

    frame: one row per run, with variant, optimizer and the measures, which are jitters at SCALES. A point is the geometric mean
    over the runs that have a value; the legend counts them if some have none. If there are up to MAX_BANDS lines, each has a
    95 % band (Student, on the log scale). A hollow mark at the bottom stands for a jitter of 0.
    """
    points = profile_points(frame, measures)
    looks, sizes = line_looks(frame), frame.groupby("variant")["variant"].size()
    for variant, look in looks.items():
        line = points[points["variant"] == variant]
        above = line[line["mean"] > 0]
        lost = sizes[variant] - (line["n"].min() if len(line) else 0)
        name = _name(variant, sizes[variant] - lost, sizes[variant])
        axes.plot(above["scale"], above["mean"], label=name, markersize=6, linewidth=1.5, **look)
        if len(looks) <= MAX_BANDS:
            axes.fill_between(above["scale"], above["low"], above["high"], color=look["color"], alpha=0.14, linewidth=0)
        zeros = line.loc[line["mean"] == 0, "scale"]
        hollow = {"marker": look["marker"], "color": look["color"], "markerfacecolor": "none", "linestyle": ""}
        if len(zeros):
            axes.plot(zeros, np.full(len(zeros), 0.03), transform=axes.get_xaxis_transform(), **hollow)
    log_axis(axes.xaxis, SCALES, 0.06)
    axes.xaxis.set_major_locator(FixedLocator(SCALES))
    log_axis(axes.yaxis, points["mean"], 0.1, least=0.1)
    axes.set(xlabel=translate("scale (steps)"), ylabel=translate("{jitter}   ← steadier", jitter=translate("jitter of ln L")))
    return axes


def _name(variant: str, have: int, runs: int) -> str:
    """Return the name of a line, with the number of runs that have a value if some have none."""
    name = legend_name(variant)
    return translate("{name} ({have} of {runs} runs)", name=name, have=have, runs=runs) if have < runs else name


def captioned_figures(comparison: Comparison) -> Iterator[captions.CaptionedFigure]:
    """Yield the figure, each optimizer at its best learning rate, if some run has jitters at several scales."""
    everything = comparison.at_best_lr(comparison.judged)
    runs = selection.chosen_variants(everything, comparison, MAX_TOGETHER)
    if runs[list(LOG_JITTERS)].notna().any().sum() < 2:
        return
    figure, (left, right) = grid.panels(2)
    draw_oscillation_profile(runs, left)
    draw_oscillation_profile(runs, right, RELATIVE_JITTERS)
    for axes, measures in ((left, LOG_JITTERS), (right, RELATIVE_JITTERS)):
        small_multiples.shade_others(partial(draw_oscillation_profile, measures=measures), everything, runs, axes)
    heights = [mean for measures in (LOG_JITTERS, RELATIVE_JITTERS) for mean in profile_points(everything, measures)["mean"]]
    log_axis(left.yaxis, heights, 0.1, least=0.1)  # shared by both panels
    left.set_title(translate("of ln L"), fontsize=text_points(9.5))
    right.set_title(translate("of L, relative to its level"), fontsize=text_points(9.5))
    left.set_ylabel(translate("{jitter}   ← steadier", jitter=translate("jitter")))
    right.set_ylabel("")
    legends.common_legend(figure, [left, right])
    has_zeros = bool((runs[list(STEADINESS)] == 0).any(axis=None))
    lines = [
        *comparison.context,
        captions.best_lr_note(comparison),
        captions.no_best_lr_note(comparison),
        join_notes(
            translate("geometric mean over seeds") if runs["seed"].nunique() > 1 else "",
            translate("band: 95 % interval") if runs["seed"].nunique() > 1 and runs["variant"].nunique() <= MAX_BANDS else "",
            translate("hollow: 0, below the rounding of the loss") if has_zeros else "",
        ),
        translate("a loss may hide a zig-zag: look at the axis crossings first")
        if runs["axis_crossings"].notna().any()
        else "",
        small_multiples.shade_note(runs, everything),
        selection.hidden_note(runs, everything),
    ]
    points = profile_points(runs).set_index("variant")
    sentences = [
        translate("Jitter against scale, both on log scales, in two panels: of ln L, and of L relative to its level."),
        captions.optimizers_sentence(runs),
        *(
            captions.leader_sentence(translate("Lowest jitter of ln L {scale}", scale=scale_words(measure)), means, means.min())
            for measure, means in ((measure, points.loc[points["measure"] == measure, "mean"]) for measure in LOG_JITTERS)
            if len(means)
        ),
    ]
    yield captions.caption(
        figure, "oscillation_profile", translate("Oscillation profile: jitter against scale"), lines, sentences
    )
