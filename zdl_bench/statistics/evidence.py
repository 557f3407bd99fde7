"""Evidence for claims: the runs of an experiment, or of the optimizers of one setting."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from zdl_bench.statistics.claim_part import ClaimPart, Selector, View
from zdl_bench.statistics.pairing import Pairs, pair_up
from zdl_bench.statistics.side import Side, Undecidable, by_seed
from zdl_bench.statistics.tuning import choose_lr_of

VARIANT = "variant"


class ExperimentRuns:
    """The runs of an experiment as evidence for its claims.

    runs: the data frame `Results.runs`. tuning_seeds: seeds used only to choose learning rates, never as evidence.
    """

    def __init__(self, runs: pd.DataFrame, tuning_seeds: Sequence[int]) -> None:
        is_tuning = runs["seed"].isin(tuning_seeds)
        self._tuning, self._judging = runs[is_tuning], runs[~is_tuning]

    def pairs(self, part: ClaimPart, level: Selector) -> Pairs:
        """Return the pairs of runs that a part compares at one level. Raise Undecidable with the reason if there are none."""
        sides: dict[View, Callable[[Selector], Side]] = {View.BEST_LR: self._at_best, View.AS_NAMED: self._as_named}
        side = sides.get(part.view, partial(self._at, column="lr", value=math.nan if part.lr is None else part.lr))
        first = side({**part.first, **level})
        if part.second is not None and part.view is View.SAME_EFFECTIVE_LR:
            side = partial(self._at, column="effective_lr", value=float(first.runs["effective_lr"].iloc[0]))
        return pair_up(part, first, None if part.second is None else side({**part.second, **level}))

    def _as_named(self, selector: Selector) -> Side:
        """Return the runs that match the selector, in which `lr: best` stands for the tuned learning rate of this side."""
        if selector.get("lr") == "best":
            return self._at_best({key: value for key, value in selector.items() if key != "lr"})
        return Side(by_seed(self._matching(selector), _ambiguous(selector)))

    def _matching(self, selector: Selector) -> pd.DataFrame:
        matching = _filter(self._judging, selector)
        if matching.empty:
            raise Undecidable(f"there are no runs of {_words(selector)}; train such runs, or select others in the claim")
        return matching

    def _at(self, selector: Selector, column: str, value: float) -> Side:
        at_value = _near(self._matching(selector), column, value)
        if at_value.empty:
            tried = _filter(self._tuning, selector)[column]
            hint = " except on tuning seeds" if (tried == value).any() else ""
            raise Undecidable(
                f"there are no runs of {_words(selector)} at {column.replace('_', ' ')} {value:g}{hint}; "
                "add a block with only this learning rate to the experiment"
            )
        return Side(by_seed(at_value, _ambiguous(selector)))

    def _at_best(self, selector: Selector) -> Side:
        trials = _filter(self._tuning, selector)
        if trials["lr"].nunique() < 2:
            raise Undecidable(f"the lr of {_words(selector)} was not tuned; try two or more learning rates on tuning seeds")
        if trials.duplicated(["lr", "seed"]).any():
            raise Undecidable(_ambiguous(selector))
        choice = choose_lr_of(trials)
        if choice.lr is None:
            raise Undecidable(f"no lr of {_words(selector)} has a value on all tuning seeds; try other learning rates")
        return Side(self._at(selector, "lr", choice.lr).runs, choice)


@dataclass(frozen=True)
class Entrants:
    """The optimizers of one setting as evidence, each with one run per seed. A part of a claim names its sides by `variant`.

    sides: variant → its runs, in the order of the plan. reasons: variant → why the variant has no side. are_tuned: whether
    learning rates were chosen on tuning seeds, or there was nothing to choose.
    """

    sides: Mapping[str, Side]
    reasons: Mapping[str, str]
    are_tuned: bool

    def pairs(self, part: ClaimPart, level: Selector) -> Pairs:
        """Return the pairs of two variants. Raise Undecidable if a side has no runs.

        Pairs whose seeds have also chosen a learning rate can be described but not tested: the choice has seen the noise.
        """
        assert part.second is not None
        names = (part.first[VARIANT], part.second[VARIANT])
        for name in names:
            if name not in self.sides:
                raise Undecidable(self.reasons.get(name, f"{name}: it has no runs there"))
        first, second = (self.sides[name] for name in names)
        pairs = pair_up(part, first, second)
        had_choice = first.choice is not None or second.choice is not None
        return replace(pairs, objection=self._objection()) if had_choice and not self.are_tuned else pairs

    def _objection(self) -> str:
        seeds = {int(seed) for side in self.sides.values() for seed in side.runs.index}
        start = 100 if seeds.isdisjoint(range(100, 103)) else max(seeds) + 1
        remedy = f"let others choose, for example tuning_seeds=range({start},{start + 3})"
        return f"the learning rates were chosen on the seeds that judge; {remedy}"


def entrants_at_best(runs: pd.DataFrame, tuning_seeds: Sequence[int]) -> Entrants:
    """Return the runs of each variant at its best learning rate, or at its only learning rate.

    runs: the data frame `Results.runs` of one setting, with the column `variant`. If there are tuning seeds, learning rates
    are chosen on them and compared on the evaluation seeds. Without tuning seeds, all seeds are used both to choose and to
    compare, so the comparisons of a variant that had a choice are described but not tested (docs/statistics.md).
    """
    is_tuning = runs["seed"].isin(tuning_seeds)
    if not is_tuning.any():
        return _entrants(runs, lambda members: _at_best(members, members), are_tuned=False)
    return _entrants(
        runs,
        lambda members: _at_best(members[is_tuning[members.index]], members[~is_tuning[members.index]]),
        are_tuned=True,
    )


def entrants_of(runs: pd.DataFrame) -> Entrants:
    """Return each variant with all of its runs. The runs of a variant have one learning rate.

    A variant with several runs of one seed gets a reason instead of a side.
    """
    return _entrants(runs, lambda members: Side(by_seed(members)), are_tuned=True)


def _entrants(runs: pd.DataFrame, side: Callable[[pd.DataFrame], Side], *, are_tuned: bool) -> Entrants:
    """Return each variant with its side, or with the reason why it has no side."""
    sides: dict[str, Side] = {}
    reasons: dict[str, str] = {}
    for variant, members in runs.groupby(VARIANT, sort=False):
        try:
            sides[str(variant)] = side(members)
        except Undecidable as reason:
            reasons[str(variant)] = f"{variant}: {reason}"
    return Entrants(sides, reasons, are_tuned)


def _at_best(trials: pd.DataFrame, judging: pd.DataFrame) -> Side:
    """Return the evaluation runs of a variant at the best learning rate of its trials."""
    if not len(judging):
        raise Undecidable("it ran on tuning seeds only")
    if judging["lr"].nunique() < 2 and trials["lr"].nunique() < 2:
        return Side(by_seed(judging))
    if trials["lr"].nunique() < 2:
        raise Undecidable("its learning rates were not tried on tuning seeds")
    if trials.duplicated(["lr", "seed"]).any():
        raise Undecidable("it has several runs of one seed at one learning rate")
    choice = choose_lr_of(trials)
    if choice.lr is None:
        raise Undecidable("no learning rate has a value on every seed used to choose")
    at_best = _near(judging, "lr", choice.lr)
    if at_best.empty:
        raise Undecidable(f"no evaluation run has its best lr, {choice.lr:g}")
    return Side(by_seed(at_best), choice)


def _filter(runs: pd.DataFrame, selector: Selector) -> pd.DataFrame:
    """Return the runs that have the selector's values. Raise Undecidable if the runs lack a key of the selector."""
    for key, value in selector.items():
        if key not in runs:
            raise Undecidable(f"no run has the key {key}; select runs by a key of their config")
        runs = runs[_equal(runs[key], value)]
    return runs


def _equal(column: pd.Series, value: Any) -> "pd.Series[bool]":
    if value is None:
        return column.isna()
    if isinstance(value, str) and pd.api.types.is_numeric_dtype(column):
        value = pd.to_numeric(value, errors="coerce")  # YAML reads 1e4 as a string
    if isinstance(value, list):
        return column.map(lambda text: isinstance(text, str) and _parse_json(text) == value).astype(bool)
    return column == value


def _parse_json(text: str) -> Any:
    """Return the JSON value of a cell, or None if the cell is not JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _near(runs: pd.DataFrame, column: str, value: float) -> pd.DataFrame:
    return runs[np.isclose(runs[column].to_numpy(dtype=float), value, rtol=1e-9, atol=0)]


def _ambiguous(selector: Selector) -> str:
    return f"{_words(selector)} is ambiguous: several runs of one seed match; name more keys in the claim"


def _words(selector: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in selector.items()) or "the experiment"
