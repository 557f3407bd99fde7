"""The base class of functions of two parameters, whose landscape f(x, y) a figure can show."""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zdl_bench.errors import require
from zdl_bench.kernels.exponentials import select
from zdl_bench.problems.analytic import AnalyticSpec
from zdl_bench.problems.problem import Domain, Point
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class Surface(AnalyticSpec):
    """A function f(x, y). The docstring of each subclass gives the formula and names its source.

    start: the starting point (x, y) of all runs, before the random displacement.
    domain: the region that figures show. minima: the global minima. lowest: f*, the value of f at the global minima.
    contours: the lowest and the highest contour in figures, or None to choose contours that fit the domain.
    """

    start: tuple[float, ...] = (0.0, 0.0)

    domain: ClassVar[Domain]
    minima: ClassVar[tuple[Point, ...]] = ()
    lowest: ClassVar[float] = 0.0
    contours: ClassVar[tuple[float, float] | None] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        is_point = len(self.start) == 2 and all(math.isfinite(x) for x in self.start)
        require("problem.start", list(self.start), is_point, "a start must be two finite numbers, as in 'problem.start=[1,2]'")

    @abstractmethod
    def height(self, x: Floats, y: Floats) -> Floats:
        """Return f(x, y), elementwise."""

    @abstractmethod
    def slope(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return ∂f/∂x and ∂f/∂y, elementwise."""

    def value(self, w: Floats) -> Floats:
        """Return f − f*, in float64 because the difference cancels near a minimum. Gaps below 0, due to rounding, become 0."""
        gap = np.asarray(self.height(*np.asarray(w, np.float64)) - self.lowest)
        return select(gap < 0, 0, gap) if self.minima else gap

    def gradient(self, w: Floats) -> Floats:
        return np.stack(self.slope(*w))
