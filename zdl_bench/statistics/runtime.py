"""Running time to a target over one or more runs. A run that never reaches the target is censored (NaN).

Intervals and bands come from the percentile bootstrap at 95 %.
Source: Hansen et al., COCO, arXiv:1603.08785.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from zdl_bench.run.run import Floats

DRAWS = 2000


def expected_running_time(steps: Floats, planned_steps: int) -> float:
    """Return the expected running time (ERT) in steps, or ∞ if no run reaches the target.

    The ERT is the number of steps that all runs spent, divided by the number of runs that reached the target. steps: the steps
    of each run to the target, (runs,). A run that did not reach the target counts with its planned steps even if it died early:
    otherwise dying early would be rewarded.
    """
    return float(_weighted_ert(np.ones(len(steps)), steps, planned_steps))


def ert_intervals(steps: Floats, planned_steps: int, draws: int = DRAWS) -> list[tuple[float, float, float]]:
    """Return the ERT of each target with the ends of its interval over runs. Each of these numbers may be ∞.

    steps: (runs, targets). All targets share their bootstrap samples, since drawing samples takes most of the time.
    """
    counts = _resampling_counts(len(steps), draws)
    intervals = []
    for column in steps.T:  # a matrix product of all columns is so small that it mostly waits for its threads
        erts = _weighted_ert(counts, column, planned_steps)
        intervals.append((expected_running_time(column, planned_steps), _quantile(erts, 0.025), _quantile(erts, 0.975)))
    return intervals


@dataclass(frozen=True)
class ErtDraws:
    """The ERT of one side, and that of each bootstrap draw of its seeds, (draws,).

    A draw takes the same seeds of every side that has as many, so that sides are compared in pairs.
    """

    ert: Floats
    draws: Floats

    @classmethod
    def of(cls, steps: Floats, planned_steps: int, draws: int = DRAWS) -> "ErtDraws":
        counts = _resampling_counts(len(steps), draws)
        return cls(_weighted_ert(np.ones(len(steps)), steps, planned_steps), _weighted_ert(counts, steps, planned_steps))

    def ratio_interval(self, other: "ErtDraws") -> tuple[float, float, float]:
        """Return the ERT of this side over the ERT of the other, as `ert_ratio_interval` does."""
        with np.errstate(invalid="ignore", divide="ignore"):  # ∞/∞ is NaN, on purpose
            ratio, ratios = self.ert / other.ert, self.draws / other.draws
        if np.isnan(ratio):
            return math.nan, math.nan, math.nan
        ends = ((0, 0.025), (np.inf, 0.975))
        low, high = (_quantile(np.where(np.isnan(ratios), end, ratios), share) for end, share in ends)
        return float(ratio), low, high


def ert_ratio_interval(
    first_steps: Floats, second_steps: Floats, planned_steps: int, draws: int = DRAWS
) -> tuple[float, float, float]:
    """Return the ERT of the first side over the ERT of the second, with the ends of the ratio's interval.

    first_steps, second_steps: (seeds,), paired: a bootstrap draw takes the same seeds of both sides. The ratio is ∞ if only the
    second side reaches the target, 0 if only the first does, and NaN if neither does (or if both meet it at the start). A draw
    whose ratio is undefined could have any ratio, so it counts as 0 for the lower end and as ∞ for the upper end.
    """
    first, second = (ErtDraws.of(steps, planned_steps, draws) for steps in (first_steps, second_steps))
    return first.ratio_interval(second)


def runtime_ecdf(steps: Floats, planned_steps: int, at: Floats) -> Floats:
    """Return for each x of `at`, (x,), the share of (run, target) pairs in which the run reached the target within x steps.

    steps: (runs, targets), NaN if a run did not reach a target. NaN for x beyond the planned steps, which no run exceeds.
    """
    return np.asarray(_shares(steps, planned_steps, at).mean(axis=0))


def ecdf_band(steps: Floats, planned_steps: int, at: Floats, draws: int = DRAWS) -> tuple[Floats, Floats]:
    """Return the lower and upper end of the pointwise bootstrap band of `runtime_ecdf` over runs, each (x,)."""
    weights = _resampling_counts(len(steps), draws) / len(steps)
    low, high = np.quantile(weights @ _shares(steps, planned_steps, at), [0.025, 0.975], axis=0)
    return low, high


def performance_profile(erts: Floats, ratios: Floats) -> Floats:
    """Return the share of problems on which a solver's ERT is at most r times the best solver's, (ratios, solvers).

    erts: (problems, solvers), ∞ or NaN if a solver never reaches the target; ratios: (ratios,), each r ≥ 1. Problems that no
    solver solves count too. The best solver is the best of the given set, so adding a solver changes the profiles of the
    others, and may even change the order of two of them (Gould & Scott 2016, ACM TOMS 43:15).
    Source: Dolan & Moré 2002, Mathematical Programming 91:201.
    """
    solved = np.isfinite(erts)
    times = np.where(solved, erts, np.inf)
    within = solved & (times <= ratios[:, None, None] * times.min(axis=1, keepdims=True))
    return np.asarray(within.mean(axis=1))


def _weighted_ert(counts: Floats, steps: Floats, planned_steps: int) -> Floats:
    """Return the ERT, (…), of samples that contain each run as often as `counts`, (…, runs), says."""
    reached = ~np.isnan(steps)
    spent = counts @ np.where(reached, steps, planned_steps)
    successes = counts @ reached
    return np.where(successes > 0, spent / np.maximum(successes, 1), np.inf)


@cache
def _resampling_counts(runs: int, draws: int) -> Floats:
    """Return how often each run is in each bootstrap sample, (draws, runs)."""
    return np.random.default_rng(0).multinomial(runs, np.full(runs, 1 / runs), draws).astype(np.float64)


def _quantile(values: Floats, share: float) -> float:
    """Return the quantile as one of the values, since nothing can be interpolated between a finite number and ∞."""
    return float(np.quantile(values, share, method="inverted_cdf"))


def _shares(steps: Floats, planned_steps: int, at: Floats) -> Floats:
    """Return the share of targets that each run reached within x steps, (runs, x)."""
    reached = (steps[:, :, None] <= at).mean(axis=1)
    return np.where(at <= planned_steps, reached, np.nan)
