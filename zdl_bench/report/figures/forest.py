"""Paired differences as a forest plot: an effect with its interval per row, and the verdict in words."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.report.figures.style import log_axis, shortened
from zdl_bench.run.run import Floats
from zdl_bench.statistics.finding import three_digits

COLOR = "#222222"
"""No optimizer's colour: a row is about two of them."""
DECIDED = ("supported", "refuted")
SMALLEST_ROOM = 0.05


class _Unit(NamedTuple):
    """axis: its scale. neutral: no effect. to, back: to the scale on which effects are symmetric, and from it."""

    axis: str
    neutral: float
    label: str
    to: Callable[[Floats], Floats]
    back: Callable[[Floats], Floats]


_UNITS = {
    "ratio": _Unit("log", 1.0, "ratio   (1: no difference)", np.log, np.exp),
    "difference": _Unit("linear", 0.0, "difference   (0: none)", np.asarray, np.asarray),
}


def draw_forest(frame: pd.DataFrame, axes: Axes) -> Axes:
    """frame: one row per comparison, drawn from the top: label, mean, low, high, unit, verdict, n; and note, if there is one.

    unit: `ratio` or `difference`, the same in all rows. low and high are NaN where there is no interval, mean too where there
    is no effect to show; each may be infinite, or 0 for a ratio. verdict: in words; the marker is filled where it is
    `supported` or `refuted`. n: number of pairs. note: what else has to be known of a row; may be empty. Numbers and verdict
    stand to the right of each row. What lies beyond the axis has an arrow at its end.
    """
    if frame.empty:  # one optimizer has nobody to be compared with
        return axes
    unit = _UNITS[str(frame["unit"].iloc[0])]
    with np.errstate(divide="ignore"):
        effects = unit.to(frame[["mean", "low", "high"]].to_numpy(dtype=float))
    limits = unit.back(_limits(effects, float(unit.to(np.array(unit.neutral)))))
    if unit.axis == "log":
        log_axis(axes.xaxis, limits)
    else:
        axes.set_xlim(*limits)
    axes.axvline(unit.neutral, color="#888888", linewidth=1, zorder=1)
    for row, (effect, record) in enumerate(zip(effects, frame.to_dict("records"), strict=True)):
        fill = COLOR if record["verdict"] in DECIDED else "white"
        if not np.isnan(effect[0]):
            _draw_row(effect, row, axes, unit, fill)
        axes.text(1.04, row, _text(record), transform=axes.get_yaxis_transform(), va="center", fontsize=8.5)
    axes.set_yticks(range(len(frame)), [shortened(str(label)) for label in frame["label"]])
    axes.set_ylim(len(frame) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(unit.label)
    return axes


def _draw_row(effect: Floats, row: int, axes: Axes, unit: _Unit, fill: str) -> None:
    """effect: mean, low, high on the unit's scale."""
    limits = unit.to(np.array(axes.get_xlim()))
    mean, low, high = unit.back(np.clip(effect, *limits))
    look: dict[str, Any] = {"color": COLOR, "linestyle": "", "clip_on": False, "zorder": 3}
    if not np.isnan(effect[1:]).any():
        axes.hlines(row, low, high, color=COLOR, linewidth=1.6, zorder=2)
    for value, at in ((effect[1], low), (effect[2], high)):
        if _arrow(value, limits):
            axes.plot(at, row, marker=_arrow(value, limits), markersize=6, **look)
    axes.plot(mean, row, marker=_arrow(effect[0], limits) or "o", markersize=7, markerfacecolor=fill, **look)


def _arrow(value: float, limits: Floats) -> str:
    """The marker of what lies beyond the axis; none for what does not."""
    return "<" if value < limits[0] else ">" if value > limits[1] else ""


def _limits(effects: Floats, neutral: float) -> Floats:
    """The ends of the axis, on the unit's scale: around no effect, every finite mean, and intervals of a usual length."""
    points = np.append(effects[np.isfinite(effects[:, 0]), 0], neutral)
    intervals = effects[np.isfinite(effects).all(axis=1), 1:]
    lengths = intervals[:, 1] - intervals[:, 0]
    lowest, highest = float(points.min()), float(points.max())
    reach = max(highest - lowest, float(np.median(lengths)) if len(lengths) else 0.0)
    ends = [intervals.min(initial=lowest), intervals.max(initial=highest)]
    low, high = np.clip(ends, lowest - reach, highest + reach)
    room = 0.08 * (high - low) or SMALLEST_ROOM
    return np.array([low - room, high + room])


def _text(row: Mapping[Any, Any]) -> str:
    note = row.get("note", "")
    if np.isnan(row["mean"]):
        return f"{note}: {row['verdict']}" if note else str(row["verdict"])
    interval = (
        "" if np.isnan([row["low"], row["high"]]).any() else f" [{three_digits(row['low'])}, {three_digits(row['high'])}]"
    )
    about = f"n {row['n']:.0f}, {note}" if note else f"n {row['n']:.0f}"
    return f"{three_digits(row['mean'])}{interval}".replace("inf", "∞") + f", {about}: {row['verdict']}"
