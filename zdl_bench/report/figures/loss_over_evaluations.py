"""Loss against evaluations of the gradient: the mean over seeds with its 95 % band, and crosses where runs diverged."""

import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.language import translate
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures import selection
from zdl_bench.report.figures.loss_lines import draw_loss_lines
from zdl_bench.report.figures.loss_panels import LossFigures


def draw_loss_over_evaluations(frame: pd.DataFrame, axes: Axes) -> Axes:
    """Draw one line for each value of the column `line`, in the order in which the values first appear.

    frame: as for `draw_loss_curves`, with the column evaluations: how often the gradient was evaluated up to the step. A rule
    that evaluates it twice per step gets twice as far to the right as one that evaluates it once.
    """
    draw_loss_lines(frame, axes, "evaluations")
    axes.set_xlabel(translate("evaluations of the gradient"))
    return axes


def loss_against_evaluations(comparison: Comparison) -> LossFigures:
    """Return the figures of `loss_curves` with this axis, if some run evaluated its gradient more than once per step."""
    has_more = selection.has_further_evaluations(comparison)
    labels = translate("Loss against evaluations"), translate("evaluations of the gradient")
    return LossFigures(comparison, *labels, draw_loss_over_evaluations, lambda losses: has_more and not losses.empty)
