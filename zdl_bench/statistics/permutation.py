"""Sign-flip permutation tests of paired differences: where nothing differs, each difference has either sign as likely.

Source: Fisher 1935, The Design of Experiments, §21; Phipson & Smyth 2010 for the Monte Carlo p.
"""

import math

import numpy as np

from zdl_bench.run.run import Floats

MAX_EXACT = 16
"""Up to so many differences all 2**n flips are tried."""
DRAWS = 100_000
TIE_TOLERANCE = 1e-12
"""Of the sum of magnitudes: sums that agree but for rounding are ties."""


def sign_flip_p(differences: Floats, *, seed: int = 0) -> float:
    """Two-sided p of the test that `differences`, (n,), have mean 0.

    Exact for n ≤ 16, so that p is at least 2**(1 - n); beyond that from 100,000 random flips of a generator with `seed`,
    the observed signs counted as one more. 1 where all differences are 0; NaN where n is 0 or a difference is not finite.
    """
    if len(differences) == 0 or not np.isfinite(differences).all():
        return math.nan
    extremes = np.abs(_flipped_sums(differences, seed))
    tie = TIE_TOLERANCE * float(np.abs(differences).sum())
    return float(np.mean(extremes >= extremes[0] - tie))


def _flipped_sums(differences: Floats, seed: int) -> Floats:
    """Sums under all flips, or under random ones where there are too many; the first has the signs as observed."""
    return _all_sums(differences) if len(differences) <= MAX_EXACT else _random_sums(differences, seed)


def _all_sums(differences: Floats) -> Floats:
    sums = np.zeros(1)
    for difference in differences:
        sums = np.concatenate([sums + difference, sums - difference])
    return sums


def _random_sums(differences: Floats, seed: int) -> Floats:
    """Flips eight differences at a time: their sum is one of 256, drawn with a random byte, at a tenth of the time."""
    rng = np.random.default_rng(seed)
    sums = np.zeros(1 + DRAWS)
    for eight in np.split(differences, range(8, len(differences), 8)):
        flipped = _all_sums(eight)
        sums[0] += flipped[0]
        sums[1:] += flipped[rng.integers(len(flipped), size=DRAWS, dtype=np.uint8)]
    return sums
