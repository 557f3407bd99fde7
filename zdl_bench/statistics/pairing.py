"""Runs → pairs of one seed. Runs of one seed start at the same weights and see the same batches."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pandas as pd

from zdl_bench.errors import ZdlBenchError
from zdl_bench.run.conditions import percent
from zdl_bench.run.run import Floats
from zdl_bench.statistics.claims import Part, Selector, Statistic
from zdl_bench.statistics.measures import Measure, measure_of
from zdl_bench.statistics.metrics.metric import FLOOR
from zdl_bench.statistics.tuning import Selection

WITHOUT_VALUE, LOST = 1e300, math.inf
"""Ranks of runs without a value: what did not learn or reach its target stands behind every value, before the diverged."""


class Undecidable(ZdlBenchError):
    """The runs do not allow the comparison; the message is the reason, as the verdict gives it."""


def orientation(part: Part, measure: Measure) -> int:
    """1 where lower is better, −1 where higher is; a spread is better when it is smaller."""
    return 1 if measure.lower_is_better or part.statistic is Statistic.SPREAD else -1


@dataclass(frozen=True)
class Side:
    """The runs of one side, at most one per seed, with the choice of their learning rate where there was one."""

    runs: pd.DataFrame
    choice: Selection | None = None

    def on(self, seeds: "pd.Index[int]") -> "Side":
        """The runs of these seeds; itself where it has no others."""
        return self if seeds.equals(self.runs.index) else Side(self.runs.loc[seeds], self.choice)

    @cached_property
    def is_one_run(self) -> bool:
        """Whether the seeds change nothing: they gave the same bits, or nothing of the problem is drawn."""
        same_bits = bool(self.runs["digest"].notna().all()) and self.runs["digest"].nunique() == 1
        return same_bits and (len(self.runs) > 1 or self._draws_nothing)

    @property
    def _draws_nothing(self) -> bool:
        drawn = [key for key in ("problem.gradient_noise", "problem.start_std") if key in self.runs]
        return len(drawn) == 2 and bool(self.runs["dataset"].isna().all()) and not self.runs[drawn].any(axis=None)

    def values(self, measure: Measure, statistic: Statistic) -> Floats:
        """(seeds,) on the measure's scale, NaN where a run has no value: it diverged, failed or did not learn."""
        if measure.column not in self.runs:
            raise Undecidable(f"the runs have no {measure.column}; a target belongs to the YAML of its data set or problem")
        column: Floats = self.runs[measure.column].to_numpy(dtype=float)
        if measure.is_binary:
            return column
        scaled = measure.on_scale(self._above_floor(column, measure), self.images(measure))
        if measure.of_outcome:
            scaled = np.where(self.runs["learned"].to_numpy(dtype=bool), scaled, np.nan)
        if statistic is Statistic.SPREAD:
            with np.errstate(invalid="ignore"):  # of accuracies that are all perfect, of unknown numbers of images
                return np.abs(scaled - np.nanmedian(scaled)) if np.isfinite(scaled).any() else scaled
        return scaled

    def images(self, measure: Measure) -> Floats:
        """(seeds,) how many images an accuracy is of, ∞ if nobody knows."""
        if measure.images_column not in self.runs:
            return np.full(len(self.runs), math.inf)
        return np.asarray(self.runs[measure.images_column].fillna(math.inf), dtype=float)

    def _above_floor(self, column: Floats, measure: Measure) -> Floats:
        """A perfect run ends at 0: logarithms are taken of max(x, 1e-12 · x₀), of losses with x₀ the one at the start."""
        if measure.scale != "ln":
            return column
        starts = self.runs["start_loss"].to_numpy(dtype=float) if measure.of_outcome else 1.0
        return np.where(column >= 0, np.maximum(column, FLOOR * starts), np.nan)

    @cached_property
    def run_ids(self) -> tuple[str, ...]:
        return tuple(self.runs["run_id"])

    @cached_property
    def lost(self) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        return np.asarray(self.runs["status"] != "completed", dtype=bool)


