"""By how much a part of a claim holds: its margin or bound on the scale of its metric."""

import math

import numpy as np

from zdl_bench.run.run import Floats
from zdl_bench.statistics.claim_part import ClaimPart, Statistic
from zdl_bench.statistics.pairing import Pairs, Undecidable
from zdl_bench.statistics.proportions import WinRate, win_rate

DEFAULT_EQUIVALENCE = 1.1
"""Ratio within which two are called equivalent if a claim states none."""


def excess_of(part: ClaimPart, pairs: Pairs) -> Floats:
    """Return how far each difference is beyond the margin or bound, (seeds,): below 0 where the part holds."""
    if part.at_most is not None:
        return pairs.differences - _limit(part, part.at_most, pairs.images)
    if part.at_least is not None:
        return _limit(part, part.at_least, pairs.images) - pairs.differences
    margin = 0.0 if part.margin is None else part.measure.distance_on_scale(part.margin)
    return part.orientation * pairs.differences + margin


def _limit(part: ClaimPart, bound: float, images: float) -> float:
    """Return a bound on the scale: of a value, or of a distance, such as a spread or the difference of two sides."""
    if part.second is not None or part.statistic is Statistic.SPREAD:
        return part.measure.distance_on_scale(bound)
    limit = float(part.measure.on_scale(np.array([bound]), images)[0])
    if not math.isfinite(limit):
        raise Undecidable(f"a bound of {bound:g} needs the number of images, which its data set does not state")
    return limit


def wins_of(part: ClaimPart, pairs: Pairs) -> WinRate:
    """Count the pairs in which the part holds; a run without a value loses to one with a value, and breaks a bound."""
    excess = excess_of(part, pairs)
    first, second = pairs.first_ranks, pairs.second_ranks
    if part.second is None:
        first, second = np.ones(len(excess)), np.zeros(len(excess))
    elif part.at_least is not None if part.measure.lower_is_better else part.at_most is not None:
        first, second = second, first  # the bound asks for the first to be the worse one
    has_value = ~np.isnan(excess)
    return win_rate(np.where(has_value, excess, first), np.where(has_value, 0.0, second))


def equivalence_margin(part: ClaimPart) -> float:
    """Return the margin on the scale. Raise Undecidable if differences are compared and none is stated."""
    if part.margin is None and part.measure.scale != "ln":
        raise Undecidable(f"{part.metric} is compared by differences: state the margin as one")
    return part.measure.distance_on_scale(DEFAULT_EQUIVALENCE if part.margin is None else part.margin)
