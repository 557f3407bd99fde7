"""Accuracy against step: the mean over seeds with its 95 % band, and crosses where runs diverged."""

from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.language import translatable, translate
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures.loss_lines import draw_loss_lines
from zdl_bench.report.figures.loss_panels import LossFigures
from zdl_bench.report.figures.scales import LINEAR, PER_CENT
from zdl_bench.run.run import VALIDATION_PROBE

NAMES = {
    "val_accuracy": translatable("validation accuracy"),
    "probe_accuracy": translatable("accuracy on the probe"),
}
"""Column of the probes → what it is, the preferred column first."""


def draw_accuracy_curves(frame: pd.DataFrame, axes: Axes) -> Axes:
    """Draw one line for each value of the column `line`, in the order in which the values first appear.

    frame: the accuracies of all runs at equal strides: run_id, line, color, step, loss (the accuracy, in [0, 1]),
    planned_steps.
    A line is the mean with Student's 95 % band over the runs that completed all their steps. Each run that ended early is
    drawn as a thin line up to a cross, and counted in a note.
    """
    if frame.empty:  # runs without accuracies
        return axes
    draw_loss_lines(frame, axes, "step", LINEAR)
    axes.set(xlim=(0, 1.02 * frame["planned_steps"].max()), ylim=(0, 1.02))
    axes.set(xlabel=translate("step"), ylabel=translate("accuracy"))
    axes.yaxis.set_major_formatter(PER_CENT)
    return axes


def accuracies_of(comparison: Comparison) -> pd.DataFrame:
    """Return the accuracies of the judged runs at equal strides, as `draw_accuracy_curves` draws them; empty if none is known.

    They are those of validation images, or of the probe if there are no validation images.
    """
    column = _column_of(comparison)
    if column is None:
        return comparison.with_lines(pd.DataFrame({"run_id": [], "step": [], "loss": []}))
    at_strides = comparison.probes.loc[comparison.probes["strided"], ["run_id", "step", column]]
    return comparison.with_lines(at_strides.rename(columns={column: "loss"}).dropna(subset="loss"))


def _column_of(comparison: Comparison) -> str | None:
    """Return the column of the probes that the figures show, or None if no run has one."""
    probes = comparison.probes
    return next((name for name in NAMES if name in probes and probes[name].notna().any()), None)


def _note_of(comparison: Comparison) -> str:
    """Return on how many images the accuracies of each probe were measured, the same in all runs; empty if there are none."""
    column = _column_of(comparison)
    if column is None:
        return ""
    is_validation = column == "val_accuracy"
    count = comparison.runs["val_images" if is_validation else "probe.images"].min()
    return translate(
        "on {count:,.0f} fixed images at each probe; the tables have the accuracies on all images",
        count=min(count, VALIDATION_PROBE) if is_validation else count,
    )


@dataclass(frozen=True)
class AccuracyFigures(LossFigures):
    """The figures of a comparison's accuracies."""

    @property
    def losses(self) -> pd.DataFrame:
        return accuracies_of(self.comparison)

    @property
    def value_name(self) -> str:
        return translate(NAMES[_column_of(self.comparison) or "val_accuracy"])

    scale = LINEAR


def accuracy_figures(comparison: Comparison) -> AccuracyFigures:
    """Return the figures at the same and at the best learning rate, which can be drawn if the runs have accuracies."""
    words = translate("Accuracy"), translate("step")
    return AccuracyFigures(comparison, *words, draw_accuracy_curves, lambda rows: not rows.empty, _note_of(comparison))
