"""Speed against steadiness: one curve per optimizer over its learning rates."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.figures.style import legend_name, line_looks, log_axis
from zdl_bench.run import Floats
from zdl_bench.statistics.intervals import student_interval

COLUMNS = ("loss", "loss_low", "loss_high", "jitter", "jitter_low", "jitter_high")
FARTHEST = 2
"""The axes reach so many times beyond the points to show the ends of intervals, and no farther."""
PLACES = (((6, 5), "left"), ((-6, -11), "right"), ((6, -11), "left"), ((-6, 5), "right"))
"""Where a curve's numbers stand, curve by curve in turn: curves tend to end close together."""


def speed_and_jitter(frame: pd.DataFrame) -> pd.DataFrame:
    """variant, lr and COLUMNS: a row per learning rate, NaN where some of its runs have no jitter.

    frame: one row per run: variant, lr, log_aulc, jitter. loss: geometric mean of the probe loss over the whole run (exp of
    log_aulc), and over the runs; jitter: geometric mean over the runs. Each with its 95 % interval (Student, on the log scale),
    NaN where there is one run.
    """
    cells = {key: _summary(runs) for key, runs in frame.groupby(["variant", "lr"], sort=False)}
    index = pd.MultiIndex.from_tuples(cells, names=["variant", "lr"])
    points = pd.DataFrame(list(cells.values()), index, COLUMNS)
    return points.reset_index().sort_values("lr", kind="stable")


def draw_speed_jitter(frame: pd.DataFrame, axes: Axes) -> Axes:
    """frame: one row per run: variant, optimizer, lr, log_aulc, jitter; some learning rate has jitter in all of its runs.

    A point is a learning rate, with 95 % intervals. Lower left is faster and steadier. The smallest and the largest learning
    rate of a curve are written beside it, the only one too; those without a value are left out and counted in the legend.
    """
    points = speed_and_jitter(frame)
    for number, (variant, look) in enumerate(line_looks(frame).items()):
        curve = points[points["variant"] == variant]
        defined = curve.dropna(subset=["loss", "jitter"])
        lost = len(curve) - len(defined)
        name = legend_name(variant) + (f" ({lost} lr without a value)" if lost else "")
        thin = {"color": look["color"], "linewidth": 0.9, "alpha": 0.4}
        axes.hlines(defined["jitter"], defined["loss_low"], defined["loss_high"], **thin)
        axes.vlines(defined["loss"], defined["jitter_low"], defined["jitter_high"], **thin)
        axes.plot(defined["loss"], defined["jitter"], label=name, markersize=6, linewidth=1.3, **look)
        shift, side = PLACES[number % len(PLACES)]
        for _, end in defined.iloc[[0, -1] if len(defined) > 1 else [0] if len(defined) else []].iterrows():
            place = {"textcoords": "offset points", "xytext": shift, "ha": side, "fontsize": 8, "color": look["color"]}
            axes.annotate(f"{end['lr']:g}", (end["loss"], end["jitter"]), **place)
    log_axis(axes.xaxis, _limits(points, "loss"))
    log_axis(axes.yaxis, _limits(points, "jitter"))
    axes.set_xlabel("geometric mean of the loss over the run   ← faster")
    axes.set_ylabel("jitter   ← steadier")
    return axes


def _summary(runs: pd.DataFrame) -> Floats:
    """COLUMNS of the runs of one learning rate."""
    with np.errstate(divide="ignore"):
        logs = np.column_stack([runs["log_aulc"], np.log(runs["jitter"].astype(float))])
    if not np.isfinite(logs).all():
        return np.full(len(COLUMNS), np.nan)
    return np.asarray(np.exp(np.array(student_interval(logs)).T.ravel()))


def _limits(points: pd.DataFrame, name: str) -> tuple[float, float]:
    """The ends of an axis: around all points, and intervals that do not run away."""
    lowest, highest = points[name].min(), points[name].max()
    low = max(np.nanmin([points[f"{name}_low"].min(), lowest]), lowest / FARTHEST)
    high = min(np.nanmax([points[f"{name}_high"].max(), highest]), highest * FARTHEST)
    room = max(high**0.08 / low**0.08, 1.05)
    return low / room, high * room
