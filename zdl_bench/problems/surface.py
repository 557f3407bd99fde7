"""The base of functions of two parameters: each is a landscape f(x, y) that a figure can show."""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zdl_bench.errors import require
from zdl_bench.problems.analytic import AnalyticSpec
from zdl_bench.problems.problem import Domain, Point
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class Surface(AnalyticSpec):
    """A function f(x, y) as its source prints it.

    start: the start of all runs, (x, y).
    domain: the region of the figures. minima: the global minima. lowest: f*, the value there.
    contours: the lowest and the highest contour of the figures; None for those that fit the domain.
    """

    start: tuple[float, ...] = (0.0, 0.0)

    domain: ClassVar[Domain]
    minima: ClassVar[tuple[Point, ...]] = ()
    lowest: ClassVar[float] = 0.0
    contours: ClassVar[tuple[float, float] | None] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        is_point = len(self.start) == 2 and all(math.isfinite(x) for x in self.start)
        require("problem.start", list(self.start), is_point, "a start is two finite numbers, for example 'problem.start=[1,2]'")

    @abstractmethod
    def height(self, x: Floats, y: Floats) -> Floats:
        """Return f(x, y), elementwise."""

    @abstractmethod
    def slope(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return ∂f/∂x and ∂f/∂y, elementwise."""

    def value(self, w: Floats) -> Floats:
        """Return f − f* in float64, whatever the dtype: it cancels near a minimum, where rounding must not make it negative."""
        gap = np.asarray(self.height(*np.asarray(w, np.float64)) - self.lowest)
        return np.maximum(gap, 0) if self.minima else gap

    def gradient(self, w: Floats) -> Floats:
        return np.stack(self.slope(*w))
