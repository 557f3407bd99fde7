"""Smoothed batch loss against step, as the book draws it: the mean over seeds with its 95 % band."""

from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.language import translate
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figure_terms import loss_name
from zdl_bench.report.figures.loss_lines import draw_loss_lines
from zdl_bench.report.figures.loss_panels import LossFigures
from zdl_bench.report.figures.selection import evenly_spread
from zdl_bench.run.run import Run
from zdl_bench.statistics.smoothing import BETA, WINDOW, smooth_curve

MAX_DRAWN_STEPS = 200
"""Largest number of steps at which a line is drawn. More could not be told apart in a panel."""


def draw_smoothed_loss(frame: pd.DataFrame, axes: Axes) -> Axes:
    """Draw one line for each value of the column `line`, in the order in which the values first appear.

    frame: the smoothed batch losses of all runs: run_id, line, color, step, loss, planned_steps.
    A line is the geometric mean with Student's 95 % band over the runs that completed all their steps. Each run that ended
    early is drawn as a thin line up to a cross, and counted in a note.
    """
    if frame.empty:  # runs without a curve
        return axes
    draw_loss_lines(frame, axes, "step")
    axes.set(xlim=(0, 1.02 * frame["planned_steps"].max()), xlabel=translate("step"), ylabel=translate("smoothed loss (nats)"))
    return axes


def smoothed_losses_of(comparison: Comparison) -> pd.DataFrame:
    """Return the smoothed batch losses of the judged runs at up to MAX_DRAWN_STEPS steps, for `draw_smoothed_loss`."""
    judged = set(comparison.judged["run_id"])
    rows = [_smoothed(run) for run in comparison.members if run.curve is not None and run.run_id in judged]
    return comparison.with_lines(pd.concat(rows) if rows else pd.DataFrame({"run_id": [], "step": [], "loss": []}))


@dataclass(frozen=True)
class SmoothedFigures(LossFigures):
    """The figures of a comparison's smoothed batch losses."""

    @property
    def losses(self) -> pd.DataFrame:
        return smoothed_losses_of(self.comparison)

    @property
    def value_name(self) -> str:
        return loss_name(self.comparison, "smoothed loss")


def _smoothed(run: Run) -> pd.DataFrame:
    """Return the smoothed losses of a run at evenly spread steps, the same for all runs of as many steps."""
    assert run.curve is not None
    losses = run.curve.train_loss
    places = evenly_spread(run.curve.planned_steps, MAX_DRAWN_STEPS)
    places = places[places < len(losses)]
    return pd.DataFrame({"run_id": run.run_id, "step": places + 1, "loss": smooth_curve(losses)[places]})


def smoothed_figures(comparison: Comparison) -> SmoothedFigures:
    """Return the figures at the same and at the best learning rate, which can be drawn if the runs have batches."""
    has_batches = bool(comparison.runs["dataset"].notna().any())
    note = translate(
        "each run smoothed by a Kaiser window of {steps} steps, β = {beta:g}, as in the book", steps=WINDOW, beta=BETA
    )
    words = translate("Smoothed batch loss"), translate("step")
    return SmoothedFigures(comparison, *words, draw_smoothed_loss, lambda rows: has_batches and not rows.empty, note)
