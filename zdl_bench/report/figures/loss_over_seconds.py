"""Loss against seconds of training: the mean over seeds with its 95 % band, and crosses where runs diverged."""

import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.language import translatable, translate
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures.loss_lines import draw_loss_lines
from zdl_bench.report.figures.loss_panels import LossFigures

SIDE_BY_SIDE_NOTE = translatable(
    "evaluation left out; runs made side by side on shared cores slow one another: shown, not compared"
)


def draw_loss_over_seconds(frame: pd.DataFrame, axes: Axes) -> Axes:
    """Draw one line for each value of the column `line`, in the order in which the values first appear.

    frame: the losses of all runs at equal strides: run_id, line, color, step, loss, planned_steps, seconds.
    seconds: the time spent in training up to the step, without evaluation.
    A line covers only the runs that completed all their steps. Each point is the mean loss of these runs at one step, drawn at
    the mean of their seconds at this step. Each run that ended early is drawn at its own seconds, as a thin line up to a cross,
    and counted in a note. Runs that are executed at the same time slow one another, so their seconds must not be compared.
    """
    draw_loss_lines(frame, axes, "seconds")
    axes.locator_params(axis="x", nbins=4)
    axes.xaxis.set_major_formatter("{x:g}")  # seconds of a short run have many digits
    axes.set_xlabel(translate("seconds of training"))
    return axes


def loss_against_seconds(comparison: Comparison) -> LossFigures:
    """Return the figures of a comparison's losses against seconds, if every run was timed."""
    labels = translate("Loss against seconds"), translate("seconds of training")
    return LossFigures(comparison, *labels, draw_loss_over_seconds, _are_timed, translate(SIDE_BY_SIDE_NOTE))


def _are_timed(losses: pd.DataFrame) -> bool:
    after_start = losses.loc[losses["step"] > 0, "seconds"]
    return bool(len(after_start) and (after_start > 0).all())
