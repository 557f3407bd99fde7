"""Loss against step: mean over seeds with its 95 % band, and where runs diverged."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.figures.style import DASHES
from zdl_bench.statistics.intervals import student_interval


def draw_loss_curves(frame: pd.DataFrame, axes: Axes) -> Axes:
    """One line per `line` of the frame, in the order of its first rows.

    frame: run_id, line, color, step, loss, planned_steps: the losses of all runs at equal strides.
    Mean and Student's band are taken over ln loss, so they are geometric. A mean covers only steps that all runs of its
    line reached; a run that ended early is drawn by itself, thin, up to a cross.
    """
    for number, (line, rows) in enumerate(frame.groupby("line", sort=False)):
        color = rows["color"].iloc[0]
        table = rows.pivot_table(index="step", columns="run_id", values="loss", observed=True)
        positive = table.where(table > 0)
        complete = positive.dropna()
        look: dict[str, Any] = {"color": color, "linestyle": DASHES[number // 6 % len(DASHES)]}
        if len(complete) > 1:
            interval = student_interval(np.log(complete.to_numpy().T))
            axes.plot(complete.index, np.exp(interval.mean), label=str(line), linewidth=1.6, **look)
            low, high = np.exp(interval.low), np.exp(interval.high)
            axes.fill_between(complete.index, low, high, color=color, alpha=0.18, linewidth=0)
        else:
            axes.plot([], [], label=str(line), linewidth=1.6, **look)
        _draw_early_ends(positive, int(rows["planned_steps"].iloc[0]), axes, color)
    axes.set_yscale("log")
    axes.set_xlabel("step")
    axes.set_ylabel("probe loss (nats)")
    return axes


def _draw_early_ends(losses: pd.DataFrame, planned_steps: int, axes: Axes, color: str) -> None:
    for run_id in losses:
        curve = losses[run_id].dropna()
        if len(curve) and curve.index[-1] < planned_steps:
            axes.plot(curve.index, curve, color=color, linewidth=0.7, alpha=0.7)
            axes.plot(curve.index[-1:], curve.iloc[-1:], marker="x", color=color, markersize=8, markeredgewidth=2)
