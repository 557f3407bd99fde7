"""A tilted double well, with the start in the basin of the local minimum."""

from dataclasses import dataclass

from zdl_bench.kernels.elementary import power
from zdl_bench.problems.surface import Surface
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class DoubleWell(Surface):
    """f = (x² − 1)² + 0.3x + y²/2. Minimum −0.30543 at (−1.03558, 0).

    The gradient vanishes at y = 0 and x = (2/√3) cos(⅓ arccos(−0.1125 √3) − 2πk/3), the roots of 4 (x³ − x + 0.075):

    | k | x | f | f − f* |
    |---|---|---|---|
    | 2 | −1.0355787141 | −0.3054284837 | 0, the global minimum |
    | 1 | 0.0754291586 | 1.0112820027 | 1.3167104865, the saddle between the wells |
    | 0 | 0.9601495555 | 0.2941464810 | 0.5995749648, the local minimum |

    Seen from the local minimum, the barrier is 0.7171355217 high. A gap f − f* below 0.5995 exists only in the basin of the
    global minimum, x < 0.0754. Only runs that escaped into that basin can therefore reach the last target, 0.3.

    Source: the quartic double well of statistical physics, tilted; on the escape, see Kramers 1940.
    """

    start: tuple[float, ...] = (1.5, 1.0)

    domain = ((-2.0, 2.0), (-2.0, 2.0))
    minima = ((-1.0355787140888537, 0.0),)
    lowest = -0.30542848374391597

    def height(self, x: Floats, y: Floats) -> Floats:
        return power(x * x - 1, 2) + 0.3 * x + y * y / 2

    def slope(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        return 4 * x * (x * x - 1) + 0.3, y
