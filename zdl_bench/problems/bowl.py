"""The bowl of Saito's book, much steeper along y than along x."""

from dataclasses import dataclass

from zdl_bench.problems.surface import Surface
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class Bowl(Surface):
    """f = x²/20 + y². Minimum 0 at the origin.

    Each step of SGD multiplies x by 1 − lr/10 and y by 1 − 2·lr. The contours are those in the figures of the book.
    Source: Saito 2016, Deep Learning from Scratch (O'Reilly Japan), section 6.1.
    """

    start: tuple[float, ...] = (-7.0, 2.0)

    domain = ((-10.0, 10.0), (-3.0, 3.0))
    minima = ((0.0, 0.0),)
    contours = (1e-3, 1e2)

    def height(self, x: Floats, y: Floats) -> Floats:
        return x * x / 20 + y * y

    def slope(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        return x / 10, 2 * y
