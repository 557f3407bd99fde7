"""What tuning buys: the best of k learning rates against k, one line per optimizer."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from zdl_bench.report.figures.style import MAX_BANDS, legend_name, line_looks, log_axis
from zdl_bench.run.run import Floats
from zdl_bench.statistics.tuning import lr_grid
from zdl_bench.statistics.tuning_curve import tuning_curve

MAX_MARKERS = 40


def draw_best_of_trials(frame: pd.DataFrame, axes: Axes) -> Axes:
    """frame: one row per run: variant, optimizer, lr, seed, tail_loss, start_loss; losses are above 0.

    A point is the expected tail loss of the best of k different learning rates, drawn at random from those of the frame, with
    a 95 % bootstrap band over seeds if there are up to MAX_BANDS lines. A learning rate with a run without a value, or without
    a run on some seed, counts as the loss at the start.
    """
    with_lr = frame.dropna(subset="lr")
    drawn: list[float] = []
    looks = line_looks(with_lr)
    for variant, look in looks.items():
        rows = with_lr[with_lr["variant"] == variant]
        best = tuning_curve(_grid(rows, "tail_loss"), _grid(rows, "start_loss"))
        drawn += [*best.mean, *best.low, *best.high]
        trials = np.arange(1, len(best.mean) + 1)
        every = -(-len(trials) // MAX_MARKERS)
        axes.plot(trials, best.mean, label=legend_name(variant), markersize=5, markevery=every, linewidth=1.5, **look)
        if len(looks) <= MAX_BANDS:
            axes.fill_between(trials, best.low, best.high, color=look["color"], alpha=0.14, linewidth=0)
    log_axis(axes.yaxis, drawn, 0.05)
    axes.margins(x=0.04)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("best of k learning rates, k")
    axes.set_ylabel("expected tail loss (nats)")
    return axes


def _grid(rows: pd.DataFrame, column: str) -> Floats:
    """(learning rates, seeds), NaN where a run has no value."""
    return np.asarray(lr_grid(rows, column))
