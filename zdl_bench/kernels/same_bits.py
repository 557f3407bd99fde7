"""The check that two implementations of a rule give the same bits."""

import numpy as np

from zdl_bench.kernels.in_place import Scalars, Update
from zdl_bench.run.run import Floats

SAMPLE_SIZE = 512
"""Elements per comparison."""
COMPARISONS = 8
"""Comparisons per pair of magnitudes, each with new scalars."""
MAGNITUDES = (((-8, 3), (-1, 0)), ((-30, 30), (-6, 6)))
"""Powers of ten of the vectors and of the scalars, first for a normal training run, then for a run that diverges."""


def gives_same_bits(update: Update, expected: Update, dtype: np.dtype, buffers: int, scalars: int) -> bool:
    """Return whether two updates of a rule give the same bits on random numbers; False if either update fails.

    buffers: the number of state vectors. scalars: the number of scalars.
    """
    rng = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        for of_vectors, of_scalars in MAGNITUDES * COMPARISONS:
            vectors = _sample(rng, (2 + buffers, SAMPLE_SIZE), of_vectors).astype(dtype)
            coefficients = tuple(np.abs(_sample(rng, (scalars,), of_scalars)).astype(dtype))
            ours, theirs = _apply(update, vectors, coefficients), _apply(expected, vectors, coefficients)
            if ours is None or theirs is None or not _are_same_bits(ours, theirs):
                return False
    return True


def _sample(rng: np.random.Generator, shape: tuple[int, ...], magnitudes: tuple[int, int]) -> Floats:
    """Draw random numbers: scalars never 0 or 1, which would hide rounding; vectors with some zeros; states never negative."""
    values = np.asarray(rng.uniform(1, 10, shape) * 10.0 ** rng.integers(*magnitudes, shape))
    if len(shape) == 1:
        return values
    values *= rng.choice([-1, 0, 1], shape, p=[0.45, 0.1, 0.45])
    values[2:] = np.abs(values[2:])
    return values


def _apply(update: Update, vectors: Floats, scalars: Scalars) -> Floats | None:
    """Return w and the state after one update, or None if the update fails."""
    w, g, *state = vectors.copy()
    try:
        update(w, g, tuple(state), scalars)
    except Exception:
        return None
    return np.array([w, *state])


def _are_same_bits(ours: Floats, theirs: Floats) -> bool:
    """Return whether two arrays have the same bits, where any NaN equals any other NaN."""
    signs_differ = np.signbit(ours) != np.signbit(theirs)
    return np.array_equal(ours, theirs, equal_nan=True) and not np.any(signs_differ & ~np.isnan(ours))
