"""Elementary functions whose bits are the same on every machine.

They consist of +, −, ×, ÷ and integer operations alone, which IEEE 754 defines to the last bit. Each is written once: NumPy
applies it to arrays, and numba compiles the same lines for single elements. Optimizers and schedules should use these
functions instead of `np.exp`, `math.cos` and the like, whose last bits depend on the machine.
"""

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from zdl_bench.errors import require
from zdl_bench.kernels.cube_roots import cube_root_of
from zdl_bench.kernels.exponentials import LN2_HIGH, LN2_LOW, exponentials
from zdl_bench.kernels.exponentials import select as select  # noqa: PLC0414  (rules import it from here)
from zdl_bench.run.run import Floats

Function = Callable[[Any], Any]
Number = TypeVar("Number", float, Floats)

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
    x = _floats(x)
    return exponentials(x.dtype).exp(x)


def tanh(x: Any) -> Any:
    """Return tanh x in the dtype of `x`, float32 or float64. The error is below 3 units in the last place."""
    x = _floats(x)
    return exponentials(x.dtype).tanh(x)


def cube_root(x: Any) -> Any:
    """Return ∛x in the dtype of `x`, float32 or float64. The error is below 2 units in the last place."""
    x = _floats(x)
    return cube_root_of(x.dtype)(x)


def log(x: Any) -> Any:
    """Return ln x in the dtype of `x`, computed in float64: −∞ at 0, NaN if x is negative."""
    return _by_double(log_of_double, x)


def sin_pi(x: Any) -> Any:
    """Return sin πx in the dtype of `x`, computed in float64."""
    return _by_double(sin_pi_of_double, x)


def cos_pi(x: Any) -> Any:
    """Return cos πx in the dtype of `x`, computed in float64."""
    return _by_double(cos_pi_of_double, x)


def _by_double(function: Function, x: Any) -> Any:
    x = _floats(x)
    with np.errstate(over="ignore", invalid="ignore"):  # in the branches that `select` does not take
        return function(x.astype(np.float64)).astype(x.dtype)


def _floats(x: Any) -> Any:
    """Return an array of float32 unchanged, and all other numbers in float64."""
    x = np.asarray(x)
    return x if x.dtype == np.float32 else x.astype(np.float64, copy=False)


def power(base: Number, exponent: int) -> Number:
    """Return baseⁿ for an integer n ≥ 0 by repeated squaring, for a number or elementwise."""
    require("exponent", exponent, exponent >= 0, "give an integer of at least 0")
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
    return select((x > 0.0) & (x < np.inf), y, select(x == 0.0, -np.inf, select(x < 0.0, np.nan, x)))


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
