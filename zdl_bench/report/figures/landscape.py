"""A function of two parameters as contours, on which paths are drawn."""

from typing import Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize

from zdl_bench.run.run import Floats

LEVELS = 35
GRID_POINTS = 241
LOWEST_SHARE = 1e-3
"""The lowest contour, as a share of the median height in the domain, where the landscape does not say."""
FAR = 50
"""Points are drawn as far outside as so many widths of the domain: beyond, a renderer would overflow."""


class Landscape(Protocol):
    """domain: (x_low, x_high), (y_low, y_high). minima: the global ones; empty where there is none.

    contours: lowest and highest contour; None for those that fit the domain.
    """

    @property
    def domain(self) -> tuple[tuple[float, float], tuple[float, float]]: ...

    @property
    def minima(self) -> tuple[tuple[float, ...], ...]: ...

    @property
    def contours(self) -> tuple[float, float] | None: ...

    def value(self, w: Floats) -> Floats:
        """(2, …) → (…): the gap to the minimum, or the function itself where there is none."""
        ...


def draw_landscape(landscape: Landscape, axes: Axes) -> Axes:
    """Contours at logarithmic distances, at equal ones where there is no minimum; a star on each minimum."""
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
    """The finite points of a path, (n, 2), those far outside brought nearer."""
    lows, highs = np.array(landscape.domain).T
    reach = FAR * (highs - lows)
    finite = points[np.isfinite(points).all(axis=1)]
    return np.asarray(np.clip(finite, lows - reach, highs + reach))


def is_inside(points: Floats, landscape: Landscape) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Which points, (n, 2), lie in the domain; one that is not finite does not."""
    lows, highs = np.array(landscape.domain).T
    return np.asarray(((points >= lows) & (points <= highs)).all(axis=1))
