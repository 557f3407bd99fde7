"""How many seeds a comparison needs: the power of the sign-flip test, as far as the seeds trained so far tell it."""

import math
from dataclasses import dataclass
from functools import cache
from itertools import count

import numpy as np
from scipy import optimize, stats

from zdl_bench.run.run import Floats
from zdl_bench.statistics.inference import MAX_EXACT, MIN_SEEDS

POWER = 0.8
"""The share of cases in which a planned comparison finds the difference."""
PLANNED_RATIOS = (1.05, 1.1, 1.2)
MAX_PLANNED_SEEDS = 1000
EXCESS_KURTOSIS = 0.5
"""The assumed excess kurtosis of a difference. It is 0 for normal, 1.2 for log-gamma (shape 2) and 3 for Laplace differences.

With 0.5, plans of more than ten seeds find the ratio in 74 to 84 % of cases for each of these, by simulation.
"""
SPREADS = (np.arange(100) + 0.5) / 100
"""Probabilities at which the distribution of an unknown standard deviation is evaluated, (100,)."""


@dataclass(frozen=True)
class Spread:
    """The standard deviation of a paired difference.

    freedom: the degrees of freedom of the estimate, or infinity if the deviation is known. n normal differences have n − 1.
    """

    sd: float
    freedom: float

    @classmethod
    def of(cls, differences: Floats) -> "Spread":
        """Return the spread of differences, (n,). Its deviation is NaN for fewer than two, or if one is not finite.

        The variance s² of n differences of kurtosis κ has itself the variance σ⁴ (2 / (n − 1) + κ / n), which is that of
        normal differences with fewer degrees of freedom.
        """
        n = len(differences)
        if n < 2:
            return cls(math.nan, 0)
        sd = float(np.std(differences, ddof=1)) if np.ptp(differences) else 0.0  # equal ones without a rounding error
        return cls(sd, 2 / (2 / (n - 1) + EXCESS_KURTOSIS / n))

    @property
    def is_known(self) -> bool:
        """Whether seeds can be planned. Equal differences, or too few, say nothing about other seeds."""
        return math.isfinite(self.sd) and self.sd > 0


def smallest_ratio(seeds: int, spread: Spread, level: float) -> float:
    """Return the smallest ratio that a comparison on this many seeds finds with POWER, infinity if it cannot find any.

    spread: known, of differences of ln. level: the significance level of the two-sided test.
    """
    shift = spread.sd * smallest_effect(seeds, spread.freedom, level)
    return math.exp(shift) if shift < 700 else math.inf  # a larger exponential is no float


def seeds_for(ratio: float, spread: Spread, level: float) -> int | None:
    """Return the smallest number of seeds that finds a ratio with POWER, None if more than MAX_PLANNED_SEEDS are needed."""
    effect = abs(math.log(ratio)) / spread.sd
    low, high = MIN_SEEDS, MAX_PLANNED_SEEDS + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if smallest_effect(middle, spread.freedom, level) <= effect else (middle + 1, high)
    return low if low <= MAX_PLANNED_SEEDS else None


def fewest_seeds(level: float) -> int:
    """Return the smallest number of seeds that can decide anything at a level."""
    return next(seeds for seeds in count(MIN_SEEDS) if attainable_level(seeds, level) > 0)


@cache
def smallest_effect(seeds: int, freedom: float, level: float) -> float:
    """Return the smallest mean difference that is found with POWER, in units of the spread's deviation; infinity if none is.

    An estimated deviation s leaves open which σ is true: σ² = s² · freedom / χ² has every value that the χ² distribution
    gives it, and the power is the average over these values (assurance; O'Hagan, Stevens & Campbell 2005, Pharmaceutical
    Statistics 4:187). With s alone, half of all pilots would promise too much.
    """
    if attainable_level(seeds, level) == 0:
        return math.inf
    ratios = np.sqrt(stats.chi2.ppf(SPREADS, freedom) / freedom) if math.isfinite(freedom) else np.ones(1)
    largest = 1.0
    while _power(seeds, largest * ratios, level) < POWER:
        largest *= 2
    root: float = optimize.brentq(lambda effect: _power(seeds, effect * ratios, level) - POWER, 0.0, largest, xtol=1e-6)
    return root


def ratio_text(ratio: float) -> str:
    """Return a ratio with two significant digits of what it has above 1, such as 1.077 or 1.0021."""
    return f"{1 + float(f'{ratio - 1:.2g}'):.12g}"


def attainable_level(seeds: int, level: float) -> float:
    """Return the largest p of the two-sided sign-flip test that is at most `level`. The exact test's p are k / 2**(n − 1)."""
    if seeds < MIN_SEEDS:
        return 0.0
    return level if seeds > MAX_EXACT else math.floor(level * 2 ** (seeds - 1)) / 2 ** (seeds - 1)


def _power(seeds: int, effects: Floats, level: float) -> float:
    """Return the mean power of the sign-flip test for normal differences with these means, in units of their deviation.

    The power is that of Student's test at the attainable level, to about 0.02. If only the smallest p is at most the level,
    the test decides if and only if all signs are equal, which has a closed form.
    """
    attained = attainable_level(seeds, level)
    if seeds <= MAX_EXACT and attained < 2.0 ** (2 - seeds):
        return float(np.mean(stats.norm.cdf(effects) ** seeds))
    critical = stats.t.isf(attained / 2, seeds - 1)
    return float(np.mean(stats.nct.sf(critical, seeds - 1, effects * math.sqrt(seeds))))
