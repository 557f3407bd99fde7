"""How far a part of a claim is from its margin or bound, on the scale of its metric."""

import math

import numpy as np

from zdl_bench.language import later
from zdl_bench.run.run import Floats
from zdl_bench.statistics.claim_part import ClaimPart, Statistic
from zdl_bench.statistics.pairing import Pairs
from zdl_bench.statistics.proportions import WinRate, win_rate
from zdl_bench.statistics.side import Undecidable

DEFAULT_EQUIVALENCE = 1.1
"""Ratio within which two sides count as equivalent if the claim states no margin."""


def excess_of(part: ClaimPart, pairs: Pairs) -> Floats:
    """Return by how much each difference exceeds the margin or bound, (seeds,).

    A value below 0 means that the part holds for the seed.
    """
    if part.at_most is not None:
        return pairs.differences - _limit(part, part.at_most, pairs.images)
    if part.at_least is not None:
        return _limit(part, part.at_least, pairs.images) - pairs.differences
    margin = 0.0 if part.margin is None else part.measure.distance_on_scale(part.margin)
    return part.orientation * pairs.differences + margin


def _limit(part: ClaimPart, bound: float, images: float) -> float:
    """Return the bound on the metric's scale. The bound limits a value or, for two sides or a spread, a distance."""
    if part.second is not None or part.statistic is Statistic.SPREAD:
        return part.measure.distance_on_scale(bound)
    limit = float(part.measure.on_scale(np.array([bound]), images)[0])
    if not math.isfinite(limit):
        raise Undecidable(
            later(
                "a bound of {bound:g} needs the number of images, which is unknown; give one above 0 and below 1", bound=bound
            )
        )
    return limit


def outcomes_of(part: ClaimPart, pairs: Pairs) -> Floats:
    """Return for each seed −1 if the part holds, 1 if it does not, 0 in a tie, (seeds,).

    A run without a value loses to a run with a value, and meets no bound.
    """
    excess = excess_of(part, pairs)
    first, second = pairs.first_ranks, pairs.second_ranks
    if part.second is None:
        first, second = np.ones(len(excess)), np.zeros(len(excess))
    elif part.at_least is not None if part.measure.lower_is_better else part.at_most is not None:
        first, second = second, first  # the bound asks that the first side be the worse one
    has_value = ~np.isnan(excess)
    first, second = np.where(has_value, excess, first), np.where(has_value, 0.0, second)
    return np.subtract(first > second, first < second, dtype=float)


def wins_of(part: ClaimPart, pairs: Pairs) -> WinRate:
    """Return how often the part holds."""
    outcomes = outcomes_of(part, pairs)
    return win_rate(outcomes, np.zeros(len(outcomes)))


def equivalence_margin(part: ClaimPart) -> float:
    """Return the margin on the metric's scale. Raise Undecidable if differences are compared and no margin is stated."""
    if part.margin is None and part.measure.scale != "ln":
        raise Undecidable(
            later(
                "{metric} is compared by differences and has no default margin; state the margin as a difference",
                metric=part.metric,
            )
        )
    return part.measure.distance_on_scale(DEFAULT_EQUIVALENCE if part.margin is None else part.margin)
