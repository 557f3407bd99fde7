"""The exponential function and the hyperbolic tangent, in float32 and float64."""

import math
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

LOG2_E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
"""ln 2 in two parts; an integer times the first is exact (fdlibm, e_log.c)."""


def select(condition: Any, chosen: Any, other: Any) -> Any:
    """Return `chosen` where the condition holds and `other` elsewhere, like `np.where`."""
    return np.where(condition, chosen, other)


class Exponentials(NamedTuple):
    """Functions of one dtype. x = n·ln 2 + ln(1 + q) with an integer n is the form that exp and tanh start from."""

    reduce: Callable[[Any], tuple[Any, Any]]
    two_to: Callable[[Any], Any]
    exp: Callable[[Any], Any]
    tanh: Callable[[Any], Any]


@cache
def exponentials(dtype: np.dtype) -> Exponentials:
    """Return the functions for float32 or float64. All constants have that dtype, so no operation is done in another one."""
    is_double = dtype == np.float64
    real: Any = np.float64 if is_double else np.float32
    whole: Any = np.int64 if is_double else np.int32
    digits, bias = (52, 1023) if is_double else (23, 127)
    ln2_high, ln2_low = map(real, (LN2_HIGH, LN2_LOW) if is_double else (0.693359375, -2.12194440e-4))
    lowest, highest, largest_tanh = map(real, (-746, 710, 80) if is_double else (-104, 89, 40))
    zero, one, two, log2e, round_off = map(real, (0, 1, 2, LOG2_E, 1.5 * (1 << digits)))
    first, *terms = (real(1 / math.factorial(n)) for n in range(13 if is_double else 8, 1, -1))
    others, round_off_bits = tuple(terms), round_off.view(whole)

    def reduce(x: Any) -> tuple[Any, Any]:
        x = select(x < lowest, lowest, x)
        x = select(x > highest, highest, x)
        shifted = x * log2e + round_off  # the low bits of the sum hold n
        n = shifted - round_off
        r = (x - n * ln2_high) - n * ln2_low
        p = first
        for term in others:
            p = p * r + term
        return whole(real(shifted).view(whole) - round_off_bits), r + (r * r) * p

    def two_to(n: Any) -> Any:
        return whole((n + whole(bias)) << whole(digits)).view(real)

    def exp(x: Any) -> Any:
        n, q = reduce(x)
        half = n >> whole(1)
        return ((one + q) * two_to(half)) * two_to(n - half)

    def tanh(x: Any) -> Any:
        y = two * select(x < zero, -x, x)
        n, q = reduce(-select(y > largest_tanh, largest_tanh, y))
        scale = two_to(n)
        e = scale * q + (scale - one)  # exp(−2|x|) − 1
        t = -e / (two + e)
        return select(x < zero, -t, select(x > zero, t, x))

    return Exponentials(reduce, two_to, exp, tanh)
