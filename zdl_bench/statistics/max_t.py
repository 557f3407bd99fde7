"""The step-down max-T test: one permutation test for many comparisons on the same seeds."""

from collections.abc import Iterator

import numpy as np

from zdl_bench.run.run import Floats
from zdl_bench.statistics.inference import MAX_EXACT, RANDOM_FLIPS, TIE_TOLERANCE

MAX_CELLS = 4_000_000
"""The largest number of sums that are in memory at once."""
MAX_SUMS = 400_000_000
"""The largest number of sums in a test. They take a few seconds."""


def max_t_ps(scores: Floats) -> Floats:
    """Return the p-value of each comparison, adjusted for all of them together, (comparisons,).

    scores: (seeds, comparisons), the paired differences, or the wins as ±1; 0 for a seed on which nothing is compared. The
    statistic of a comparison is |Σ d| / √(Σ d²), a monotone function of Student's t. If nothing differs, all differences of a
    seed may change their signs together, so one flip of a seed turns the seed in every comparison. This keeps their
    correlation, and lets six seeds decide any number of comparisons: no p-value is below 2**(1 − seeds), whatever their
    number. Step-down: a comparison competes with those whose statistic is not larger than its own. A comparison whose scores
    are all 0 has p = 1. All flips are tried up to 16 seeds, of each flip and its opposite one, since their statistics are
    equal; beyond that, or if there are very many comparisons, up to 100,000 are drawn from a fixed seed.

    Source: Westfall & Young 1993, Resampling-Based Multiple Testing, algorithm 2.8.
    """
    norms = np.sqrt((scores * scores).sum(axis=0))
    scaled = scores / np.where(norms > 0, norms, 1.0)
    observed = np.abs(scaled.sum(axis=0))
    order = np.argsort(-observed, kind="stable")
    ordered, hits, flips = scaled[:, order], np.zeros(len(order)), 0
    least = observed[order] - TIE_TOLERANCE * np.sqrt(len(scores))
    for signs in _signs(len(scores), len(order)):
        statistics = np.abs(signs @ ordered)
        largest = np.maximum.accumulate(statistics[:, ::-1], axis=1)[:, ::-1]  # over a comparison and all behind it
        hits += (largest >= least).sum(axis=0)
        flips += len(signs)
    adjusted = np.empty(len(order))
    adjusted[order] = np.maximum.accumulate(hits / flips)
    return np.where(observed > 0, adjusted, 1.0)


def _signs(seeds: int, comparisons: int) -> Iterator[Floats]:
    """Yield the flips as signs, in chunks of (flips, seeds). If flips are drawn, the observed signs count as one of them."""
    chunk, most = max(1, MAX_CELLS // max(1, seeds, comparisons)), MAX_SUMS // max(1, comparisons)
    if seeds <= MAX_EXACT and 2**seeds <= most:
        half = max(1, 2**seeds // 2)  # the last seed keeps its sign
        for start in range(0, half, chunk):
            numbers = np.arange(start, min(start + chunk, half))
            yield 1.0 - 2.0 * (numbers[:, None] >> np.arange(seeds) & 1)
        return
    rng = np.random.default_rng(0)
    yield np.ones((1, seeds))
    most = min(RANDOM_FLIPS, most)
    for start in range(0, most, chunk):
        yield 1.0 - 2.0 * rng.integers(2, size=(min(chunk, most - start), seeds))