@dataclass(frozen=True)
class Pairs:
    """Values of both sides by seed, on the metric's scale; second is 0 where a part has one side only.

    All arrays are (seeds,). ranks: what the win rate compares, lower is better, with the runs that have no value at the end.
    images: how many an accuracy of the first side is of, ∞ if nobody knows.
    """

    seeds: "np.ndarray[Any, np.dtype[np.int64]]"
    first: Floats
    second: Floats
    first_ranks: Floats
    second_ranks: Floats
    planned_steps: int
    images: float
    is_exact: bool
    run_ids: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def differences(self) -> Floats:
        """first − second, NaN where a pair lacks a value."""
        return np.asarray(self.first - self.second)

    @property
    def differences_with_values(self) -> Floats:
        return self.differences[np.isfinite(self.differences)]

    @property
    def lacks_values(self) -> bool:
        return len(self.differences_with_values) < len(self.seeds)

    @property
    def correlation(self) -> float:
        """What pairing removes: the correlation of the sides over seeds."""
        both = np.isfinite(self.first) & np.isfinite(self.second)
        if both.sum() < 3 or self.first[both].std() == 0 or self.second[both].std() == 0:
            return math.nan
        return float(np.corrcoef(self.first[both], self.second[both])[0, 1])


def by_seed(runs: pd.DataFrame, ambiguous: str = "it has several runs of one seed at one learning rate") -> pd.DataFrame:
    """The runs of a side under their seeds. Raises Undecidable, `ambiguous`, where a seed has several."""
    if runs["seed"].duplicated().any():
        raise Undecidable(ambiguous)
    return runs.set_index("seed", drop=False).sort_index()


class Evidence(Protocol):
    """What gives the pairs that a part of a claim compares."""

    def pairs(self, part: Part, level: Selector) -> Pairs:
        """The pairs of a part at one level. Raises Undecidable with the reason where the runs do not give them."""
        ...


def pair_up(part: Part, first: Side, second: Side | None) -> Pairs:
    """The runs of both sides, seed by seed. Raises Undecidable where the sides share no seed."""
    measure = measure_of(part.metric)
    seeds, notes, is_same = first.runs.index, [], False
    if second is not None:
        seeds = seeds.intersection(second.runs.index)
        if not len(seeds):
            raise Undecidable("the two sides share no seed")
        if len(seeds) < max(len(first.runs), len(second.runs)):
            notes.append(f"{len(seeds)} seeds are on both sides, of {len(first.runs)} and {len(second.runs)}")
        second = second.on(seeds)
        is_same = set(first.run_ids) == set(second.run_ids)
        notes += ["both sides are the same runs"] if is_same else []
    first = first.on(seeds)
    sides = [side for side in (first, second) if side is not None]
    ours = first.values(measure, part.statistic)
    theirs = second.values(measure, part.statistic) if second else np.zeros(len(seeds))
    sign = orientation(part, measure)
    return Pairs(
        seeds=seeds.to_numpy(dtype=np.int64),
        first=ours,
        second=theirs,
        first_ranks=_ranked(sign * ours, first),
        second_ranks=_ranked(sign * theirs, second) if second else theirs,
        planned_steps=int(first.runs["steps"].iloc[0]),
        images=float(first.images(measure)[0]),
        is_exact=is_same or all(side.is_one_run for side in sides),
        run_ids=tuple(run_id for side in sides for run_id in side.run_ids),
        notes=(*notes, *(note for side in sides for note in _choice_notes(side)), *_budget_notes(sides)),
    )


def _ranked(values: Floats, side: Side) -> Floats:
    """A perfect accuracy of an unknown number of images is infinite: it stands before every other, and none right behind."""
    within = np.clip(values, -WITHOUT_VALUE / 2, WITHOUT_VALUE / 2)
    return np.where(side.lost, LOST, np.where(np.isnan(values), WITHOUT_VALUE, within))


def _choice_notes(side: Side) -> list[str]:
    if side.choice is None or side.choice.lr is None:
        return []
    name, lr = side.runs["optimizer"].iloc[0], side.choice.lr
    share = side.choice.shares.get(lr, 0.0)
    edge = ", at the edge of its grid" if side.choice.at_edge else ""
    return [f"{name}: best lr {lr:g} (chosen in {percent(share)} of resamples{edge})"]


def _budget_notes(sides: Sequence[Side]) -> list[str]:
    budgets = [len(side.choice.shares) for side in sides if side.choice is not None]
    return [f"unequal budgets: {' and '.join(map(str, budgets))} learning rates"] if len(set(budgets)) > 1 else []
