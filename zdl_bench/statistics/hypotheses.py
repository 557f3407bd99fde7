"""What a part of a claim says of numbers: where it holds, with its margin or bound."""

import math
from collections.abc import Callable

import numpy as np

from zdl_bench.run.run import Floats
from zdl_bench.statistics.claims import Part, Statistic
from zdl_bench.statistics.measures import Measure
from zdl_bench.statistics.pairing import Pairs, Undecidable, orientation
from zdl_bench.statistics.proportions import WinRate, win_rate

DEFAULT_EQUIVALENCE = 1.1
"""Ratio within which two are called equivalent where a claim states none."""


def hypothesis(part: Part, measure: Measure, images: float) -> Callable[[Floats], Floats]:
    """Differences on the metric's scale → numbers that are below 0 where the part holds.

    images: as `Pairs` has them.
    """
    if part.at_most is not None:
        most = _limit(part, measure, part.at_most, images)
        return lambda differences: differences - most
    if part.at_least is not None:
        least = _limit(part, measure, part.at_least, images)
        return lambda differences: least - differences
    margin = 0.0 if part.margin is None else measure.distance_on_scale(part.margin)
    return lambda differences: orientation(part, measure) * differences + margin


def _limit(part: Part, measure: Measure, bound: float, images: float) -> float:
    """A bound on the scale: of a value, or of a distance, which a spread is as well as what lies between two sides."""
    if part.second is not None or part.statistic is Statistic.SPREAD:
        return measure.distance_on_scale(bound)
    limit = float(measure.on_scale(np.array([bound]), images)[0])
    if not math.isfinite(limit):
        raise Undecidable(f"a bound of {bound:g} needs the number of images, which its data set does not tell")
    return limit


def wins_of(part: Part, measure: Measure, pairs: Pairs) -> WinRate:
    """In how many pairs the part holds; where a value is missing, its run stands behind all that have one.

    Where there is no second side, a run without a value breaks the bound.
    """
    tested = hypothesis(part, measure, pairs.images)(pairs.differences)
    first, second = pairs.first_ranks, pairs.second_ranks
    if part.second is None:
        first, second = np.ones(len(tested)), np.zeros(len(tested))
    elif (part.at_most is not None and not measure.lower_is_better) or (part.at_least is not None and measure.lower_is_better):
        first, second = second, first  # the bound asks for the first to be the worse one
    has_value = ~np.isnan(tested)
    return win_rate(np.where(has_value, tested, first), np.where(has_value, 0.0, second))


def equivalence_margin(part: Part, measure: Measure) -> float:
    """On the scale. Raises Undecidable where a difference is compared and no margin is stated."""
    if part.margin is None and measure.scale != "ln":
        raise Undecidable(f"{part.metric} is compared by differences: state the margin as one")
    return measure.distance_on_scale(DEFAULT_EQUIVALENCE if part.margin is None else part.margin)
