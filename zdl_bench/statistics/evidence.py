"""The runs of an experiment → the pairs that a part of a claim compares."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from zdl_bench.statistics.claims import Part, Selector, View
from zdl_bench.statistics.pairing import Pairs, Side, Undecidable, by_seed, pair_up
from zdl_bench.statistics.tuning import select_lr


class ExperimentRuns:
    """The runs of an experiment as evidence for its claims.

    runs: the frame of `Results.runs`. tuning_seeds: the seeds on which learning rates are chosen, never judged.
    """

    def __init__(self, runs: pd.DataFrame, tuning_seeds: Sequence[int]) -> None:
        is_tuning = runs["seed"].isin(tuning_seeds)
        self._tuning, self._judging = runs[is_tuning], runs[~is_tuning]

    def pairs(self, part: Part, level: Selector) -> Pairs:
        """The pairs of a part at one level. Raises Undecidable with the reason where the runs do not give them."""
        return pair_up(part, *self._sides(part, level))

    def _sides(self, part: Part, level: Selector) -> tuple[Side, Side | None]:
        first = {**part.first, **level}
        second = {**part.second, **level} if part.second is not None else None
        if part.view is View.BEST_LR:
            return self._at_best(first), self._at_best(second) if second is not None else None
        if part.view is View.SAME_EFFECTIVE_LR and second is not None:
            ours = self._at(first, "lr", part.lr)
            return ours, self._at(second, "effective_lr", float(ours.runs["effective_lr"].iloc[0]))
        if part.view is View.AS_NAMED:
            sides = [self._named(selector) for selector in (first, second) if selector is not None]
            return sides[0], sides[1] if len(sides) > 1 else None
        return self._at(first, "lr", part.lr), self._at(second, "lr", part.lr) if second is not None else None

    def _named(self, selector: Selector) -> Side:
        """`lr: best` in a selector asks for the tuned learning rate of that side."""
        if selector.get("lr") == "best":
            return self._at_best({key: value for key, value in selector.items() if key != "lr"})
        return Side(by_seed(_matching(self._judging, selector), _ambiguous(selector)))

    def _at(self, selector: Selector, column: str, value: float | None) -> Side:
        runs = _matching(self._judging, selector)
        at_value = runs[np.isclose(runs[column].to_numpy(dtype=float), math.nan if value is None else value, rtol=1e-9, atol=0)]
        if at_value.empty:
            tried = _filtered(self._tuning, selector)[column]
            hint = "; it ran on tuning seeds only, so give it a block of its own" if (tried == value).any() else ""
            raise Undecidable(f"there are no runs of {_words(selector)} at {column.replace('_', ' ')} {value:g}{hint}")
        return Side(by_seed(at_value, _ambiguous(selector)))

    def _at_best(self, selector: Selector) -> Side:
        trials = _filtered(self._tuning, selector)
        if trials["lr"].nunique() < 2:
            raise Undecidable(f"the lr of {_words(selector)} was not tuned")
        if trials.duplicated(["lr", "seed"]).any():
            raise Undecidable(_ambiguous(selector))
        grid = lr_grid(trials)
        choice = select_lr(grid.index, grid.to_numpy())
        if choice.lr is None:
            raise Undecidable(f"no lr of {_words(selector)} has a value on all tuning seeds")
        return Side(self._at(selector, "lr", choice.lr).runs, choice)


def lr_grid(trials: pd.DataFrame, column: str = "tail_loss") -> pd.DataFrame:
    """Tail losses of one optimizer's trials: a row per learning rate, a column per seed, NaN where one was not tried.

    Of several runs of one cell their mean, NaN if some run has no value.
    """
    cells = trials.dropna(subset="lr").groupby(["lr", "seed"])[column]
    return cells.mean().where(cells.count() == cells.size()).unstack("seed").astype(float)


def _matching(runs: pd.DataFrame, selector: Selector) -> pd.DataFrame:
    """The runs that have the selector's values. Raises Undecidable where there are none."""
    matching = _filtered(runs, selector)
    if matching.empty:
        raise Undecidable(f"there are no runs of {_words(selector)}")
    return matching


def _filtered(runs: pd.DataFrame, selector: Selector) -> pd.DataFrame:
    for key, value in selector.items():
        if key not in runs:
            raise Undecidable(f"no run has the key {key}")
        runs = runs[_equal(runs[key], value)]
    return runs


def _equal(column: pd.Series, value: Any) -> "pd.Series[bool]":
    if value is None:
        return column.isna()
    if isinstance(value, str) and pd.api.types.is_numeric_dtype(column):
        value = pd.to_numeric(value, errors="coerce")  # YAML reads 1e4 as a text
    if isinstance(value, list):
        return column.map(lambda text: isinstance(text, str) and _loaded(text) == value).astype(bool)
    return column == value


def _loaded(text: str) -> Any:
    """The list that a cell is the JSON of; None if it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _ambiguous(selector: Selector) -> str:
    return f"{_words(selector)} is ambiguous: several runs of one seed match; name more keys"


def _words(selector: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in selector.items()) or "the experiment"
