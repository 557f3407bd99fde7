"""Speed against steadiness: one curve per optimizer over its learning rates."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.figures.style import line_looks, plain_log_axis


def speed_and_jitter(frame: pd.DataFrame) -> pd.DataFrame:
    """variant, lr, loss, jitter: a row per learning rate, NaN where some of its runs have no jitter.

    frame: one row per run: variant, lr, log_aulc, jitter. loss: geometric mean of the probe loss over the whole run (exp of
    log_aulc), and over the runs; jitter: geometric mean over the runs.
    """
    with np.errstate(divide="ignore"):
        logs = frame.assign(loss=frame["log_aulc"], jitter=np.log(frame["jitter"].astype(float)))
    cells = logs.groupby(["variant", "lr"], sort=False)[["loss", "jitter"]]
    means = cells.agg(lambda values: np.exp(values.mean(skipna=False)))
    positive = means.where((means > 0) & np.isfinite(means))
    return positive.where(positive.notna().all(axis=1)).reset_index().sort_values("lr", kind="stable")


def draw_speed_jitter(frame: pd.DataFrame, axes: Axes) -> Axes:
    """frame: one row per run: variant, optimizer, lr, log_aulc, jitter; some learning rate has jitter in all of its runs.

    A point is a learning rate. Lower left is faster and steadier. The smallest and the largest learning rate of a curve are
    written beside it; those without a value are left out and counted in the legend.
    """
    points = speed_and_jitter(frame)
    for variant, look in line_looks(frame).items():
        curve = points[points["variant"] == variant]
        defined = curve.dropna()
        lost = len(curve) - len(defined)
        name = f"{variant} ({lost} lr without a value)" if lost else variant
        axes.plot(defined["loss"], defined["jitter"], label=name, markersize=6, linewidth=1.3, **look)
        for _, end in defined.iloc[[0, -1] if len(defined) > 1 else []].iterrows():
            place = {"textcoords": "offset points", "xytext": (5, 5), "fontsize": 8, "color": look["color"]}
            axes.annotate(f"{end['lr']:g}", (end["loss"], end["jitter"]), **place)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.margins(0.1)
    plain_log_axis(axes.xaxis)
    plain_log_axis(axes.yaxis)
    axes.set_xlabel("geometric mean of the loss over the run   ← faster")
    axes.set_ylabel("jitter   ← steadier")
    return axes
