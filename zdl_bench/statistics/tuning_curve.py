"""The gain from tuning: the expected best of k learning rates, drawn at random from a grid."""

import numpy as np
from scipy import special

from zdl_bench.run.run import Floats
from zdl_bench.statistics.inference import Interval
from zdl_bench.statistics.tuning import RESAMPLES, RESAMPLING_SEED


def tuning_curve(tail_losses: Floats, start_losses: Floats) -> Interval:
    """Return `expected_best` of the learning rates' losses, (learning rates,), with a 95 % percentile-bootstrap band.

    tail_losses, start_losses: (learning rates, seeds), positive, NaN if a run has no loss. The loss of a learning rate is the
    geometric mean over its seeds. A learning rate is a failed trial if one of its runs has no value. A failed trial leaves the
    untrained network, so it counts as the geometric mean of all losses at the start, in every resample. The resamples of seeds
    are the same for all learning rates. With one seed there is no band. The band is biased downwards for large k, because the
    best of a resample is the luckiest.
    """
    failed = np.asarray(~np.isfinite(tail_losses).all(axis=1))
    starts = start_losses[np.isfinite(start_losses)]
    logs = np.log(tail_losses, where=~failed[:, None], out=np.zeros(tail_losses.shape))
    logs[failed] = np.log(starts).mean() if len(starts) else np.nan
    mean = expected_best(np.exp(logs.mean(axis=1)))
    seeds = logs.shape[1]
    if seeds < 2:
        return Interval.undefined(mean)
    resamples = np.random.default_rng(RESAMPLING_SEED).integers(seeds, size=(RESAMPLES, seeds))
    bests = expected_best(np.exp(logs[:, resamples].mean(axis=-1)).T)
    return Interval(mean, *np.quantile(bests, [0.025, 0.975], axis=0))


def expected_best(losses: Floats) -> Floats:
    """Return the expected smallest of k of the n losses, drawn without replacement: (…, n) → (…, n), for k = 1 … n.

    The result is exact: the i-th smallest loss is the best in C(n − i, k − 1) of the C(n, k) subsets. The result does not
    increase with k, and at k = n it is the smallest loss.
    Source: Dodge et al. 2019, arXiv:1909.03004. They draw with replacement, as from an infinite search space, so that n trials
    need not find the smallest of n losses. A grid is finite, and nobody tries the same learning rate twice.
    """
    return np.asarray(np.sort(losses, axis=-1) @ best_shares(losses.shape[-1]).T)


def best_shares(n: int) -> Floats:
    """Return the chance that the i-th best of n values is the best of k that are drawn without replacement, (k, i)."""
    k, i = np.arange(1, n + 1)[:, None], np.arange(1, n + 1)
    return np.asarray(special.comb(n - i, k - 1) / special.comb(n, k))
