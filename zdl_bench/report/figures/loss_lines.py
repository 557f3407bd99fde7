"""Lines of losses on a log scale, against steps or seconds.

A line is the mean over seeds, with its 95 % band. Crosses mark where runs diverged.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from zdl_bench.language import translate
from zdl_bench.report.figures.print_layout import text_points
from zdl_bench.report.figures.scales import EMPTY_LOG_LIMITS, LOG, AxisScale, log_axis
from zdl_bench.report.figures.style import DASHES, MAX_BANDS, legend_name, require_prepared
from zdl_bench.report.phrases import shorten
from zdl_bench.run.run import Floats, has_diverged
from zdl_bench.statistics.inference import Interval

CEILING_FACTOR = 4
"""Upper end of the loss axis, as a multiple of the median first loss. Runs with higher losses are diverging."""
MAX_LINE_NOTES = 3


def draw_loss_lines(frame: pd.DataFrame, axes: Axes, against: str, scale: AxisScale = LOG) -> Axes:
    """Draw one line for each value of the column `line`, in the order in which the values first appear.

    frame: run_id, line, color, step, loss, planned_steps, and the column that `against` names.
    against: the column of the horizontal axis. A mean loss is drawn at the mean of this column over the same runs.
    scale: the scale on which means and bands are computed. The caller sets up a linear axis. Lines of one colour have
    different dashes. The column `linestyle` gives the dashes, if there is one and it distinguishes these lines, so that a line
    looks the same in all panels.
    """
    require_prepared(frame, "line")
    lost: dict[str, tuple[int, int]] = {}
    ends = [0.0]
    are_banded = have_bands(frame)
    low, high = loss_limits(frame)
    dashes = _dashes(frame)
    for line, rows in frame.groupby("line", sort=False):
        color = rows["color"].iloc[0]
        ended_early = _ended_early(rows)
        is_early, is_finite = rows["run_id"].isin(ended_early), np.isfinite(rows["loss"])
        look = {"label": legend_name(str(line)), "color": color, "linestyle": dashes[line], "linewidth": 1.6}
        at, interval = _mean_line(rows[is_finite & ~is_early], against, scale)
        axes.plot(at, interval.mean, **look)
        if are_banded:
            axes.fill_between(at, interval.low, interval.high, color=color, alpha=0.16, linewidth=0)
        ends.append(float(at.max(initial=0.0)))
        ends.append(_draw_early_ends(rows[is_finite & is_early], axes, against, color, high))
        if ended_early:
            lost[str(line)] = len(ended_early), rows["run_id"].nunique() - len(ended_early)
    if scale.is_log:
        log_axis(axes.yaxis, (low, high))
    axes.set(xlim=(0, 1.02 * max(ends) or 1.0), ylabel=translate("probe loss (nats)"))
    if lost:
        text = axes.text(
            0.97, 0.03, _lost_note(lost), transform=axes.transAxes, ha="right", va="bottom", fontsize=text_points(7.5)
        )
        text.set_in_layout(False)  # the note may extend beyond its panel, but must not squeeze the panel
    return axes


def loss_limits(frame: pd.DataFrame) -> tuple[float, float]:
    """Return the ends of the loss axis, which are the same in all panels that show parts of this frame."""
    losses = frame.loc[np.isfinite(frame["loss"]) & (frame["loss"] > 0), "loss"]
    if losses.empty:
        return EMPTY_LOG_LIMITS
    ceiling = CEILING_FACTOR * float(frame.loc[frame["step"] == frame["step"].min(), "loss"].median())
    return 0.8 * float(losses.min()), min(ceiling, 1.25 * float(losses.max()))


def have_bands(frame: pd.DataFrame) -> bool:
    """Return whether no panel has too many lines for bands. frame: line and, if there are several panels, panel."""
    lines = frame["line"]
    return int(lines.groupby(frame["panel"]).nunique().max() if "panel" in frame else lines.nunique()) <= MAX_BANDS


def have_means(frame: pd.DataFrame) -> bool:
    """Return whether some line is the mean of several runs. Runs that ended early are in no mean."""
    lines = frame.groupby(["variant", "lr"], dropna=False)
    return any(rows["run_id"].nunique() - len(_ended_early(rows)) > 1 for _, rows in lines)


def _dashes(frame: pd.DataFrame) -> dict[Any, Any]:
    """Map each line to its dashes. Lines of one colour have different dashes."""
    firsts = frame.drop_duplicates("line").set_index("line")
    if "linestyle" in firsts and not firsts.duplicated(["color", "linestyle"]).any():
        return dict(firsts["linestyle"])
    numbers = firsts.groupby("color", sort=False).cumcount()
    return {line: DASHES[number % len(DASHES)] for line, number in numbers.items()}


def _ended_early(rows: pd.DataFrame) -> list[str]:
    """Return the ids of the runs that did not complete all their steps, or diverged in the last step."""
    losses = rows.pivot(index="step", columns="run_id", values="loss")
    last = losses.reindex([int(rows["planned_steps"].iloc[0])]).iloc[0]
    return [run_id for run_id in losses if has_diverged(last[run_id], losses[run_id].iloc[0])]


def _mean_line(rows: pd.DataFrame, against: str, scale: AxisScale) -> tuple[Floats, Interval]:
    """Return the places of a line on the horizontal axis, and the mean over runs there with its 95 % interval.

    Without rows all are empty: the line has no mean, but still needs a name in the legend.
    """
    if rows.empty:
        return np.array([]), Interval(*[np.array([])] * 3)
    at = rows.assign(at=rows[against].astype(float)).groupby("step")["at"].mean().to_numpy()
    return at, scale.interval(rows.pivot(index="run_id", columns="step", values="loss").to_numpy())


def _draw_early_ends(rows: pd.DataFrame, axes: Axes, against: str, color: str, ceiling: float) -> float:
    """Draw each run as a thin line that ends in a cross. Losses above the ceiling are drawn at the ceiling.

    Return the largest end of these lines on the horizontal axis; 0 if there are no lines.
    """
    if rows.empty:
        return 0.0
    points = rows.assign(at=rows[against].astype(float), loss=rows["loss"].clip(upper=ceiling)).dropna(subset="at")
    curves = [run[["at", "loss"]].to_numpy() for _, run in points.sort_values("step").groupby("run_id")]
    if not curves:
        return 0.0
    axes.add_collection(LineCollection(curves, colors=color, linewidths=0.7, alpha=0.7), autolim=False)
    ends = np.array([curve[-1] for curve in curves])
    cross: dict[str, Any] = {"marker": "x", "markersize": 7, "markeredgewidth": 1.8, "linestyle": ""}
    axes.plot(*ends.T, color=color, clip_on=False, **cross)
    return float(ends[:, 0].max())


def _lost_note(lost: Mapping[str, tuple[int, int]]) -> str:
    """Return the note that says how many runs of each line diverged, and that the mean is that of the other runs.

    lost: line → number of diverged runs, number of other runs.
    """
    if len(lost) > MAX_LINE_NOTES:
        diverged, others = map(sum, zip(*lost.values(), strict=True))
        counts = {"diverged": diverged, "runs": diverged + others, "lines": len(lost)}
        return translate("{diverged} of {runs} runs of {lines} lines diverged;\nmeans are those of the others", **counts)
    return "\n".join(_line_note(shorten(line), *counts) for line, counts in lost.items())


def _line_note(line: str, diverged: int, others: int) -> str:
    values = {"line": line, "diverged": diverged, "runs": diverged + others, "others": others}
    if others:
        return translate("{line}: {diverged} of {runs} diverged,\nmean of the other {others}", **values)
    return translate("{line}: {diverged} of {runs} diverged", **values)
