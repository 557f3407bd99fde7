"""What the runs show of one part of a claim: an effect with its interval, and how they speak for or against it."""

import math
from dataclasses import dataclass

from zdl_bench.run import Floats
from zdl_bench.statistics.claims import Part, Statistic, View
from zdl_bench.statistics.intervals import student_interval
from zdl_bench.statistics.measures import Measure
from zdl_bench.statistics.proportions import WinRate


@dataclass(frozen=True)
class Effect:
    """A mean with its 95 % interval, as a reader takes it.

    unit: `ratio` of first to second, `difference`, `value` where there is no second, `slope` per unit of the levels.
    """

    mean: float
    low: float
    high: float
    unit: str


@dataclass(frozen=True)
class Finding:
    """What the runs show of one part in one view.

    n: pairs; n_values: those that have values, over which the effect is taken; n_deciding: those on which p rests. p_for,
    p_against: of the part and of its opposite. reason: why nothing can be said; else empty.
    """

    view: View
    n: int = 0
    n_values: int = 0
    n_deciding: int = 0
    effect: Effect | None = None
    p_for: float = 1.0
    p_against: float = 1.0
    wins: WinRate | None = None
    correlation: float = math.nan
    is_exact: bool = False
    run_ids: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    reason: str = ""

    @property
    def p(self) -> float:
        return min(self.p_for, self.p_against)


def effect_of(differences: Floats, part: Part, measure: Measure) -> Effect | None:
    """The mean of differences on the scale, (n,), as a reader takes it; None where there are none."""
    if not len(differences):
        return None
    mean, low, high = (float(value) for value in student_interval(differences))
    if measure.scale == "ln" and part.statistic is Statistic.MEAN:
        unit = "value" if part.second is None else "ratio"
        return Effect(math.exp(mean), math.exp(low), math.exp(high), unit)
    return Effect(mean, low, high, "value" if part.second is None else "difference")
