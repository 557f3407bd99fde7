"""Running time to a target, over one run or more, of which some may never reach it (NaN: censored).

Source: Hansen et al., COCO, arXiv:1603.08785.
"""

import math

import numpy as np

from zdl_bench.run.run import Floats


def expected_running_time(steps: Floats, planned_steps: int) -> float:
    """ERT, in steps: the steps that all runs spent until success, over the number of successes; ∞ without success.

    steps: (runs,), to the target. A run without success spent its planned steps, also where it died early: else dying
    early would be rewarded.
    """
    return float(_weighted_ert(np.ones(len(steps)), steps, planned_steps))


def ert_interval(steps: Floats, planned_steps: int, draws: int = 2000, seed: int = 0) -> tuple[float, float, float]:
    """ERT of `steps`, (runs,), with its 95 % percentile-bootstrap interval over runs; each end may be ∞."""
    return ert_intervals(steps[:, None], planned_steps, draws, seed)[0]


def ert_intervals(steps: Floats, planned_steps: int, draws: int = 2000, seed: int = 0) -> list[tuple[float, float, float]]:
    """`ert_interval` of each target from the same bootstrap samples, whose drawing takes most of the time.

    steps: (runs, targets).
    """
    counts = _resampling_counts(len(steps), draws, seed)
    intervals = []
    for column in steps.T:  # all at once would be a matrix product, small enough to wait for its threads
        erts = _weighted_ert(counts, column, planned_steps)
        estimate = expected_running_time(column, planned_steps)
        intervals.append((estimate, _quantile(erts, 0.025), _quantile(erts, 0.975)))
    return intervals


def ert_ratio_interval(
    first_steps: Floats, second_steps: Floats, planned_steps: int, draws: int = 2000, seed: int = 0
) -> tuple[float, float, float]:
    """ERT of the first over that of the second, with its 95 % percentile-bootstrap interval.

    first_steps, second_steps: (seeds,), paired: a draw takes the same seeds of both. The ratio is ∞ where only the second
    reaches the target, 0 where only the first does, NaN where neither does (or both are there at the start). A draw
    without a ratio could be anything, so it counts as 0 for the lower end and as ∞ for the upper.
    """
    ratio = _ratio(expected_running_time(first_steps, planned_steps), expected_running_time(second_steps, planned_steps))
    if math.isnan(ratio):
        return math.nan, math.nan, math.nan
    counts = _resampling_counts(len(first_steps), draws, seed)
    ratios = _ratio(_weighted_ert(counts, first_steps, planned_steps), _weighted_ert(counts, second_steps, planned_steps))
    low = _quantile(np.where(np.isnan(ratios), 0, ratios), 0.025)
    high = _quantile(np.where(np.isnan(ratios), np.inf, ratios), 0.975)
    return float(ratio), low, high


def runtime_ecdf(steps: Floats, planned_steps: int, at: Floats) -> Floats:
    """Share of (run, target) pairs reached within x steps, for each x of `at`, (x,).

    steps: (runs, targets), NaN where a run did not reach a target. NaN beyond the planned steps: nobody looked there.
    """
    return np.asarray(_shares(steps, planned_steps, at).mean(axis=0))


def ecdf_band(steps: Floats, planned_steps: int, at: Floats, draws: int = 2000, seed: int = 0) -> tuple[Floats, Floats]:
    """Lower and upper end of the pointwise 95 % percentile-bootstrap band of `runtime_ecdf` over runs, each (x,)."""
    weights = _resampling_counts(len(steps), draws, seed) / len(steps)
    low, high = np.quantile(weights @ _shares(steps, planned_steps, at), [0.025, 0.975], axis=0)
    return low, high


def performance_profile(erts: Floats, ratios: Floats) -> Floats:
    """Share of problems on which a solver's ERT is at most r times the best solver's, (ratios, solvers).

    erts: (problems, solvers), ∞ or NaN where a solver never reaches the target; ratios: (ratios,), each r ≥ 1. Problems that
    no solver solves count. The best is the best of this set, so a profile changes with the solvers beside it, and may even
    change the order of two of them (Gould & Scott 2016, ACM TOMS 43:15).
    Source: Dolan & Moré 2002, Mathematical Programming 91:201.
    """
    solved = np.isfinite(erts)
    times = np.where(solved, erts, np.inf)
    best = times.min(axis=1, keepdims=True)
    within = solved & (times <= ratios[:, None, None] * best)
    return np.asarray(within.mean(axis=1))


def _weighted_ert(counts: Floats, steps: Floats, planned_steps: int) -> Floats:
    """ERT where each run occurs as often as `counts`, (…, runs), says."""
    reached = ~np.isnan(steps)
    spent = counts @ np.where(reached, steps, planned_steps)
    successes = counts @ reached
    return np.where(successes > 0, spent / np.maximum(successes, 1), np.inf)


def _resampling_counts(runs: int, draws: int, seed: int) -> Floats:
    """How often each run is in each bootstrap sample, (draws, runs)."""
    return np.random.default_rng(seed).multinomial(runs, np.full(runs, 1 / runs), draws).astype(np.float64)


def _ratio(first: Floats | float, second: Floats | float) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):  # ∞/∞ is NaN, on purpose
        return np.divide(first, second)


def _quantile(values: Floats, share: float) -> float:
    """One of the values themselves: between a number and ∞ nothing can be interpolated."""
    return float(np.quantile(values, share, method="inverted_cdf"))


def _shares(steps: Floats, planned_steps: int, at: Floats) -> Floats:
    """Share of targets that each run reached within x steps, (runs, x)."""
    reached = (steps[:, :, None] <= at).mean(axis=1)
    return np.where(at <= planned_steps, reached, np.nan)
