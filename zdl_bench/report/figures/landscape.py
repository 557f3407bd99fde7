"""A function of two parameters as contours, and the paths of a comparison's runs that are drawn on it."""

from typing import Protocol, cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize

from zdl_bench.errors import ConfigError
from zdl_bench.registry import registry
from zdl_bench.report.comparison import ABOUT, Comparison
from zdl_bench.run.run import Floats

LEVELS = 35
GRID_POINTS = 241
LOWEST_SHARE = 1e-3
"""Height of the lowest contour, as a share of the median height in the domain, unless the landscape says."""
FAR = 50
"""Widths of the domain up to which points outside are drawn: beyond, a renderer would overflow."""
BEST_PATHS = "each at its best learning rate by mean tail loss"


class Landscape(Protocol):
    """domain: (x_low, x_high), (y_low, y_high). minima: the global ones; empty if there is none.

    contours: lowest and highest contour; None for those that fit the domain.
    """

    @property
    def domain(self) -> tuple[tuple[float, float], tuple[float, float]]: ...

    @property
    def minima(self) -> tuple[tuple[float, ...], ...]: ...

    @property
    def contours(self) -> tuple[float, float] | None: ...

    def value(self, w: Floats) -> Floats:
        """(2, …) → (…): the gap to the minimum, or the function itself if there is none."""
        ...


def draw_landscape(landscape: Landscape, axes: Axes) -> Axes:
    """Draw contours at logarithmic distances, or at equal ones without a minimum, and a star on each minimum."""
    xs, ys = (np.linspace(low, high, GRID_POINTS) for low, high in landscape.domain)
    heights = landscape.value(np.array(np.meshgrid(xs, ys)))
    norm: Normalize
    if landscape.minima:
        low, high = landscape.contours or (LOWEST_SHARE * float(np.median(heights)), float(heights.max()))
        levels, norm = np.geomspace(low, high, LEVELS), LogNorm(low, high)
        heights = np.maximum(heights, low / 10)  # the scale has no 0
    else:
        levels, norm = np.linspace(heights.min(), heights.max(), LEVELS), Normalize(heights.min(), heights.max())
    axes.contour(xs, ys, heights, levels=levels, norm=norm, cmap="viridis", linewidths=0.6, alpha=0.7, zorder=1)
    for x, y in landscape.minima:
        axes.plot(x, y, marker="*", markersize=11, color="black", markeredgecolor="white", linestyle="", zorder=4)
    axes.set_xlim(*landscape.domain[0])
    axes.set_ylim(*landscape.domain[1])
    axes.grid(visible=False)
    axes.set_xlabel("x")
    axes.set_ylabel("y")
    return axes


def drawable(points: Floats, landscape: Landscape) -> Floats:
    """Return the finite points of a path, (n, 2), those far outside brought nearer."""
    lows, highs = np.array(landscape.domain).T
    reach = FAR * (highs - lows)
    finite = points[np.isfinite(points).all(axis=1)]
    return np.asarray(np.clip(finite, lows - reach, highs + reach))


def landscape_of(comparison: Comparison) -> Landscape | None:
    """Return the problem as something to draw; None if it is not, or no run has recorded its points."""
    if not comparison.recorded:
        return None
    try:
        spec = registry.problem(comparison.recorded[0].config.problem)
    except ConfigError:  # stored runs of a problem that this installation does not have
        return None
    return cast(Landscape, spec) if spec.domain else None


def first_paths(comparison: Comparison) -> pd.DataFrame:
    """Return x, y, ABOUT and status: a row per step of the runs of the first seed."""
    seed = _first_seed(comparison)
    points = [
        pd.DataFrame(run.curve.points, columns=["x", "y"]).assign(run_id=run.run_id)
        for run in comparison.recorded
        if run.curve and run.config.seed == seed
    ]
    return pd.concat(points).merge(comparison.runs[[*ABOUT, "status"]], on="run_id", how="left")


def best_paths(comparison: Comparison) -> pd.DataFrame:
    """Return the `first_paths` at the best learning rate of their optimizer; an optimizer without one is left out."""
    paths = first_paths(comparison)
    return comparison.at_best_lr(paths[paths["variant"].isin(list(comparison.best_lrs))])


def path_notes(comparison: Comparison, landscape: Landscape) -> list[str]:
    """Return the notes on which runs are shown, and on the star."""
    seeds = comparison.judged["seed"].nunique()
    return [
        f"seed {_first_seed(comparison)}, the first of {seeds}" if seeds > 1 else "",
        "star: minimum" if landscape.minima else "",
    ]


def _first_seed(comparison: Comparison) -> int:
    """Return the first seed that judges, or the first at all if none does."""
    seeds = [run.config.seed for run in comparison.recorded]
    return next((seed for seed in seeds if seed not in comparison.tuning_seeds), seeds[0])
