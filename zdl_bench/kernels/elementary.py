"""Elementary functions whose bits are the same on every machine.

They consist of +, −, ×, ÷ and integer operations alone, which IEEE 754 defines to the last bit. Each is written once: NumPy
applies it to arrays, and numba compiles the same lines for single elements. Optimizers and schedules should use these
functions instead of `np.exp`, `math.cos` and the like, whose last bits depend on the machine.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, TypeVar

import numpy as np

from zdl_bench.run.run import Floats

Function = Callable[[Any], Any]
Number = TypeVar("Number", float, Floats)

LOG2_E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
"""ln 2 in two parts; an integer times the first is exact (fdlibm, e_log.c)."""
LOG_TERMS = (
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
    1.818357216161805012e-01,
    1.531383769920937332e-01,
    1.479819860511658591e-01,
)
"""Coefficients for the logarithm (fdlibm, e_log.c)."""
SIN_TERMS = (
    1.58969099521155010221e-10,
    -2.50507602534068634195e-08,
    2.75573137070700676789e-06,
    -1.98412698298579493134e-04,
    8.33333333332248946124e-03,
    -1.66666666666666324348e-01,
)
"""Coefficients for the sine, from the highest power on (fdlibm, k_sin.c)."""
COS_TERMS = (
    -1.13596475577881948265e-11,
    2.08757232129817482790e-09,
    -2.75573143513906633035e-07,
    2.48015872894767294178e-05,
    -1.38888888888741095749e-03,
    4.16666666666666019037e-02,
)
"""Coefficients for the cosine, from the highest power on (fdlibm, k_cos.c)."""


def exp(x: Any) -> Any:
    """Return eˣ in the dtype of `x`, float32 or float64. The error is below 1 unit in the last place."""
    x = np.asarray(x)
    return exponentials(x.dtype).exp(x)


def tanh(x: Any) -> Any:
    """Return tanh x in the dtype of `x`, float32 or float64. The error is below 3 units in the last place."""
    x = np.asarray(x)
    return exponentials(x.dtype).tanh(x)


def log(x: Any) -> Any:
    """Return ln x in the dtype of `x`, computed in float64: −∞ at 0, and x itself if x is negative or not finite."""
    x = np.asarray(x)
    return log_of_double(x.astype(np.float64)).astype(x.dtype)


def sin_pi(x: Any) -> Any:
    """Return sin πx in the dtype of `x`, computed in float64."""
    x = np.asarray(x)
    return sin_pi_of_double(x.astype(np.float64)).astype(x.dtype)


def cos_pi(x: Any) -> Any:
    """Return cos πx in the dtype of `x`, computed in float64."""
    x = np.asarray(x)
    return cos_pi_of_double(x.astype(np.float64)).astype(x.dtype)


def power(base: Number, exponent: int) -> Number:
    """Return baseⁿ for an integer n ≥ 0 by repeated squaring, for a number or elementwise."""
    raised: Number = power_from(1.0, base, exponent)
    return raised


def power_from(result: Any, base: Any, exponent: int) -> Any:
    """Return result · baseⁿ."""
    while exponent > 0:
        if exponent & 1:
            result = result * base
        base = base * base
        exponent >>= 1
    return result


def geometric(start: float, stop: float, count: int) -> Floats:
    """Return `count` numbers from start to stop, both above 0, whose ratios are equal, shape (count,), float64."""
    shares = np.arange(count) / max(1, count - 1)
    low, high = log(np.array([start, stop], np.float64))
    values: Floats = exp(low + (high - low) * shares)
    values[:1], values[1:][-1:] = start, stop
    return values


def select(condition: Any, chosen: Any, other: Any) -> Any:
    """Return `chosen` where the condition holds and `other` elsewhere, like `np.where`."""
    return np.where(condition, chosen, other)


class Exponentials(NamedTuple):
    """Functions of one dtype. x = n·ln 2 + ln(1 + q) with an integer n is the form that exp and tanh start from."""

    reduce: Callable[[Any], tuple[Any, Any]]
    two_to: Function
    exp: Function
    tanh: Function


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
        return select(x < zero, -t, t)

    return Exponentials(reduce, two_to, exp, tanh)


def log_of_double(x: Any) -> Any:
    tiny = x < 2.2250738585072014e-308
    scaled = select(tiny, x * 18014398509481984.0, x)
    bits = np.float64(scaled).view(np.int64) + (0x3FF0000000000000 - 0x3FE6A09E00000000)
    k = np.float64((bits >> 52) - 1023) - select(tiny, 54.0, 0.0)
    f = np.int64((bits & 0x000FFFFFFFFFFFFF) + 0x3FE6A09E00000000).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    odd = w * (LOG_TERMS[1] + w * (LOG_TERMS[3] + w * LOG_TERMS[5]))
    even = z * (LOG_TERMS[0] + w * (LOG_TERMS[2] + w * (LOG_TERMS[4] + w * LOG_TERMS[6])))
    h = 0.5 * f * f
    y = k * LN2_HIGH - ((h - (s * (h + (even + odd)) + k * LN2_LOW)) - f)
    return select((x > 0.0) & (x < np.inf), y, select(x == 0.0, -np.inf, x))


def sin_pi_of_double(x: Any) -> Any:
    """Return sin πx: x = n/2 + r with |r| ≤ ¼, and n mod 4 picks ±sin πr or ±cos πr."""
    quarter, sine, cosine = sine_and_cosine(x)
    return select(quarter == 0.0, sine, select(quarter == 1.0, cosine, select(quarter == 2.0, -sine, -cosine)))


def cos_pi_of_double(x: Any) -> Any:
    quarter, sine, cosine = sine_and_cosine(x)
    return select(quarter == 0.0, cosine, select(quarter == 1.0, -sine, select(quarter == 2.0, -cosine, sine)))


def sine_and_cosine(x: Any) -> tuple[Any, Any, Any]:
    """Return n mod 4, sin πr and cos πr."""
    n = np.rint(2.0 * x)
    r = (x - 0.5 * n) * math.pi
    z = r * r
    s, c = 0.0, 0.0
    for term in SIN_TERMS:
        s = s * z + term
    for term in COS_TERMS:
        c = c * z + term
    return n - 4.0 * np.floor(0.25 * n), r + r * (z * s), 1.0 - (0.5 * z - (z * z) * c)
