"""Share of problems solved within a factor of the best expected running time, one line per optimizer."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.report.figures.style import legend_name, line_looks, plain_log_axis
from zdl_bench.statistics.runtime import performance_profile

MAX_RATIO = 100.0


def draw_performance_profile(frame: pd.DataFrame, axes: Axes) -> Axes:
    """frame: one row per problem and optimizer: problem, variant, optimizer, ert (steps, ∞ where the target was never
    reached); of none, nothing is drawn. Dolan & Moré 2002; a profile depends on which optimizers stand beside each other.
    """
    if frame.empty:
        return axes
    looks = line_looks(frame)
    erts = frame.pivot(index="problem", columns="variant", values="ert")[list(looks)].to_numpy(dtype=float)
    finite = np.where(np.isfinite(erts), erts, np.nan)
    best = np.nanmin(np.where(np.isfinite(erts), erts, np.inf), axis=1, keepdims=True)
    largest = np.nanmax(np.append(finite / best, 2.0))
    ratios = np.geomspace(1, min(1.2 * largest, MAX_RATIO), 300)
    shares = performance_profile(erts, ratios)
    for (variant, look), share in zip(looks.items(), shares.T, strict=True):
        line = {key: value for key, value in look.items() if key != "marker"}
        axes.step(ratios, share, where="post", label=legend_name(variant), linewidth=1.6, **line)
    axes.set_xscale("log")
    axes.set_xlim(1, ratios[-1])
    plain_log_axis(axes.xaxis)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("expected running time, as a multiple of the best")
    axes.set_ylabel("share of problems")
    return axes
