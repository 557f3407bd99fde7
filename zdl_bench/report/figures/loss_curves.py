"""Loss against step: the mean over seeds with its 95 % band, and crosses where runs diverged."""

import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.language import translate
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures.loss_lines import draw_loss_lines
from zdl_bench.report.figures.loss_panels import LossFigures


def draw_loss_curves(frame: pd.DataFrame, axes: Axes) -> Axes:
    """Draw one line for each value of the column `line`, in the order in which the values first appear.

    frame: the losses of all runs at equal strides: run_id, line, color, step, loss, planned_steps.
    A line is the geometric mean with Student's 95 % band, both computed from ln loss over the runs that completed all their
    steps. Each run that ended early is drawn as a thin line up to a cross, and counted in a note.
    """
    draw_loss_lines(frame, axes, "step")
    axes.set(xlim=(0, 1.02 * frame["planned_steps"].max()), xlabel=translate("step"))
    return axes


def loss_against_steps(comparison: Comparison) -> LossFigures:
    """Return the figures of a comparison's losses against steps."""
    return LossFigures(
        comparison, translate("Loss"), translate("step"), draw_loss_curves, can_draw=lambda losses: not losses.empty
    )
