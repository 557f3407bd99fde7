"""Rastrigin's function: a bowl full of local minima, one near every point with integer coordinates."""

from dataclasses import dataclass

import numpy as np

from zdl_bench.kernels.elementary import power, sin_pi
from zdl_bench.problems.surface import Surface
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class Rastrigin(Surface):
    """f = 20 + x² − 10 cos 2πx + y² − 10 cos 2πy. Minimum 0 at the origin.

    f is computed as x² + 20 sin² πx + y² + 20 sin² πy, which avoids cancellation near the minimum. The lowest local minima lie
    at (±0.99496, 0) and (0, ±0.99496) with f = 0.99496. The start lies in the basin of (−1.98991, 0.99496) with f = 4.97479.

    Source: Rastrigin 1974, Systems of extremal control (Nauka).
    """

    start: tuple[float, ...] = (-2.2, 1.1)

    domain = ((-5.12, 5.12), (-5.12, 5.12))
    minima = ((0.0, 0.0),)

    def height(self, x: Floats, y: Floats) -> Floats:
        return np.asarray(x * x + 20 * power(sin_pi(x), 2) + y * y + 20 * power(sin_pi(y), 2))

    def slope(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        return 2 * x + 20 * np.pi * sin_pi(2 * x), 2 * y + 20 * np.pi * sin_pi(2 * y)
