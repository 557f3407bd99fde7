"""Rosenbrock's banana: a curved, flat-bottomed valley."""

from dataclasses import dataclass

from zdl_bench.kernels.elementary import power
from zdl_bench.problems.surface import Surface
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class Rosenbrock(Surface):
    """f = (1 − x)² + 100 (y − x²)². Minimum 0 at (1, 1). The start is the one in Rosenbrock's paper.

    Source: Rosenbrock 1960, An automatic method for finding the greatest or least value of a function.
    """

    start: tuple[float, ...] = (-1.2, 1.0)

    domain = ((-2.0, 2.0), (-1.0, 3.0))
    minima = ((1.0, 1.0),)

    def height(self, x: Floats, y: Floats) -> Floats:
        return power(1 - x, 2) + 100 * power(y - x * x, 2)

    def slope(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        valley = y - x * x
        return -2 * (1 - x) - 400 * x * valley, 200 * valley
