"""Himmelblau's function: four minima of equal depth."""

from dataclasses import dataclass

from zdl_bench.kernels.elementary import power
from zdl_bench.problems.surface import Surface
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class Himmelblau(Surface):
    """f = (x² + y − 11)² + (x + y² − 7)². Minimum 0 at four points. A run may find any of the four.

    Source: Himmelblau 1972, Applied nonlinear programming (McGraw-Hill).
    """

    start: tuple[float, ...] = (0.0, 0.0)

    domain = ((-5.0, 5.0), (-5.0, 5.0))
    minima = (
        (3.0, 2.0),
        (-2.8051180869527449, 3.1313125182505730),
        (-3.7793102533777469, -3.2831859912861694),
        (3.5844283403304917, -1.8481265269644036),
    )

    def height(self, x: Floats, y: Floats) -> Floats:
        return power(x * x + y - 11, 2) + power(x + y * y - 7, 2)

    def slope(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        one, two = x * x + y - 11, x + y * y - 7
        return 4 * x * one + 2 * two, 2 * one + 4 * y * two
