"""The six-hump camel: six minima in three pairs of equal depth."""

from dataclasses import dataclass

from zdl_bench.kernels.elementary import power
from zdl_bench.problems.surface import Surface
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class SixHumpCamel(Surface):
    """f = (4 − 2.1x² + x⁴/3) x² + xy + (4y² − 4) y². Minimum −1.03163 at ±(0.08984, −0.71266).

    The local minima lie at ±(1.70361, −0.79608) with f = −0.21546 and at ±(1.60710, 0.56865) with f = 2.10425.

    Source: Dixon & Szegő 1978, Towards global optimisation 2 (North-Holland).
    """

    start: tuple[float, ...] = (-0.5, 1.2)

    domain = ((-2.0, 2.0), (-1.5, 1.5))
    minima = ((0.089842013100318062, -0.71265640302073963), (-0.089842013100318062, 0.71265640302073963))
    lowest = -1.0316284534898774

    def height(self, x: Floats, y: Floats) -> Floats:
        return (4 - 2.1 * (x * x) + power(x, 4) / 3) * (x * x) + x * y + (4 * (y * y) - 4) * (y * y)

    def slope(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        return 8 * x - 8.4 * power(x, 3) + 2 * power(x, 5) + y, x + 16 * power(y, 3) - 8 * y
