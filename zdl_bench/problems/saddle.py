"""A saddle. The function has no minimum, and a run has to find the way down."""

from dataclasses import dataclass

from zdl_bench.problems.surface import Surface
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class Saddle(Surface):
    """f = x² − y², which is unbounded below. The loss is f itself.

    The start lies close to the line y = 0, which leads to the saddle point at the origin. f < 0 means that a run has left the
    saddle point.

    Source: the standard example of an indefinite Hessian; Dauphin et al. 2014, arXiv:1406.2572.
    """

    start: tuple[float, ...] = (-1.5, 0.01)

    domain = ((-2.0, 2.0), (-2.0, 2.0))
    minima = ()

    def height(self, x: Floats, y: Floats) -> Floats:
        return x * x - y * y

    def slope(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        return 2 * x, -2 * y
