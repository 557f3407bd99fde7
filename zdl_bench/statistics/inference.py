"""Paired differences: the interval of their mean, tests, and how many seeds a family of tests needs."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from zdl_bench.run.run import Floats

ALPHA = 0.05
"""Level of a family of tests."""
MIN_SEEDS = 6
"""Fewer seeds decide nothing: with five, the smallest p of the sign-flip test is 2**-4 = 0.0625."""
MAX_EXACT = 16
"""Up to so many differences, all 2**n sign flips are tried."""
RANDOM_FLIPS = 100_000
TIE_TOLERANCE = 1e-12
"""Of the sum of magnitudes: sums that differ by rounding alone are ties."""


class Interval(NamedTuple):
    """mean, low and high, each of shape (…); low and high are NaN if there are fewer than two values."""

    mean: Floats
    low: Floats
    high: Floats

    @classmethod
    def undefined(cls, mean: Floats) -> "Interval":
        return cls(mean, np.full_like(mean, np.nan), np.full_like(mean, np.nan))


def student_interval(values: Floats, confidence: float = 0.95) -> Interval:
    """Return the mean over the first axis of `values`, (n, …), with its Student's t interval.

    At n = 10 it covers as promised for differences from normal to log-gamma, and the bootstrap does not.
    """
    n, mean = len(values), values.mean(axis=0)
    if n < 2:
        return Interval.undefined(mean)
    low, high = stats.t.interval(confidence, n - 1)
    standard_error = stats.sem(values)
    return Interval(mean, mean + low * standard_error, mean + high * standard_error)


def tost_p(differences: Floats, margin: float) -> float:
    """Return p of the test for equivalence, that the mean of `differences`, (n,), lies within ±margin: two one-sided t tests.

    NaN if n < 2; 0 or 1 if all differences are equal.
    Source: Schuirmann 1987, J. Pharmacokinetics and Biopharmaceutics 15:657.
    """
    return max(_above_p(differences, -margin), _above_p(-differences, -margin))


def beyond_margin_p(differences: Floats, margin: float) -> float:
    """Return p of the test that the mean of `differences`, (n,), lies outside ±margin: twice the smaller of two one-sided p.

    NaN if n < 2; 0 or 1 if all differences are equal.
    """
    smaller = min(_above_p(differences, margin), _above_p(-differences, margin))
    return float(np.minimum(1.0, 2 * smaller))  # unlike min, it keeps NaN


def _above_p(differences: Floats, bound: float) -> float:
    """Return p of Student's one-sided test that the mean is above `bound`."""
    if len(differences) < 2 or not np.isfinite(differences).all():
        return math.nan
    if np.ptp(differences) == 0:
        return 0.0 if differences[0] > bound else 1.0
    return float(stats.ttest_1samp(differences, bound, alternative="greater").pvalue)


def sign_flip_p(differences: Floats, *, seed: int = 0) -> float:
    """Return the two-sided p of the permutation test that `differences`, (n,), have mean 0, so that either sign is as likely.

    Exact for n ≤ 16, so that p is at least 2**(1 - n). Beyond that it comes from 100,000 random flips of a generator with
    `seed`, and the observed signs count as one more. 1 if all differences are 0; NaN if n is 0 or a difference is not finite.
    By hand, because SciPy's test takes 300 times as long.
    Source: Fisher 1935, The Design of Experiments, §21; Phipson & Smyth 2010 for the Monte Carlo p.
    """
    if len(differences) == 0 or not np.isfinite(differences).all():
        return math.nan
    sums = np.abs(_all_sums(differences) if len(differences) <= MAX_EXACT else _random_sums(differences, seed))
    tie = TIE_TOLERANCE * float(np.abs(differences).sum())
    return float(np.mean(sums >= sums[0] - tie))


def _all_sums(differences: Floats) -> Floats:
    """Return the sums under all flips; the first has the signs as observed."""
    sums = np.zeros(1)
    for difference in differences:
        sums = np.concatenate([sums + difference, sums - difference])
    return sums


def _random_sums(differences: Floats, seed: int) -> Floats:
    """Flip eight differences at a time: their sum is one of 256, drawn with a random byte, in a tenth of the time."""
    rng = np.random.default_rng(seed)
    sums = np.zeros(1 + RANDOM_FLIPS)
    for eight in np.split(differences, range(8, len(differences), 8)):
        flips = _all_sums(eight)
        sums[0] += flips[0]
        sums[1:] += flips[rng.integers(len(flips), size=RANDOM_FLIPS, dtype=np.uint8)]
    return sums


def holm(p_values: Sequence[float]) -> list[float]:
    """Return adjusted p-values, in the order given: a test is decided at level α if its adjusted p is at most α.

    An undefined p (NaN) stays undefined and counts as a member of the family.
    Source: Holm 1979, Scandinavian Journal of Statistics 6:65.
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p)  # NaN last
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return [float(value) for value in np.minimum(steps, 1.0)[np.argsort(order)]]


def seeds_needed(comparisons: float, alpha: float = ALPHA) -> int:
    """Return the number n of seeds that can decide a family: the sign-flip test's smallest p, 2**(1 − n), is at most α / m.

    comparisons: m; half as many if the tests are one-sided.
    """
    return max(MIN_SEEDS, math.ceil(math.log2(2 * comparisons / alpha)))
