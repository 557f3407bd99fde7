"""Draw the contours of a function of two parameters, as the background of paths."""

from typing import Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize

from zdl_bench.run.run import Floats

LEVELS = 35
GRID_POINTS = 241
LOWEST_SHARE = 1e-3
"""Height of the lowest contour as a share of the median height in the domain, if the landscape specifies no contours."""
FAR = 50
"""Largest distance from the domain at which points are drawn, in widths of the domain.

Points farther away would make a renderer overflow.
"""


class Landscape(Protocol):
    """A function of two parameters that can be drawn as contours.

    domain: (x_low, x_high), (y_low, y_high). minima: the global minima; empty if the function has no minimum.
    contours: heights of the lowest and the highest contour, or None to derive them from the heights in the domain.
    """

    domain: tuple[tuple[float, float], tuple[float, float]]
    minima: tuple[tuple[float, ...], ...]
    contours: tuple[float, float] | None

    def value(self, w: Floats) -> Floats:
        """Return the gap to the minimum, or the function itself if it has no minimum. Shapes: (2, …) → (…)."""
        ...


def draw_landscape(landscape: Landscape, axes: Axes) -> Axes:
    """Draw contours, and a star on each minimum.

    The levels of the contours are equally spaced on a log scale, or on a linear scale if there is no minimum.
    """
    xs, ys = (np.linspace(low, high, GRID_POINTS) for low, high in landscape.domain)
    heights = landscape.value(np.array(np.meshgrid(xs, ys)))
    norm: Normalize
    if landscape.minima:
        low, high = landscape.contours or (LOWEST_SHARE * float(np.median(heights)), float(heights.max()))
        levels, norm = np.geomspace(low, high, LEVELS), LogNorm(low, high)
        heights = np.maximum(heights, low / 10)  # a log scale has no 0
    else:
        levels, norm = np.linspace(heights.min(), heights.max(), LEVELS), Normalize(heights.min(), heights.max())
    axes.contour(xs, ys, heights, levels=levels, norm=norm, cmap="viridis", linewidths=0.6, alpha=0.7, zorder=1)
    for x, y in landscape.minima:
        axes.plot(x, y, marker="*", markersize=11, color="black", markeredgecolor="white", linestyle="", zorder=4)
    axes.set(xlim=landscape.domain[0], ylim=landscape.domain[1], xlabel="x", ylabel="y")
    axes.grid(visible=False)
    return axes


def drawable(points: Floats, landscape: Landscape) -> Floats:
    """Return the finite points of a path, shape (n, 2). Points far outside the domain are moved nearer to it."""
    lows, highs = np.array(landscape.domain).T
    reach = FAR * (highs - lows)
    finite = points[np.isfinite(points).all(axis=1)]
    return np.asarray(np.clip(finite, lows - reach, highs + reach))
