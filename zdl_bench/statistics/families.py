"""Several comparisons that are judged together."""

import math
from collections.abc import Sequence

import numpy as np

ALPHA = 0.05
"""Level of a family of tests."""
MIN_SEEDS = 6
"""Fewer seeds decide nothing: with five, the smallest p of the sign-flip test is 2**-4 = 0.0625."""


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given: a test is decided at level α where its adjusted p is at most α.

    An undefined p (NaN) stays undefined and counts as a member of the family.
    Source: Holm 1979, Scandinavian Journal of Statistics 6:65.
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p)  # NaN last
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1.0)
    return [float(value) for value in adjusted]


def seeds_needed(comparisons: float, alpha: float = ALPHA) -> int:
    """Number n of seeds from which a family can be decided: the sign-flip test's smallest p, 2**(1 − n), is at most α / m.

    comparisons: m; half as many where the tests are one-sided.
    """
    return max(MIN_SEEDS, math.ceil(math.log2(2 * comparisons / alpha)))
