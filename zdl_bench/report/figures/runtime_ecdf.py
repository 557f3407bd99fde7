"""Share of targets reached against steps, with one line per optimizer."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures import captions, grid, selection
from zdl_bench.report.figures.scales import PER_CENT, share_axes
from zdl_bench.report.figures.style import MAX_BANDS, legend_name, line_looks
from zdl_bench.report.phrases import join_notes
from zdl_bench.run.conditions import percent
from zdl_bench.statistics.runtime import ecdf_band, runtime_ecdf

TARGET = "^steps_to_"


def draw_runtime_ecdf(frame: pd.DataFrame, axes: Axes) -> Axes:
    """Draw the share of targets reached against steps, with one line per optimizer.

    frame: one row per run, with variant, optimizer, steps (the planned number), and a column `steps_to_…` per target, which is
    NaN if the run did not reach the target. A line shows the share of (run, target) pairs in which the target was reached
    within x steps. If there are up to MAX_BANDS lines, each has a 95 % bootstrap band over runs.
    """
    targets, planned = frame.filter(regex=TARGET), int(frame["steps"].max())
    at = np.unique(np.rint(np.geomspace(1, planned, 200)))
    looks = line_looks(frame)
    for variant, look in looks.items():
        steps = targets[frame["variant"] == variant].to_numpy(dtype=float)
        line = look | {"marker": "", "label": legend_name(variant), "linewidth": 1.6}
        axes.step(at, runtime_ecdf(steps, planned, at), where="post", **line)
        if len(steps) > 1 and len(looks) <= MAX_BANDS:
            low, high = ecdf_band(steps, planned, at)
            axes.fill_between(at, low, high, step="post", color=look["color"], alpha=0.14, linewidth=0)
    share_axes(axes, 1.03 * planned)  # leaves room to see a rise in the last step
    axes.set(xlabel="steps", ylabel="share of (run, target) pairs reached")
    return axes


def captioned_figures(comparison: Comparison) -> Iterator[captions.CaptionedFigure]:
    """Yield the figure, each optimizer at its best learning rate, if some run reached a target after the start."""
    everything = comparison.at_best_lr(comparison.judged)
    runs = selection.first_variants(everything)
    steps = runs.filter(regex=TARGET)
    if not (steps > 0).any(axis=None):
        return
    figure, axes = grid.single(draw_runtime_ecdf, runs)
    axes.yaxis.set_major_formatter(PER_CENT)
    targets = f"targets: loss {', '.join(column.removeprefix('steps_to_') for column in steps)}"
    lines = [
        *comparison.context,
        captions.best_lr_note(comparison),
        captions.no_best_lr_note(comparison),
        join_notes(targets, captions.band_note(runs)),
        selection.hidden_note(runs, everything),
    ]
    shares = steps.notna().groupby(runs["variant"], sort=False).mean().mean(axis=1)
    sentences = [
        f"Share of (run, target) pairs reached against steps, on a log scale; {targets}.",
        captions.optimizers_sentence(runs),
        captions.leader_sentence("Most targets reached at the end", shares, shares.max(), percent),
    ]
    yield captions.caption(figure, "targets_reached", "Targets reached", lines, sentences)
