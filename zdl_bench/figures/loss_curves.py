"""Loss against step: mean over seeds with its 95 % band, and where runs diverged."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.figures.style import dashes_of, plain_log_axis
from zdl_bench.run import Floats
from zdl_bench.statistics.intervals import student_interval

CEILING_FACTOR = 4
"""The axis ends at so many times the first loss: what lies beyond is on its way out."""
MOST_NOTES = 8
MOST_BANDS = 8
"""With more lines than this, bands would hide each other and are left out."""


def draw_loss_curves(frame: pd.DataFrame, axes: Axes) -> Axes:
    """One line per `line` of the frame, in the order of its first rows.

    frame: run_id, line, color, step, loss, planned_steps: the losses of all runs at equal strides.
    Mean and Student's band are taken over ln loss, so they are geometric, and over the runs that made all their steps; a
    run that ended early is drawn by itself, thin, up to a cross, and counted in a note.
    """
    notes = []
    has_bands = frame["line"].nunique() <= MOST_BANDS
    low, high = loss_limits(frame)
    dashes = dashes_of(dict(frame[["line", "color"]].drop_duplicates("line").itertuples(index=False)))
    for line, rows in frame.groupby("line", sort=False):
        color = rows["color"].iloc[0]
        table = rows.pivot(index="step", columns="run_id", values="loss")
        finite = table.where(np.isfinite(table))
        complete = finite.columns[finite.reindex([int(rows["planned_steps"].iloc[0])]).notna().all()]
        look = {"color": color, "linestyle": dashes[line]}
        interval = _draw_mean(finite[complete], str(line), axes, look)
        if has_bands and interval:
            axes.fill_between(*interval, color=color, alpha=0.16, linewidth=0)
        early = finite.drop(columns=complete).clip(upper=high)
        _draw_early_ends(early, axes, color)
        if len(early.columns):
            notes.append(f"{line}: {len(early.columns)} of {len(table.columns)} diverged")
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    plain_log_axis(axes.yaxis)
    axes.set_xlim(0, 1.02 * frame["planned_steps"].max())
    axes.set_xlabel("step")
    axes.set_ylabel("probe loss (nats)")
    _write_notes(notes, axes)
    return axes


def loss_limits(frame: pd.DataFrame) -> tuple[float, float]:
    """Lower and upper end of an axis for the losses of a frame, equal for all panels that show parts of it."""
    losses = frame.loc[np.isfinite(frame["loss"]) & (frame["loss"] > 0), "loss"]
    if losses.empty:
        return 0.1, 10.0
    ceiling = CEILING_FACTOR * float(frame.loc[frame["step"] == 0, "loss"].median())
    return 0.8 * float(losses.min()), min(ceiling, 1.25 * float(losses.max()))


Band = tuple["pd.Index[int]", Floats, Floats]


def _draw_mean(losses: pd.DataFrame, line: str, axes: Axes, look: dict[str, Any]) -> Band | None:
    """losses: one row per step, one column per run, none missing. Returns the steps and the ends of the band."""
    if losses.empty:  # the line is in the legend, its crosses in the panel
        axes.plot([], [], label=line, linewidth=1.6, **look)
        return None
    interval = student_interval(np.log(losses.to_numpy().T))
    axes.plot(losses.index, np.exp(interval.mean), label=line, linewidth=1.6, **look)
    return losses.index, np.exp(interval.low), np.exp(interval.high)


def _draw_early_ends(losses: pd.DataFrame, axes: Axes, color: str) -> None:
    """losses: one row per step, one column per run that did not make all its steps."""
    for run_id in losses:
        curve = losses[run_id].dropna()
        if len(curve):
            axes.plot(curve.index, curve, color=color, linewidth=0.7, alpha=0.7)
            axes.plot(
                curve.index[-1:],
                curve.iloc[-1:],
                marker="x",
                color=color,
                markersize=7,
                markeredgewidth=1.8,
                clip_on=False,
            )


def _write_notes(notes: list[str], axes: Axes) -> None:
    shown = notes[:MOST_NOTES] + ([f"and {len(notes) - MOST_NOTES} more"] if len(notes) > MOST_NOTES else [])
    if shown:
        axes.text(0.97, 0.03, "\n".join(shown), transform=axes.transAxes, ha="right", va="bottom", fontsize=7.5)
