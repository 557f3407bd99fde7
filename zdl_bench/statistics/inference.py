"""Paired differences: the interval of their mean, tests, and how many seeds a family of tests needs."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special, stats

from zdl_bench.run.run import Floats

ALPHA = 0.05
"""Significance level of a family of tests."""
MIN_SEEDS = 6
"""The fewest seeds that can decide anything. With five seeds, the smallest p-value of the sign-flip test is 2**-4 = 0.0625."""
MAX_EXACT = 16
"""Largest number n of differences for which all 2**n sign flips are tried."""
RANDOM_FLIPS = 100_000
EXACT_TOLERANCE = 1e-12
"""The difference of deterministic runs that counts as rounding."""
TIE_TOLERANCE = 1e-12
"""The difference between two sums that counts as rounding, and thus as a tie, as a share of the sum of magnitudes."""


class Interval(NamedTuple):
    """A mean with the ends of its interval, each of shape (…). The ends are NaN if there are fewer than two values."""

    mean: Floats
    low: Floats
    high: Floats

    @classmethod
    def undefined(cls, mean: Floats) -> "Interval":
        return cls(mean, np.full_like(mean, np.nan), np.full_like(mean, np.nan))


def student_interval(values: Floats, confidence: float = 0.95) -> Interval:
    """Return the mean over the first axis of `values`, (n, …), with its Student's t interval.

    At n = 10 this interval has its nominal coverage for normal to log-gamma differences. A bootstrap interval does not.
    """
    n, mean = len(values), values.mean(axis=0)
    if n < 2:
        return Interval.undefined(mean)
    half = special.stdtrit(n - 1, (1 + confidence) / 2) * values.std(axis=0, ddof=1) / math.sqrt(n)
    return Interval(mean, mean - half, mean + half)


def tost_p(differences: Floats, margin: float) -> float:
    """Return the p-value of the equivalence test that the mean of `differences`, (n,), lies within ±margin.

    The test consists of two one-sided t tests. NaN if n < 2; 0 or 1 if all differences are equal.
    Source: Schuirmann 1987, J. Pharmacokinetics and Biopharmaceutics 15:657.
    """
    return max(_above_p(differences, -margin), _above_p(-differences, -margin))


def beyond_margin_p(differences: Floats, margin: float) -> float:
    """Return the p-value of the test that the mean of `differences`, (n,), lies outside ±margin.

    The p-value is twice the smaller of two one-sided p-values. NaN if n < 2; 0 or 1 if all differences are equal.
    """
    smaller = min(_above_p(differences, margin), _above_p(-differences, margin))
    return float(np.minimum(1.0, 2 * smaller))  # np.minimum keeps NaN, min does not


def _above_p(differences: Floats, bound: float) -> float:
    """Return the p-value of Student's one-sided test that the mean is above `bound`."""
    if len(differences) < 2 or not np.isfinite(differences).all():
        return math.nan
    if np.ptp(differences) == 0:
        return 0.0 if differences[0] > bound else 1.0
    return float(stats.ttest_1samp(differences, bound, alternative="greater").pvalue)


def sign_flip_p(differences: Floats, *, seed: int = 0) -> float:
    """Return the two-sided p-value of the permutation test that `differences`, (n,), have mean 0.

    Under that hypothesis, both signs of a difference are equally likely. The p-value is exact for n ≤ 16, and so at least
    2**(1 - n). For larger n it comes from 100,000 random sign flips, drawn with `seed`, and the observed signs count as one
    more flip. 1 if all differences are 0; NaN if n is 0 or if a difference is not finite.
    Written by hand, because SciPy's test takes 300 times as long.
    Source: Fisher 1935, The Design of Experiments, §21; Phipson & Smyth 2010 for the Monte Carlo p-value.
    """
    if len(differences) == 0 or not np.isfinite(differences).all():
        return math.nan
    sums = np.abs(_all_sums(differences) if len(differences) <= MAX_EXACT else _random_sums(differences, seed))
    tie = TIE_TOLERANCE * float(np.abs(differences).sum())
    return float(np.mean(sums >= sums[0] - tie))


def sign_flip_ps(excess: Floats) -> tuple[float, float]:
    """Return the p-values for and against a claim that holds if the excess, (n,), is below 0."""
    return by_direction(sign_flip_p(excess), bool(excess.sum() < 0))


def by_direction(p: float, supports: bool) -> tuple[float, float]:
    """Return the p-values for and against a claim: the two-sided p-value for the direction of the effect, 1 for the other."""
    return (p, 1.0) if supports else (1.0, p)


def _all_sums(differences: Floats) -> Floats:
    """Return the sums of the differences under all sign flips, (2**n,); the first sum has the observed signs."""
    sums = np.zeros(1)
    for difference in differences:
        sums = np.concatenate([sums + difference, sums - difference])
    return sums


def _random_sums(differences: Floats, seed: int) -> Floats:
    """Return the sum with the observed signs, then the sums under random sign flips, (1 + RANDOM_FLIPS,).

    One random byte flips eight differences at once: it picks one of their 256 sums. This takes a tenth of the time.
    """
    rng = np.random.default_rng(seed)
    sums = np.zeros(1 + RANDOM_FLIPS)
    for eight in np.split(differences, range(8, len(differences), 8)):
        flips = _all_sums(eight)
        sums[0] += flips[0]
        sums[1:] += flips[rng.integers(len(flips), size=RANDOM_FLIPS, dtype=np.uint8)]
    return sums


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values adjusted by Holm's method, in the given order.

    A test is decided at level α if its adjusted p-value is at most α. An undefined p-value (NaN) stays undefined, and counts
    as a member of the family.
    Source: Holm 1979, Scandinavian Journal of Statistics 6:65.
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p)  # NaN last
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return [float(value) for value in np.minimum(steps, 1.0)[np.argsort(order)]]


def seeds_needed(comparisons: float, alpha: float = ALPHA) -> int:
    """Return the smallest number n of seeds, 6 or more, that can decide a family of m comparisons.

    With n seeds, the smallest p-value of the sign-flip test, 2**(1 − n), is at most α / m. comparisons: m, or m / 2 if the
    tests are one-sided.
    """
    return max(MIN_SEEDS, math.ceil(math.log2(2 * comparisons / alpha)))
