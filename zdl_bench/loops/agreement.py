"""Whether two ways to apply a rule give the same bits."""

import numpy as np

from zdl_bench.loops.contract import Update
from zdl_bench.run import Floats

SAMPLED = 4_096
"""Elements on which they are compared."""


def agree(update: Update, expected: Update, dtype: np.dtype, buffers: int, scalars: int) -> bool:
    """Compared on numbers over many orders of magnitude, for so many state vectors and scalars. What cannot be done differs."""
    rng = np.random.default_rng(0)
    vectors = _sample(rng, dtype, 2 + buffers)
    coefficients = tuple(dtype.type(value) for value in rng.uniform(0.1, 1, scalars))  # no 0 or 1, which would hide a rounding
    found = []
    for each in (expected, update):
        params, grad, *state = (vector.copy() for vector in vectors)
        try:
            each(params, grad, tuple(state), coefficients)
        except (TypeError, ValueError):
            return False
        found.append([vector.tobytes() for vector in (params, *state)])
    return found[0] == found[1]


def _sample(rng: np.random.Generator, dtype: np.dtype, vectors: int) -> tuple[Floats, ...]:
    """w, g, *state: some of the numbers are 0; those of the state are not negative."""
    size = (vectors, SAMPLED)
    values = rng.standard_normal(size) * 10.0 ** rng.uniform(-8, 3, size) * (rng.random(size) > 0.1)
    values[2:] = np.abs(values[2:])
    return tuple(values.astype(dtype))
