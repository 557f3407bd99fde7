"""Beale's function: a flat valley between sharp peaks at the corners."""

from dataclasses import dataclass

from zdl_bench.kernels.elementary import power
from zdl_bench.problems.surface import Surface
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class Beale(Surface):
    """f = (1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)². Minimum 0 at (3, 0.5).

    Source: Beale 1958, On an iterative method for finding a local minimum of a function of more than one variable; the
    start (1, 1) is from Moré, Garbow & Hillstrom 1981, Testing unconstrained optimization software.
    """

    start: tuple[float, ...] = (1.0, 1.0)

    domain = ((-4.5, 4.5), (-4.5, 4.5))
    minima = ((3.0, 0.5),)

    def height(self, x: Floats, y: Floats) -> Floats:
        residuals = _residuals(x, y)
        return power(residuals[0], 2) + power(residuals[1], 2) + power(residuals[2], 2)

    def slope(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        one, two, three = _residuals(x, y)
        dx = one * (y - 1) + two * (y * y - 1) + three * (power(y, 3) - 1)
        dy = x * (one + 2 * two * y + 3 * three * (y * y))
        return 2 * dx, 2 * dy


def _residuals(x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    return 1.5 - x + x * y, 2.25 - x + x * (y * y), 2.625 - x + x * power(y, 3)
