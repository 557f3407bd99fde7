"""Loss against step: mean over seeds with its 95 % band, and where runs diverged."""

import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.report.figures.loss_lines import draw_loss_lines


def draw_loss_curves(frame: pd.DataFrame, axes: Axes) -> Axes:
    """One line per `line` of the frame, in the order of its first rows.

    frame: run_id, line, color, step, loss, planned_steps: the losses of all runs at equal strides.
    Mean and Student's band are taken over ln loss, so they are geometric, and over the runs that made all their steps; a
    run that ended early is drawn by itself, thin, up to a cross, and counted in a note.
    """
    draw_loss_lines(frame, axes, "step")
    axes.set_xlim(0, 1.02 * frame["planned_steps"].max())
    axes.set_xlabel("step")
    return axes
