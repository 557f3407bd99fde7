"""Test whether a key of a sweep matters, and whether the optimizers compare in another way at its other values.

All tests of a sweep's axes are one family: step-down max-T over flips of whole seeds, at the share of the page's error that the
axes have. If neither key nor optimizer makes a difference, all differences of a seed may change their signs together.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations
from typing import NamedTuple

import numpy as np

from zdl_bench.statistics.claim_part import ClaimPart, Kind, View
from zdl_bench.statistics.evidence import VARIANT, Entrants
from zdl_bench.statistics.finding import Effect, Finding
from zdl_bench.statistics.inference import ALPHA, seeds_needed, sign_flip_ps
from zdl_bench.statistics.judge import NO_VALUES_REASON, judge
from zdl_bench.statistics.max_t import max_t_ps
from zdl_bench.statistics.side import Side
from zdl_bench.statistics.standing import SPENT_ELSEWHERE, scores_by_seed, too_few_seeds


class Spot(NamedTuple):
    """Where runs stand: the sweep's other keys with their values, the optimizer, and the index of the value on the axis."""

    panel: str
    optimizer: str
    place: int


class About(StrEnum):
    """What a test asks."""

    VALUES = "values"  # whether an optimizer differs at two values of the key
    OPTIMIZERS = "optimizers"  # whether two optimizers differ at one value
    GAIN = "gain"  # whether the difference of two optimizers differs at two values


@dataclass(frozen=True)
class AxisTest:
    """A comparison along an axis, by one measure; lower values are better.

    optimizers: one or two. places: the indices of one or two values. finding: on the first optimizer or value against the
    second; for a gain, on the difference at the first value against that at the second. p: on the scale of the page; NaN if
    nothing was tested.
    """

    about: About
    measure: str
    panel: str
    optimizers: tuple[str, ...]
    places: tuple[int, ...]
    finding: Finding
    p: float = math.nan

    @property
    def is_shown(self) -> bool:
        """Whether a difference is shown, by a test or by deterministic runs."""
        if self.finding.is_exact:
            return min(self.finding.p_for, self.finding.p_against) == 0
        return self.p <= ALPHA

    @property
    def is_first_ahead(self) -> bool:
        return self.finding.p_for < self.finding.p_against


@dataclass(frozen=True)
class AxisTests:
    """The tests of one axis. reason: why nothing is tested, or empty."""

    tests: Sequence[AxisTest]
    reason: str = ""

    def of(self, about: About, measure: str) -> list[AxisTest]:
        return [test for test in self.tests if test.about is about and test.measure == measure]


def axis_comparisons(
    sides: Mapping[Spot, Side], measures: Sequence[str], constant: AbstractSet[tuple[str, str]], *, are_tuned: bool
) -> list[AxisTest]:
    """Return the comparisons of an axis, not tested yet: values of each optimizer, optimizers at each value, and gains.

    sides: the runs at each spot. constant: the panels and optimizers that have the same runs at every place.
    """
    names = {spot: str(number) for number, spot in enumerate(sides)}
    entrants = Entrants({names[spot]: side for spot, side in sides.items()}, {}, are_tuned)

    def compared(measure: str, about: About, first: Spot, second: Spot) -> AxisTest:
        part = ClaimPart(Kind.SUPERIORITY, measure, {VARIANT: names[first]}, {VARIANT: names[second]}, View.BEST_LR)
        optimizers = dict.fromkeys((first.optimizer, second.optimizer))
        places = dict.fromkeys((first.place, second.place))
        return AxisTest(about, measure, first.panel, tuple(optimizers), tuple(places), judge(part, entrants))

    found = []
    for measure in measures:
        for a, b in combinations(sides, 2):
            if a.panel == b.panel and a.optimizer == b.optimizer and (a.panel, a.optimizer) not in constant:
                found.append(compared(measure, About.VALUES, a, b))
            elif a.panel == b.panel and a.place == b.place:
                found.append(compared(measure, About.OPTIMIZERS, a, b))
        found += _gains([one for one in found if one.measure == measure and one.about is About.OPTIMIZERS], constant)
    return found


def _gains(pairs: Iterable[AxisTest], constant: AbstractSet[tuple[str, str]]) -> Iterator[AxisTest]:
    """Yield the comparison of each two optimizers' difference at two values, if all of their runs there have values."""
    by_optimizers: dict[tuple[str, tuple[str, ...]], list[AxisTest]] = {}
    for pair in pairs:
        has_values = bool(pair.finding.differences) and pair.finding.n == pair.finding.n_values and not pair.finding.reason
        if has_values and not any((pair.panel, optimizer) in constant for optimizer in pair.optimizers):
            by_optimizers.setdefault((pair.panel, pair.optimizers), []).append(pair)
    for several in by_optimizers.values():
        for one, other in combinations(several, 2):
            shared = [seed for seed in one.finding.scores if seed in other.finding.scores]
            if len(shared) > 1:
                scores = {seed: one.finding.scores[seed] - other.finding.scores[seed] for seed in shared}
                yield replace(one, about=About.GAIN, places=(*one.places, *other.places), finding=_gain(one.finding, scores))


def _gain(finding: Finding, scores: Mapping[int, float]) -> Finding:
    values = np.array([*scores.values()])
    n = len(values)
    return Finding(finding.view, n, n, n, Effect.of(values, "difference"), *sign_flip_ps(values), scores=scores)


def judge_axes(axes: Sequence[Sequence[AxisTest]], share: float) -> list[AxisTests]:
    """Test the comparisons of all axes of a page as one family. share: what the axes have of the error of the page."""
    everything = [test for tests in axes for test in tests]
    random = [test for test in everything if test.finding.scores]
    reason = _reason(everything, random, share)
    if not share or not random:
        return [AxisTests(tests, reason) for tests in axes]
    ps = iter(np.minimum(1.0, max_t_ps(scores_by_seed([test.finding for test in random])) / share).tolist())
    return [AxisTests([replace(one, p=next(ps)) if one.finding.scores else one for one in tests], reason) for tests in axes]


def _reason(everything: Sequence[AxisTest], random: Sequence[AxisTest], share: float) -> str:
    """Return why nothing is tested, or an empty text if something is, or if all runs are deterministic."""
    if all(test.finding.is_exact for test in everything):
        return ""
    if not share:
        return SPENT_ELSEWHERE
    if not random:
        return next((test.finding.reason for test in everything if test.finding.reason), NO_VALUES_REASON)
    seeds, needed = max(test.finding.n_deciding for test in random), seeds_needed(1 / share)
    return "" if seeds >= needed else too_few_seeds(seeds, needed)
