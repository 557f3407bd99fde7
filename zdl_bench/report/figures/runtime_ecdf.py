"""Share of targets reached against steps, one line per optimizer."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.report.figures.style import MAX_BANDS, legend_name, line_looks, plain_log_axis
from zdl_bench.statistics.runtime import ecdf_band, runtime_ecdf


def draw_runtime_ecdf(frame: pd.DataFrame, axes: Axes) -> Axes:
    """frame: one row per run: variant, optimizer, steps (planned), and a column `steps_to_…` per target, NaN where a run did
    not reach it.

    A line is the share of (run, target) pairs reached within x steps, with a 95 % bootstrap band over runs if there are up
    to MAX_BANDS lines.
    """
    targets = [column for column in frame if column.startswith("steps_to_")]
    planned = int(frame["steps"].max())
    at = np.unique(np.rint(np.geomspace(1, planned, 200)))
    looks = line_looks(frame)
    for variant, look in looks.items():
        steps = frame.loc[frame["variant"] == variant, targets].to_numpy(dtype=float)
        line = {key: value for key, value in look.items() if key != "marker"}
        axes.step(at, runtime_ecdf(steps, planned, at), where="post", label=legend_name(variant), linewidth=1.6, **line)
        if len(steps) > 1 and len(looks) <= MAX_BANDS:
            low, high = ecdf_band(steps, planned, at)
            axes.fill_between(at, low, high, step="post", color=look["color"], alpha=0.14, linewidth=0)
    axes.set_xscale("log")
    axes.set_xlim(1, 1.03 * planned)  # what was reached in the last step can be seen
    plain_log_axis(axes.xaxis)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("steps")
    axes.set_ylabel("share of (run, target) pairs reached")
    return axes
