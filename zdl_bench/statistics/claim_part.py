"""One comparison that a claim asks for: which runs, by which metric, and what would support the claim."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

from zdl_bench.errors import ConfigError, display
from zdl_bench.language import later
from zdl_bench.statistics.measures import Measure, measure_of

Selector = Mapping[str, Any]
"""A mapping from keys of a run's config to the values that select runs, written as on the command line."""


class Kind(StrEnum):
    """The rule by which a part of a claim is decided."""

    SUPERIORITY = "superiority"  # the first side is better than the second, by the margin if the claim states one
    EQUIVALENCE = "equivalence"  # the ratio or difference of the two sides lies within the margin
    THRESHOLD = "threshold"  # a ratio, a difference or one side's value is at most or at least a bound
    INTERACTION = "interaction"  # the first side gains on the second from level to level
    EXACT = "exact"  # like superiority or threshold, but decided by deterministic runs, without a p-value


class View(StrEnum):
    """The learning rates at which the two sides are compared; two views can give opposite answers."""

    AS_NAMED = "as_named"  # each side names its own learning rate
    SAME_LR = "same_lr"
    SAME_EFFECTIVE_LR = "same_effective_lr"
    BEST_LR = "best_lr"  # each side at its best learning rate: chosen on tuning seeds, compared on evaluation seeds

    @property
    def words(self) -> str:
        return VIEW_WORDS[self]


VIEW_WORDS = {
    View.AS_NAMED: later("as named"),
    View.SAME_LR: later("same lr"),
    View.SAME_EFFECTIVE_LR: later("same effective lr"),
    View.BEST_LR: later("each at its best lr"),
}


class Statistic(StrEnum):
    """The statistic over the seeds of a side that a claim compares."""

    MEAN = "mean"
    SPREAD = "spread"  # the distances of the seeds' values from their median


