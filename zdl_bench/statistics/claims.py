"""What a claim says: which runs are compared by which metric, and what would support it. Judged in `verdicts`."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from zdl_bench.errors import ConfigError, display
from zdl_bench.statistics.measures import Measure, measure_of

Selector = Mapping[str, Any]
"""Keys of a run's config → the values that its runs have, as on the command line."""


class Kind(StrEnum):
    """How a part of a claim is decided."""

    SUPERIORITY = "superiority"  # the first is better than the second, by a margin where one is stated
    EQUIVALENCE = "equivalence"  # their ratio, or difference, lies within the margin
    THRESHOLD = "threshold"  # a ratio, or a value where there is no second, is at most or at least a bound
    INTERACTION = "interaction"  # the first gains on the second from level to level
    EXACT = "exact"  # as superiority or threshold, from deterministic runs, without a p-value


ALL_OF = "all_of"
MAX_COMPARISONS = 300
"""Of an experiment, views included: each takes milliseconds."""
WITH_MARGIN = (Kind.SUPERIORITY, Kind.EQUIVALENCE)


class View(StrEnum):
    """At which learning rates the sides are compared: three answers that can be opposite."""

    AS_NAMED = "as_named"  # each side names its own
    SAME_LR = "same_lr"
    SAME_EFFECTIVE_LR = "same_effective_lr"
    BEST_LR = "best_lr"  # chosen on tuning seeds, judged on others

    @property
    def words(self) -> str:
        return {"as_named": "as named", "best_lr": "each at its best lr"}.get(self, self.replace("_", " "))


class Statistic(StrEnum):
    MEAN = "mean"
    SPREAD = "spread"  # the distance of a seed's value from the median over seeds


