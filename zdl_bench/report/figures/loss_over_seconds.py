"""Loss against seconds of training: mean over seeds with its 95 % band, and where runs diverged."""

import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.report.figures.loss_lines import draw_loss_lines


def draw_loss_over_seconds(frame: pd.DataFrame, axes: Axes) -> Axes:
    """One line per `line` of the frame, in the order of its first rows.

    frame: run_id, line, color, step, loss, planned_steps, seconds: the losses of all runs at equal strides, and the seconds
    of training until then, evaluation left out.
    The mean over the runs that made all their steps stands at the mean of their seconds at the same step, so a line joins
    equal steps; a run that ended early is drawn at its own seconds, thin, up to a cross, and counted in a note. Seconds of
    runs made side by side are shown, not compared: they slow one another.
    """
    draw_loss_lines(frame, axes, "seconds")
    axes.locator_params(axis="x", nbins=4)
    axes.xaxis.set_major_formatter("{x:g}")  # seconds of a short run have many digits
    axes.set_xlabel("seconds of training")
    return axes
