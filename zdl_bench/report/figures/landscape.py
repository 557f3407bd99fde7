"""A function of two parameters as contours, on which paths are drawn."""

from typing import Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize

from zdl_bench.run.run import Floats

LEVELS = 35
GRID_POINTS = 241
LOWEST_SHARE = 1e-3
"""Height of the lowest contour, as a share of the median height in the domain, unless the landscape says."""
FAR = 50
"""Widths of the domain up to which points outside are drawn: beyond, a renderer would overflow."""


class Landscape(Protocol):
    """domain: (x_low, x_high), (y_low, y_high). minima: the global ones; empty if there is none.

    contours: lowest and highest contour; None for those that fit the domain.
    """

    domain: tuple[tuple[float, float], tuple[float, float]]
    minima: tuple[tuple[float, ...], ...]
    contours: tuple[float, float] | None

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
    axes.set(xlim=landscape.domain[0], ylim=landscape.domain[1], xlabel="x", ylabel="y")
    axes.grid(visible=False)
    return axes


def drawable(points: Floats, landscape: Landscape) -> Floats:
    """Return the finite points of a path, (n, 2), those far outside brought nearer."""
    lows, highs = np.array(landscape.domain).T
    reach = FAR * (highs - lows)
    finite = points[np.isfinite(points).all(axis=1)]
    return np.asarray(np.clip(finite, lows - reach, highs + reach))
