"""The Styblinski–Tang function: four wells of three depths."""

from dataclasses import dataclass

from zdl_bench.kernels.elementary import power
from zdl_bench.problems.surface import Surface
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class StyblinskiTang(Surface):
    """f = ½ (x⁴ − 16x² + 5x + y⁴ − 16y² + 5y). Minimum −78.33233 at (−2.90353, −2.90353).

    Both coordinates of the minimum are the lowest root of 4x³ − 32x + 5. The local minima are 14.1 and 28.3 above the global
    minimum.

    Source: Styblinski & Tang 1990, Experiments in nonconvex optimization (Neural Networks 3).
    """

    start: tuple[float, ...] = (0.0, 0.0)

    domain = ((-5.0, 5.0), (-5.0, 5.0))
    minima = ((-2.9035340277711771, -2.9035340277711771),)
    lowest = -78.332331407542831

    def height(self, x: Floats, y: Floats) -> Floats:
        return (power(x, 4) - 16 * (x * x) + 5 * x + power(y, 4) - 16 * (y * y) + 5 * y) / 2

    def slope(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        return 2 * power(x, 3) - 16 * x + 2.5, 2 * power(y, 3) - 16 * y + 2.5
