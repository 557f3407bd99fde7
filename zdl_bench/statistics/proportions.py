"""Tests and intervals for outcomes with two values per seed: yes or no, or a win or a loss."""

import math
from typing import NamedTuple

import numpy as np
from scipy import special, stats

from zdl_bench.run.run import Floats


class WinRate(NamedTuple):
    """Wins, ties and losses of n pairs. rate: (wins + ties/2) / n, or NaN if n is 0."""

    rate: float
    wins: int
    ties: int
    losses: int


def win_rate(first: Floats, second: Floats) -> WinRate:
    """Return how often `first`, (n,), beats `second`, (n,), pair by pair.

    The lower value wins, so negate a metric if higher is better.
    A run without a value (NaN) loses to a run with a value; two runs without a value tie.
    """
    wins = int(np.sum((first < second) | (~np.isnan(first) & np.isnan(second))))
    losses = int(np.sum((second < first) | (~np.isnan(second) & np.isnan(first))))
    n = len(first)
    ties = n - wins - losses
    return WinRate((wins + ties / 2) / n if n else math.nan, wins, ties, losses)


def sign_test_p(wins: int, losses: int) -> float:
    """Return the exact two-sided p-value of the test that a win is as likely as a loss, or 1 without wins and losses.

    Ties are left out. If a win is a pair in which only the first side says yes, and a loss one in which only the second does,
    this tests two paired proportions for equality (McNemar 1947).
    """
    return min(1.0, 2 * float(special.bdtr(min(wins, losses), wins + losses, 0.5)))


def wilson_interval(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the lower and upper end of the confidence interval of the proportion successes / n, n ≥ 1.

    Source: Wilson 1927, Journal of the American Statistical Association 22:209.
    """
    low, high = stats.binomtest(successes, n).proportion_ci(confidence, method="wilson")
    return float(low), float(high)


def paired_proportion_interval(
    both: int, first_only: int, second_only: int, neither: int, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Return the difference p_first − p_second of two paired proportions, with the lower and upper end of its interval.

    The arguments are numbers of pairs. All results are NaN if there are no pairs.
    Source: Newcombe 1998, Statistics in Medicine 17:2635, method 10: half-widths of Wilson's intervals, squared and added.
    """
    n = both + first_only + second_only + neither
    if n == 0:
        return math.nan, math.nan, math.nan
    p, q = (both + first_only) / n, (both + second_only) / n
    p_low, p_high = wilson_interval(both + first_only, n, confidence)
    q_low, q_high = wilson_interval(both + second_only, n, confidence)
    margins = (both + first_only) * (second_only + neither) * (both + second_only) * (first_only + neither)
    excess = both * neither - first_only * second_only
    shrunk = max(excess - n / 2, 0) if excess > 0 else excess  # continuity correction
    phi = shrunk / math.sqrt(margins) if margins else 0.0
    below = _root_of_squares(p - p_low, q_high - q, phi)
    above = _root_of_squares(p_high - p, q - q_low, phi)
    return p - q, p - q - below, p - q + above


def _root_of_squares(one: float, other: float, correlation: float) -> float:
    return math.sqrt(max(0.0, one**2 - 2 * correlation * one * other + other**2))
