"""Intervals of a mean."""

from typing import NamedTuple

import numpy as np
from scipy import stats

from zdl_bench.run.run import Floats


class Interval(NamedTuple):
    """mean, low and high, each of shape (…); low and high are NaN where there are fewer than two values."""

    mean: Floats
    low: Floats
    high: Floats


def student_interval(values: Floats, confidence: float = 0.95) -> Interval:
    """Mean over the first axis of `values`, (n, …), and its Student's t interval.

    At n = 10 it covers as promised for differences from normal to log-gamma, where the bootstrap does not.
    """
    n = len(values)
    mean = values.mean(axis=0)
    if n < 2:
        undefined = np.full_like(mean, np.nan)
        return Interval(mean, undefined, undefined)
    half = stats.t.ppf(0.5 + confidence / 2, n - 1) * values.std(axis=0, ddof=1) / np.sqrt(n)
    return Interval(mean, mean - half, mean + half)
