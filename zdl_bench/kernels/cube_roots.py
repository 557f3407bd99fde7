"""The cube root, in float32 and float64."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from zdl_bench.kernels.exponentials import select


@cache
def cube_root_of(dtype: np.dtype) -> Callable[[Any], Any]:
    """Return the cube root for float32 or float64. All constants have that dtype, so no operation is done in another one.

    A third of the bits, as an integer, is a guess to 4 %, since the exponent is in the high bits. Each round of Halley's
    method takes the error to the third power.
    """
    is_double = dtype == np.float64
    real: Any = np.float64 if is_double else np.float32
    whole: Any = np.int64 if is_double else np.int32
    start = whole(715094163 << 32 if is_double else 709958130)  # of fdlibm, s_cbrt.c
    zero, quarter, third, infinity, smallest = map(real, (0, 0.25, 1 / 3, np.inf, np.finfo(dtype).smallest_normal))
    powers_of_two = (18014398509481984.0, 3.814697265625e-06) if is_double else (16777216.0, 0.00390625)
    up, down = map(real, powers_of_two)  # 2⁵⁴ and 2⁻¹⁸, or 2²⁴ and 2⁻⁸
    rounds = 3 if is_double else 2

    def cube_root(x: Any) -> Any:
        size = select(x < zero, -x, x)
        is_tiny = size < smallest
        y = select(is_tiny, size * up, size)
        r = whole(whole(real(real(y).view(whole)) * third) + start).view(real)
        y = quarter * y
        for _ in range(rounds):
            cube = r * r * (quarter * r)  # a quarter, so that nothing overflows
            r = r - r * ((cube - y) / (cube + cube + y))
        r = select(is_tiny, r * down, r)
        return select((size > zero) & (size < infinity), select(x < zero, -r, r), x)

    return cube_root
