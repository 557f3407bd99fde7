"""What tuning buys: the best of k learning rates, before one knows which k are tried."""

import numpy as np
from scipy import special

from zdl_bench.run.run import Floats
from zdl_bench.statistics.intervals import Interval

DRAWS = 1000
SEED = 0


def expected_best(losses: Floats) -> Floats:
    """Expected smallest of k of the n losses, drawn at random without replacement: (…, n) → (…, n), for k = 1 … n.

    Exact: of the C(n, k) subsets, the i-th smallest loss is the best in C(n − i, k − 1). Non-increasing in k; at k = n the
    smallest itself.
    Source: Dodge et al. 2019, arXiv:1909.03004, draw with replacement, as from a search space without end, so that the best of
    n trials is not yet in the smallest of n losses. A grid is finite and nobody tries the same learning rate twice.
    """
    n = losses.shape[-1]
    k, i = np.arange(1, n + 1)[:, None], np.arange(1, n + 1)
    shares = special.comb(n - i, k - 1) / special.comb(n, k)
    return np.asarray(np.sort(losses, axis=-1) @ shares.T)


def best_of_trials(tail_losses: Floats, start_losses: Floats, draws: int = DRAWS, seed: int = SEED) -> Interval:
    """`expected_best` over the learning rates, (learning rates,), with a 95 % percentile-bootstrap band.

    tail_losses, start_losses: (learning rates, seeds), above 0, NaN where a run has none. The loss of a learning rate is the
    geometric mean over its seeds. One with a run without a value is a failed trial, which leaves the untrained network: it
    counts as the geometric mean of all losses at the start, in every resample. The same resamples of seeds are taken for all
    learning rates; with one seed there is no band. The band leans downwards where k is large: the best of a resample is the
    luckiest.
    """
    failed = np.asarray(~np.isfinite(tail_losses).all(axis=1))
    starts = start_losses[np.isfinite(start_losses)]
    logs = np.log(tail_losses, where=~failed[:, None], out=np.zeros(tail_losses.shape))
    logs[failed] = np.log(starts).mean() if len(starts) else np.nan
    mean = expected_best(np.exp(logs.mean(axis=1)))
    seeds = logs.shape[1]
    if seeds < 2:
        undefined = np.full_like(mean, np.nan)
        return Interval(mean, undefined, undefined)
    drawn = np.random.default_rng(seed).integers(seeds, size=(draws, seeds))
    resampled = expected_best(np.exp(logs[:, drawn].mean(axis=-1)).T)
    low, high = np.quantile(resampled, [0.025, 0.975], axis=0)
    return Interval(mean, low, high)
