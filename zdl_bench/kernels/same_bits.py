"""Whether two ways to apply a rule give the same bits."""

import numpy as np

from zdl_bench.kernels.loops import Scalars, Update
from zdl_bench.run.run import Floats

SAMPLED = 512
"""Elements on which they are compared each time."""
DRAWN = 8
"""Times, each with other scalars."""
MAGNITUDES = (((-8, 3), (-1, 0)), ((-30, 30), (-6, 6)))
"""Powers of ten that vectors span, and scalars: those of a training, and those of one that explodes."""


def agree(update: Update, expected: Update, dtype: np.dtype, buffers: int, scalars: int) -> bool:
    """Compared on a sample of numbers, for so many state vectors and scalars. What cannot be done differs."""
    rng = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        for of_vectors, of_scalars in MAGNITUDES * DRAWN:
            vectors = _sample(rng, (2 + buffers, SAMPLED), of_vectors).astype(dtype)
            coefficients = tuple(np.abs(_sample(rng, (scalars,), of_scalars)).astype(dtype))
            if not _same_bits(_applied(update, vectors, coefficients), _applied(expected, vectors, coefficients)):
                return False
    return True


def _sample(rng: np.random.Generator, shape: tuple[int, ...], magnitudes: tuple[int, int]) -> Floats:
    """Of scalars none is 0 or 1, which would hide a rounding; of vectors some elements are 0, none of the state is negative."""
    values = np.asarray(rng.uniform(1, 10, shape) * 10.0 ** rng.integers(*magnitudes, shape))
    if len(shape) == 1:
        return values
    values *= rng.choice([-1, 0, 1], shape, p=[0.45, 0.1, 0.45])
    values[2:] = np.abs(values[2:])
    return values


def _applied(update: Update, vectors: Floats, scalars: Scalars) -> Floats | None:
    """w and the state after one step; None where it cannot be made."""
    w, g, *state = vectors.copy()
    try:
        update(w, g, tuple(state), scalars)
    except Exception:
        return None
    return np.array([w, *state])


def _same_bits(ours: Floats | None, theirs: Floats | None) -> bool:
    """NaN is NaN, whichever of its patterns it has."""
    if ours is None or theirs is None:
        return False
    numbers = ~np.isnan(ours)
    return np.array_equal(ours, theirs, equal_nan=True) and np.array_equal(
        np.signbit(ours[numbers]), np.signbit(theirs[numbers])
    )
