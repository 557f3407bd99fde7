"""Share of targets reached against steps, with one line per optimizer."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.language import translatable, translate, translate_list
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures import captions, selection, small_multiples
from zdl_bench.report.figures.scales import PER_CENT, share_axes
from zdl_bench.report.figures.style import MAX_BANDS, legend_name, line_looks
from zdl_bench.report.limits import MAX_ALONE
from zdl_bench.report.phrases import join_notes
from zdl_bench.run.conditions import percent
from zdl_bench.statistics.runtime import ecdf_band, runtime_ecdf

AXES = {"steps": translatable("steps"), "evaluations": translatable("evaluations of the gradient")}
"""What the horizontal axis can show → its name."""


def draw_runtime_ecdf(frame: pd.DataFrame, axes: Axes, against: str = "steps") -> Axes:
    """Draw the share of targets reached against steps, or evaluations of the gradient, with one line per optimizer.

    frame: one row per run, with variant, optimizer, steps (the planned number), and a column `steps_to_…` per target, which is
    NaN if the run did not reach the target; or the same columns of evaluations, as `against` says. A line shows the share of
    (run, target) pairs in which the target was reached within x steps. If there are up to MAX_BANDS lines, each has a 95 %
    bootstrap band over runs.
    """
    targets, planned = frame.filter(regex=f"^{against}_to_"), int(frame[against].max())
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
    axes.set(xlabel=translate(AXES[against]), ylabel=translate("share of (run, target) pairs reached"))
    return axes


def captioned_figures(comparison: Comparison) -> Iterator[captions.CaptionedFigure]:
    """Yield the figure, each optimizer at its best learning rate, if some run reached a target after the start.

    If some optimizer evaluates the gradient more than once per step, there is also a figure against evaluations.
    """
    everything = comparison.at_best_lr(comparison.judged)
    if not (everything.filter(regex="^steps_to_") > 0).any(axis=None):
        return
    yield _figure(comparison, everything, "steps", "targets_reached")
    if selection.has_further_evaluations(comparison):
        yield _figure(comparison, everything, "evaluations", "targets_reached_over_evaluations")


def _figure(comparison: Comparison, everything: pd.DataFrame, against: str, name: str) -> captions.CaptionedFigure:
    runs = selection.chosen_variants(everything, comparison, MAX_ALONE)
    steps = runs.filter(regex=f"^{against}_to_")
    figure, axes_list = small_multiples.lines(partial(draw_runtime_ecdf, against=against), everything, runs)
    axes_list[0].yaxis.set_major_formatter(PER_CENT)
    small_multiples.label_axes(axes_list)
    losses = translate_list(column.removeprefix(f"{against}_to_") for column in steps)
    targets = translate("targets: loss {losses}", losses=losses)
    lines = [
        *comparison.context,
        captions.best_lr_note(comparison),
        captions.no_best_lr_note(comparison),
        join_notes(targets, captions.band_note(runs)),
        small_multiples.note(everything),
        selection.hidden_note(runs, everything),
    ]
    shares = steps.notna().groupby(runs["variant"], sort=False).mean().mean(axis=1)
    sentences = [
        translate(
            "Share of (run, target) pairs reached against {axis}, on a log scale; {targets}.",
            axis=translate(AXES[against]),
            targets=targets,
        ),
        captions.optimizers_sentence(runs),
        captions.leader_sentence(translate("Most targets reached at the end"), shares, shares.max(), percent),
    ]
    return captions.caption(figure, name, translate("Targets reached"), lines, sentences)
