"""Tests of a mean of paired differences against a practical margin."""

import math

import numpy as np
from scipy import stats

from zdl_bench.run.run import Floats


def tost_p(differences: Floats, margin: float) -> float:
    """p of the test for equivalence, that the mean of `differences`, (n,), lies within ±margin: two one-sided t tests.

    NaN where n < 2; 0 or 1 where all differences are equal.
    Source: Schuirmann 1987, J. Pharmacokinetics and Biopharmaceutics 15:657.
    """
    return max(_above_p(differences, -margin), _above_p(-differences, -margin))


def beyond_margin_p(differences: Floats, margin: float) -> float:
    """p of the test that the mean of `differences`, (n,), lies outside ±margin: twice the smaller of two one-sided p.

    NaN where n < 2; 0 or 1 where all differences are equal.
    """
    smaller = min(_above_p(differences, margin), _above_p(-differences, margin))
    return float(np.minimum(1.0, 2 * smaller))  # unlike min, it keeps NaN


def _above_p(differences: Floats, bound: float) -> float:
    """p of Student's one-sided test that the mean is above `bound`."""
    n = len(differences)
    if n < 2 or not np.isfinite(differences).all():
        return math.nan
    if np.ptp(differences) == 0:
        return 0.0 if differences[0] > bound else 1.0
    standard_error = differences.std(ddof=1) / math.sqrt(n)
    return float(stats.t.sf((differences.mean() - bound) / standard_error, n - 1))
