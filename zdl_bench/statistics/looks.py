"""What a p-value is worth after earlier looks at the same seeds."""

from collections.abc import Iterator, Sequence

import numpy as np

from zdl_bench.run.run import Floats
from zdl_bench.statistics.inference import MAX_EXACT, RANDOM_FLIPS, TIE_TOLERANCE


def p_after_looks(differences: Floats, looks: Sequence[int], p: float | None = None, *, seed: int = 0) -> float:
    """Return the probability that one of several looks has a p-value of at most `p`, if nothing differs.

    Whoever adds seeds until a p-value is small takes the smallest of several. Under the hypothesis of the sign-flip test both
    signs of each difference are equally likely, so each flip of whole seeds gives one p-value per look, and the result is the
    share of flips whose smallest p-value is at most `p`. All flips are tried for n ≤ 16; for larger n, 100,000 are drawn
    with `seed`, and the observed signs count as one more.

    differences: in the order in which their seeds were added, (n,), finite. looks: the numbers of differences at the earlier
    looks; the last look is at all of them. p: by default that of the last look.
    """
    total = len(differences)
    ends = sorted({look for look in looks if 0 < look < total} | {total})
    smallest, last = np.ones(1), 1.0
    for sums in _sums_at(differences, ends, seed):
        sizes = np.abs(sums)
        tie = TIE_TOLERANCE * float(np.abs(differences).sum())
        ps = 1 - np.searchsorted(np.sort(sizes), sizes - tie) / len(sizes)
        last = float(ps[0])
        # an exact look has the same p under all flips of later seeds, so its values repeat
        smallest = np.minimum(np.resize(smallest, len(ps)), ps)
    return float(np.mean(smallest <= (last if p is None else p) * (1 + 1e-9)))


def _sums_at(differences: Floats, ends: Sequence[int], seed: int) -> Iterator[Floats]:
    """Yield the sums of the first differences up to each end under the same sign flips. The first has the observed signs.

    If all flips are tried, a look has as many as its differences have, and the earliest differences change fastest.
    """
    rng = np.random.default_rng(seed)
    is_exact = len(differences) <= MAX_EXACT
    sums = np.zeros(1 if is_exact else 1 + RANDOM_FLIPS)
    for place, difference in enumerate(differences, start=1):
        if is_exact:
            sums = np.concatenate([sums + difference, sums - difference])
        else:
            signs = rng.integers(2, size=RANDOM_FLIPS, dtype=np.int8)
            sums = sums + difference * np.concatenate([[1], 1 - 2 * signs])
        if place in ends:
            yield sums
