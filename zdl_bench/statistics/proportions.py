"""Comparisons of what each seed answers with yes or no, or with better or worse."""

import math
from typing import NamedTuple

import numpy as np
from scipy import special, stats

from zdl_bench.run.run import Floats


class WinRate(NamedTuple):
    """rate: (wins + ties/2) / n, NaN if n is 0."""

    rate: float
    wins: int
    ties: int
    losses: int


def win_rate(first: Floats, second: Floats) -> WinRate:
    """Count how often `first`, (n,), beats `second`, (n,), pair by pair. Lower is better: negate what is better when higher.

    A run without a value (NaN) loses against one with a value; two of them tie.
    """
    wins = int(np.sum((first < second) | (~np.isnan(first) & np.isnan(second))))
    losses = int(np.sum((second < first) | (~np.isnan(second) & np.isnan(first))))
    n = len(first)
    ties = n - wins - losses
    return WinRate((wins + ties / 2) / n if n else math.nan, wins, ties, losses)


def sign_test_p(wins: int, losses: int) -> float:
    """Return the exact two-sided p of the test that a win is as likely as a loss; ties are left out. 1 if there is neither.

    Of the pairs with one yes only, it is the test that two paired proportions are equal (McNemar 1947).
    """
    return min(1.0, 2 * float(special.bdtr(min(wins, losses), wins + losses, 0.5)))


def wilson_interval(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the lower and upper end of the interval of a proportion, n ≥ 1.

    Source: Wilson 1927, Journal of the American Statistical Association 22:209.
    """
    low, high = stats.binomtest(successes, n).proportion_ci(confidence, method="wilson")
    return float(low), float(high)


def paired_proportion_interval(
    both: int, first_only: int, second_only: int, neither: int, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Return p_first − p_second of two proportions of the same pairs, with the lower and upper end of its interval.

    The arguments are numbers of pairs; NaN if there are none.
    Source: Newcombe 1998, Statistics in Medicine 17:2635, method 10: Wilson's intervals, squared and added.
    """
    n = both + first_only + second_only + neither
    if n == 0:
        return math.nan, math.nan, math.nan
    p, q = (both + first_only) / n, (both + second_only) / n
    p_low, p_high = wilson_interval(both + first_only, n, confidence)
    q_low, q_high = wilson_interval(both + second_only, n, confidence)
    margins = (both + first_only) * (second_only + neither) * (both + second_only) * (first_only + neither)
    excess = both * neither - first_only * second_only
    shrunk = max(excess - n / 2, 0) if excess > 0 else excess  # for continuity
    phi = shrunk / math.sqrt(margins) if margins else 0.0
    below = _root_of_squares(p - p_low, q_high - q, phi)
    above = _root_of_squares(p_high - p, q - q_low, phi)
    return p - q, p - q - below, p - q + above


def _root_of_squares(one: float, other: float, correlation: float) -> float:
    return math.sqrt(max(0.0, one**2 - 2 * correlation * one * other + other**2))
