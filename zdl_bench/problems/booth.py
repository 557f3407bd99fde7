"""Booth's function: a quadratic whose principal axes are rotated against the coordinate axes."""

from dataclasses import dataclass

from zdl_bench.kernels.elementary import power
from zdl_bench.problems.surface import Surface
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class Booth(Surface):
    """f = (x + 2y − 7)² + (2x + y − 5)². Minimum 0 at (1, 3).

    The Hessian has the eigenvalues 2 and 18, with eigenvectors along the diagonals. A step size per coordinate therefore cannot
    improve the conditioning.

    Source: A. D. Booth, as given by Jamil & Yang 2013, A literature survey of benchmark functions, arXiv:1308.4008, no. 17.
    """

    start: tuple[float, ...] = (-8.0, -4.0)

    domain = ((-10.0, 10.0), (-10.0, 10.0))
    minima = ((1.0, 3.0),)

    def height(self, x: Floats, y: Floats) -> Floats:
        return power(x + 2 * y - 7, 2) + power(2 * x + y - 5, 2)

    def slope(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        one, two = x + 2 * y - 7, 2 * x + y - 5
        return 2 * one + 4 * two, 4 * one + 2 * two
