"""Share of targets reached against steps, one line per optimizer."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures.captions import (
    CaptionedFigure,
    band_note,
    best_lr_note,
    caption,
    leader_sentence,
    no_best_lr_note,
    optimizers_sentence,
)
from zdl_bench.report.figures.grid import legend_outside, single
from zdl_bench.report.figures.scales import PER_CENT, share_axes
from zdl_bench.report.figures.selection import first_variants, hidden_variants_note
from zdl_bench.report.figures.style import MAX_BANDS, legend_name, line_looks
from zdl_bench.report.phrases import join_notes
from zdl_bench.run.conditions import percent
from zdl_bench.statistics.runtime import ecdf_band, runtime_ecdf


def draw_runtime_ecdf(frame: pd.DataFrame, axes: Axes) -> Axes:
    """Draw a line per optimizer.

    frame: one row per run: variant, optimizer, steps (planned), and a column `steps_to_…` per target, NaN if a run did not
    reach it. A line is the share of (run, target) pairs reached within x steps, with a 95 % bootstrap band over runs if there
    are up to MAX_BANDS lines.
    """
    targets = _targets(frame)
    planned = int(frame["steps"].max())
    at = np.unique(np.rint(np.geomspace(1, planned, 200)))
    looks = line_looks(frame)
    for variant, look in looks.items():
        steps = frame.loc[frame["variant"] == variant, targets].to_numpy(dtype=float)
        line = {key: value for key, value in look.items() if key != "marker"}
        axes.step(at, runtime_ecdf(steps, planned, at), where="post", label=legend_name(variant), linewidth=1.6, **line)
        if len(steps) > 1 and len(looks) <= MAX_BANDS:
            low, high = ecdf_band(steps, planned, at)
            axes.fill_between(at, low, high, step="post", color=look["color"], alpha=0.14, linewidth=0)
    share_axes(axes, 1.03 * planned)  # what was reached in the last step can be seen
    axes.set_xlabel("steps")
    axes.set_ylabel("share of (run, target) pairs reached")
    return axes


def _targets(frame: pd.DataFrame) -> list[str]:
    return [column for column in frame if column.startswith("steps_to_")]


def captioned(comparison: Comparison) -> Iterator[CaptionedFigure]:
    """Draw each optimizer at its best learning rate, if some target was reached."""
    everything = comparison.at_best_lr(comparison.judged)
    runs = first_variants(everything)
    targets = _targets(runs)
    if not targets or not (runs[targets] > 0).any(axis=None):
        return
    figure, axes = single()
    draw_runtime_ecdf(runs, axes)
    axes.yaxis.set_major_formatter(PER_CENT)
    legend_outside(axes)
    losses = f"targets: loss {', '.join(column.removeprefix('steps_to_') for column in targets)}"
    notes = [best_lr_note(comparison), no_best_lr_note(comparison), join_notes(losses, band_note(runs))]
    lines = [*comparison.context, *notes, hidden_variants_note(runs, everything)]
    shares = runs[targets].notna().groupby(runs["variant"], sort=False).mean().mean(axis=1)
    most = leader_sentence("Most targets reached at the end", shares, shares.max(), percent)
    what = f"Share of (run, target) pairs reached against steps, on a log scale; {losses}."
    yield caption(figure, "targets_reached", "Targets reached", lines, f"{what} {optimizers_sentence(runs)} {most}")