@dataclass(frozen=True)
class Part:
    """One comparison that numbers can decide.

    The first side is expected to be the better one, by the direction of the metric. margin: a ratio where the metric's
    scale is ln, else a difference; at_most, at_least: of first/second or first − second, of the first's value where there
    is no second. lr: the first's learning rate in the views same_lr and same_effective_lr. levels: what both sides have
    in turn, with the value of each in `at`, the horizontal axis of an interaction's slope.

    Raises ConfigError where keys are missing or do not go together, or there is no such metric.
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
        _require(isinstance(self.metric, str), f"metric: {display(self.metric)} is no name of one")
        measure = measure_of(self.metric)
        for key, side in (("first", self.first), ("second", {} if self.second is None else self.second)):
            _require(_is_selector(side), f"`{key}` is a mapping from key to value")
        _require(self.first != self.second, "`first` and `second` name the same runs; name different ones")
        bounds = [bound for bound in (self.at_most, self.at_least) if bound is not None]
        _require(len(bounds) < 2, "give one of `at_most` and `at_least`")
        needs_second = self.kind in (Kind.SUPERIORITY, Kind.EQUIVALENCE, Kind.INTERACTION)
        _require(self.second is not None or not needs_second, f"{self.kind.value} compares `first` with `second`")
        _require(self.kind is not Kind.THRESHOLD or bool(bounds), "a threshold needs `at_most` or `at_least`")
        _require(self.second is not None or bool(bounds), "a value without a `second` needs `at_most` or `at_least`")
        _require(not bounds or self.kind in (Kind.THRESHOLD, Kind.EXACT), f"{self.kind.value} has no `at_most` or `at_least`")
        _require(self.margin is None or self.kind in WITH_MARGIN, f"{self.kind.value} has no `margin`")
        for bound in bounds:
            self._require_bound(bound, measure)
        least = 1 if measure.scale == "ln" else 0
        is_margin = self.margin is None or least < self.margin < math.inf
        _require(is_margin, f"margin: {self.margin}: a margin of {self.metric} is above {least}, and finite")
        _require(self.lr is not None or self.view in (View.AS_NAMED, View.BEST_LR), f"view {self.view.value} needs `lr`")
        _require(self.lr is None or 0 < self.lr < math.inf, f"lr: {self.lr}: a learning rate is a finite number above 0")
        if self.kind is Kind.INTERACTION:
            self._require_levels()
        _require(self.kind is Kind.INTERACTION or not self.levels, f"{self.kind.value} has no `levels`")
        _require(not measure.is_binary or self.kind is Kind.SUPERIORITY, "yes or no is compared by superiority alone")
        _require(not measure.is_binary or self.margin is None, "yes or no is compared without a margin")
        _require(not measure.is_binary or self.statistic is Statistic.MEAN, "yes or no has no spread")

    def _require_bound(self, bound: float, measure: Measure) -> None:
        """A bound that no run can keep, or none can break, decides nothing."""
        name, given = self.metric, f"{'at_most' if self.at_least is None else 'at_least'}: {bound:g}"
        _require(math.isfinite(bound), f"{given}: a bound is a finite number")
        if self.statistic is Statistic.SPREAD and self.second is None:
            least = 1 if measure.scale == "ln" else 0
            _require(bound > least, f"{given}: a spread of {name} is {'a ratio ' if least else ''}above {least}")
        elif measure.scale == "ln":
            _require(bound > 0, f"{given}: {name} is compared by ratios, which are above 0; give such a bound")
        elif measure.scale == "logit" and self.second is None:
            _require(0 <= bound <= 1, f"{given}: {name} is a share from 0 to 1; give such a bound")

    def _require_levels(self) -> None:
        """A slope needs levels that differ, at places that differ."""
        has_levels = len(self.levels) >= 2 and all(map(_is_selector, self.levels))
        _require(has_levels and len(self.at) == len(self.levels), "`levels` and `at` are of equal length, 2 or more")
        _require(all(map(math.isfinite, self.at)), f"at: {display(list(self.at))}: places of levels are finite numbers")
        middle = sum(self.at) / len(self.at)
        square = sum((place - middle) * (place - middle) for place in self.at)  # what a slope is divided by
        is_apart = len({*self.at}) == len(self.at) and 0 < square < math.inf
        _require(is_apart, f"at: {display(list(self.at))}: each level has a place of its own; name different ones")
        distinct = [level for number, level in enumerate(self.levels) if level not in self.levels[:number]]
        _require(len(distinct) == len(self.levels), "`levels` has a level twice; name different ones")

    def seen(self, view: View) -> "Part":
        """The same comparison in another view."""
        return replace(self, view=view)


@dataclass(frozen=True)
class Claim:
    """A sentence and the comparisons that decide it: all parts must hold.

    also: views that are shown without a verdict. waits_for: what is missing to decide it, where something is.
    """

    id: str
    sentence: str
    source: str
    kind: str
    parts: tuple[Part, ...]
    also: tuple[View, ...] = ()
    waits_for: str = ""
    note: str = ""


CLAIM_KEYS = ("id", "sentence", "source", "kind", "parts", "also", "waits_for", "note")
PART_KEYS = tuple(f.name for f in fields(Part))


def claims_of(stated: Iterable[Mapping[str, Any]]) -> tuple[Claim, ...]:
    """The claims of an experiment's YAML; the parts of an `all_of` inherit the claim's own keys.

    Raises ConfigError that names the claim where one cannot be read.
    """
    claims: dict[str, Claim] = {}
    for number, content in enumerate(stated, start=1):
        name = f"claim {display(content.get('id', number))}"
        try:
            claim = _claim(content)
            _require(claim.id not in claims, "another claim has this id")
            claims[claim.id] = claim
            comparisons = sum(len(one.parts) * (1 + len(one.also)) for one in claims.values())
            _require(comparisons <= MAX_COMPARISONS, f"all claims together make more than {MAX_COMPARISONS} comparisons")
        except (ConfigError, KeyError, TypeError, ValueError, OverflowError) as error:
            missing = f"it has no `{error.args[0]}`" if isinstance(error, KeyError) else str(error)
            raise ConfigError(f"{name} of the experiment: {missing}") from error
    return tuple(claims.values())


def _claim(content: Mapping[str, Any]) -> Claim:
    allowed = (*CLAIM_KEYS, *PART_KEYS)
    unknown = [key for key in content if key not in allowed]
    _require(not unknown, f"it has the key {unknown and unknown[0]}; a claim has {', '.join(dict.fromkeys(allowed))}")
    shared = {key: content[key] for key in PART_KEYS if key in content and key != "kind"}
    if content["kind"] == ALL_OF:
        parts = [_part(shared | part) for part in content["parts"]]
    else:
        _require("parts" not in content, f"only a claim of kind {ALL_OF} has parts")
        parts = [] if "waits_for" in content and "metric" not in content else [_part(shared | {"kind": content["kind"]})]
    also = tuple(View(view) for view in content.get("also", []))
    for view in also:
        for part in parts:
            part.seen(view)  # refuses a view that lacks its learning rate
    _require(bool(parts) or "waits_for" in content, "it has no parts")
    return Claim(
        id=str(content["id"]),
        sentence=str(content["sentence"]),
        source=str(content["source"]),
        kind=str(content["kind"]),
        parts=tuple(parts),
        also=also,
        waits_for=str(content.get("waits_for", "")),
        note=str(content.get("note", "")),
    )


def _part(content: Mapping[str, Any]) -> Part:
    unknown = [key for key in content if key not in PART_KEYS]
    _require(not unknown, f"a part has the key {unknown and unknown[0]}; a part has {', '.join(PART_KEYS)}")
    enums: dict[str, type[StrEnum]] = {"kind": Kind, "view": View, "statistic": Statistic}
    for key, choices in enums.items():
        known = [str(choice.value) for choice in choices]
        _require(content.get(key, known[0]) in known, f"{key}: {display(content.get(key))} is none of {', '.join(known)}")
    typed: dict[str, Any] = {key: enums[key](value) if key in enums else value for key, value in content.items()}
    for key in ("levels", "at"):
        _require(isinstance(typed.get(key, []), list), f"{key}: {display(typed.get(key))}: it is a list")
    typed["levels"] = tuple(typed.get("levels", ()))
    typed["at"] = tuple(float(x) for x in typed.get("at", range(len(typed["levels"]))))
    for key in ("lr", "margin", "at_most", "at_least"):
        if typed.get(key) is not None:
            typed[key] = float(typed[key])
    return Part(**typed)


def _is_selector(given: object) -> bool:
    return isinstance(given, Mapping) and all(isinstance(key, str) and _is_value(value) for key, value in given.items())


def _is_value(given: object) -> bool:
    """Whether a run's config can have it."""
    return isinstance(given, str | int | float | None) or (isinstance(given, list) and all(map(_is_value, given)))


def _require(holds: bool, text: str) -> None:
    if not holds:
        raise ConfigError(text)