@dataclass(frozen=True)
class ClaimPart:
    """A comparison of two sides, or of one side with a bound, that numbers can decide.

    The first side is expected to be the better one, by the direction of the metric. margin: a ratio if the metric's scale is
    ln, else a difference. at_most, at_least: a bound on first/second or on first − second, or on the first side's value if
    there is no second side. lr: the first side's learning rate in the views same_lr and same_effective_lr. levels: settings
    that both sides take in turn. at: the position of each level on the horizontal axis of an interaction's slope.

    Raises ConfigError if keys are missing or do not go together, or if the metric is unknown.
    """

    kind: Kind
    metric: str
    first: Selector
    second: Selector | None = None
    view: View = View.AS_NAMED
    lr: float | None = None
    statistic: Statistic = Statistic.MEAN
    margin: float | None = None
    at_most: float | None = None
    at_least: float | None = None
    levels: tuple[Selector, ...] = ()
    at: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        refuse_unless(
            isinstance(self.metric, str),
            f"metric: {display(self.metric)} is not the name of a metric; give a name such as tail_loss",
        )
        measure, kind = self.measure, self.kind.value
        for key, side in (("first", self.first), ("second", {} if self.second is None else self.second)):
            refuse_unless(_is_selector(side), f"`{key}` must map keys to values; write for example {key}: {{optimizer: sgd}}")
        refuse_unless(self.first != self.second, "`first` and `second` name the same runs; name different runs")
        bounds = [bound for bound in (self.at_most, self.at_least) if bound is not None]
        refuse_unless(len(bounds) < 2, "`at_most` and `at_least` are both given; give only one of them")
        needs_second = self.kind in (Kind.SUPERIORITY, Kind.EQUIVALENCE, Kind.INTERACTION)
        refuse_unless(self.second is not None or not needs_second, f"kind: {kind} compares two sides; give a `second`")
        refuse_unless(
            self.kind is not Kind.THRESHOLD or bool(bounds), "a threshold needs a bound; give `at_most` or `at_least`"
        )
        refuse_unless(
            self.second is not None or bool(bounds), "without a `second`, a claim needs a bound; give `at_most` or `at_least`"
        )
        refuse_unless(
            not bounds or self.kind in (Kind.THRESHOLD, Kind.EXACT),
            f"kind: {kind} takes no `at_most` or `at_least`; remove the bound",
        )
        refuse_unless(
            self.margin is None or self.kind in (Kind.SUPERIORITY, Kind.EQUIVALENCE),
            f"kind: {kind} takes no `margin`; remove the margin",
        )
        for bound in bounds:
            self._check_bound(bound)
        least = 1 if measure.scale == "ln" else 0
        is_margin = self.margin is None or least < self.margin < math.inf
        refuse_unless(is_margin, f"margin: {self.margin}: a margin of {self.metric} must be above {least} and finite")
        refuse_unless(
            self.lr is not None or self.view in (View.AS_NAMED, View.BEST_LR),
            f"view: {self.view.value} needs a learning rate; give `lr`",
        )
        refuse_unless(self.lr is None or 0 < self.lr < math.inf, f"lr: {self.lr}: a learning rate must be finite and above 0")
        if self.kind is Kind.INTERACTION:
            self._check_levels()
        refuse_unless(self.kind is Kind.INTERACTION or not self.levels, f"kind: {kind} takes no `levels`; remove the levels")
        if measure.is_binary:
            refuse_unless(self.kind is Kind.SUPERIORITY, f"kind: {kind} cannot compare a yes-or-no metric; use superiority")
            refuse_unless(self.margin is None, "a yes-or-no metric takes no `margin`; remove the margin")
            refuse_unless(self.statistic is Statistic.MEAN, "a yes-or-no metric has no spread; use statistic: mean")

    def _check_bound(self, bound: float) -> None:
        """Raise ConfigError if no run can meet the bound or every run meets the bound, since such a bound decides nothing."""
        name, stated = self.metric, f"{'at_most' if self.at_least is None else 'at_least'}: {bound:g}"
        refuse_unless(math.isfinite(bound), f"{stated}: a bound must be a finite number")
        if self.statistic is Statistic.SPREAD and self.second is None:
            least = 1 if self.measure.scale == "ln" else 0
            refuse_unless(
                bound > least,
                f"{stated}: a spread of {name} is {'a ratio ' if least else ''}above {least}; give a bound above {least}",
            )
        elif self.measure.scale == "ln":
            refuse_unless(bound > 0, f"{stated}: {name} is compared by ratios, which are above 0; give a bound above 0")
        elif self.measure.scale == "logit" and self.second is None:
            refuse_unless(0 <= bound <= 1, f"{stated}: {name} is a share from 0 to 1; give a bound from 0 to 1")

    def _check_levels(self) -> None:
        """Raise ConfigError unless the levels define a slope, which needs two different levels at different positions."""
        has_levels = len(self.levels) >= 2 and all(map(_is_selector, self.levels))
        refuse_unless(
            has_levels and len(self.at) == len(self.levels),
            "`levels` and `at` must have the same length, 2 or more, and each level must map keys to values",
        )
        refuse_unless(
            all(map(math.isfinite, self.at)), f"at: {display(list(self.at))}: positions of levels must be finite numbers"
        )
        middle = sum(self.at) / len(self.at)
        square = sum((place - middle) * (place - middle) for place in self.at)  # the divisor of a slope
        is_apart = len({*self.at}) == len(self.at) and 0 < square < math.inf
        refuse_unless(
            is_apart, f"at: {display(list(self.at))}: each level needs a position of its own; give different positions"
        )
        has_twice = any(level in self.levels[:number] for number, level in enumerate(self.levels))
        refuse_unless(not has_twice, "`levels` has the same level twice; give different levels")

    @cached_property
    def measure(self) -> Measure:
        return measure_of(self.metric)

    @property
    def has_bound(self) -> bool:
        return self.at_most is not None or self.at_least is not None

    @property
    def orientation(self) -> int:
        """The factor that makes lower values better: 1 if lower values are better anyway, as for a spread, otherwise −1."""
        return 1 if self.measure.lower_is_better or self.statistic is Statistic.SPREAD else -1

    def in_view(self, view: View) -> "ClaimPart":
        """Return this comparison in the given view."""
        return replace(self, view=view)


def _is_selector(side: object) -> bool:
    return isinstance(side, Mapping) and all(isinstance(key, str) and _is_value(value) for key, value in side.items())


def _is_value(value: object) -> bool:
    """Return whether a run's config can have this value."""
    return isinstance(value, str | int | float | None) or (isinstance(value, list) and all(map(_is_value, value)))


def refuse_unless(holds: bool, text: str) -> None:
    if not holds:
        raise ConfigError(text)
