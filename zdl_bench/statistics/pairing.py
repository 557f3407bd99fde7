"""Pairs of runs with the same seed. Such runs start at the same weights and see the same batches."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pandas as pd

from zdl_bench.errors import ZdlBenchError
from zdl_bench.run.conditions import percent
from zdl_bench.run.run import Floats
from zdl_bench.statistics.claim_part import ClaimPart, Selector, Statistic
from zdl_bench.statistics.measures import ACCURACY, Measure
from zdl_bench.statistics.metrics.metric import FLOOR
from zdl_bench.statistics.tuning import LrChoice

NO_VALUE_RANK, LOST_RANK = 1e300, math.inf
"""Ranks of runs without a value. A run that did not learn or did not reach its target ranks behind every value, and a diverged
or failed run ranks last.
"""


class Undecidable(ZdlBenchError):
    """The error if the runs do not allow a comparison. The verdict gives the message of the error as its reason."""


@dataclass(frozen=True)
class Side:
    """The runs of one side, at most one per seed. choice: the choice of their learning rate, or None if nothing was chosen."""

    runs: pd.DataFrame
    choice: LrChoice | None = None

    def on(self, seeds: "pd.Index[int]") -> "Side":
        """Return the side with only these seeds, or the side itself if it has no other seeds."""
        return self if seeds.equals(self.runs.index) else Side(self.runs.loc[seeds], self.choice)

    @cached_property
    def is_one_run(self) -> bool:
        """Whether the seeds change nothing: several seeds gave the same bits, or nothing in the problem is random."""
        if self.runs["digest"].isna().any() or self.runs["digest"].nunique() != 1:
            return False
        noise = [key for key in ("problem.gradient_noise", "problem.start_std") if key in self.runs]
        is_noise_free = len(noise) == 2 and bool(self.runs["dataset"].isna().all()) and not self.runs[noise].any(axis=None)
        return len(self.runs) > 1 or is_noise_free

    def values(self, part: ClaimPart) -> Floats:
        """Return one value per seed on the measure's scale, (seeds,); NaN for a run that diverged, failed or did not learn."""
        measure = part.measure
        if measure.column not in self.runs:
            raise Undecidable(f"the runs have no {measure.column}; name a target from the YAML of the data set or problem")
        column: Floats = self.runs[measure.column].to_numpy(dtype=float)
        if measure.is_binary:
            return column
        if measure.scale == "ln" and measure.is_outcome:  # a loss may be 0, so take ln of max(x, 1e-12 · start)
            floors = FLOOR * self.runs["start_loss"].to_numpy(dtype=float)
            column = np.where(column >= 0, np.maximum(column, floors), np.nan)
        scaled = measure.on_scale(column, self.images(measure))
        if measure.is_outcome:
            scaled = np.where(self.runs["learned"].to_numpy(dtype=bool), scaled, np.nan)
        if part.statistic is Statistic.SPREAD and np.isfinite(scaled).any():
            with np.errstate(invalid="ignore"):  # if all accuracies are perfect and the numbers of images unknown
                return np.abs(scaled - np.nanmedian(scaled))
        return scaled

    def images(self, measure: Measure) -> Floats:
        """Return the number of images behind each accuracy, (seeds,); ∞ if unknown."""
        column = measure.column.replace(ACCURACY, "_images")
        unknown = np.full(len(self.runs), math.inf)
        return np.asarray(self.runs[column].fillna(math.inf), dtype=float) if column in self.runs else unknown

    def ranks(self, values: Floats) -> Floats:
        """Return the ranks that the win rate compares, one per seed, (seeds,); a lower rank is better.

        values: with the sign that makes lower values better. A perfect accuracy of an unknown number of images is infinite
        and ranks first. An accuracy of 0 ranks last among the values.
        """
        within = np.clip(values, -NO_VALUE_RANK / 2, NO_VALUE_RANK / 2)
        has_lost = np.asarray(self.runs["status"] != "completed", dtype=bool)
        return np.where(has_lost, LOST_RANK, np.where(np.isnan(values), NO_VALUE_RANK, within))

    @cached_property
    def run_ids(self) -> tuple[str, ...]:
        return tuple(self.runs["run_id"])


@dataclass(frozen=True)
class Pairs:
    """The values of both sides, one per seed, on the metric's scale. `second` is all zeros if the part has only one side.

    All arrays have shape (seeds,). first_ranks, second_ranks: see `Side.ranks`. images: the number of images on which each
    accuracy of the first side was measured, or ∞ if that is unknown.
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

    @cached_property
    def differences(self) -> Floats:
        """first − second, NaN if a pair lacks a value; ±∞ if only one of its values is infinite, NaN if both are."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.first - self.second)

    @cached_property
    def differences_with_values(self) -> Floats:
        return self.differences[np.isfinite(self.differences)]

    @property
    def lacks_values(self) -> bool:
        return len(self.differences_with_values) < len(self.seeds)

    @property
    def lacks_runs(self) -> bool:
        """Whether some run has no value, not even one that is infinite on the scale."""
        return bool(np.isnan(self.first).any() or np.isnan(self.second).any())

    @property
    def has_ties_at_infinity(self) -> bool:
        """Whether some pair is equal without a difference, such as two jitters of 0."""
        return bool((np.isinf(self.first) & (self.first == self.second)).any())

    @property
    def correlation(self) -> float:
        """The correlation of the two sides over seeds; the higher it is, the more noise pairing removes."""
        both = np.isfinite(self.first) & np.isfinite(self.second)
        if both.sum() < 3 or self.first[both].std() == 0 or self.second[both].std() == 0:
            return math.nan
        return float(np.corrcoef(self.first[both], self.second[both])[0, 1])


class Evidence(Protocol):
    """The runs from which a part of a claim takes the pairs to compare."""

    def pairs(self, part: ClaimPart, level: Selector) -> Pairs:
        """Return the pairs of runs that a part compares at one level. Raise Undecidable with the reason if there are none."""
        ...


def by_seed(runs: pd.DataFrame, ambiguous: str = "it has several runs of one seed at one learning rate") -> pd.DataFrame:
    """Return the runs of a side indexed by seed. Raise Undecidable with the text `ambiguous` if a seed has several runs."""
    if runs["seed"].duplicated().any():
        raise Undecidable(ambiguous)
    return runs.set_index("seed", drop=False).sort_index()


def pair_up(part: ClaimPart, first: Side, second: Side | None) -> Pairs:
    """Pair the runs of both sides seed by seed. Raise Undecidable if the sides share no seed, or if they share a run."""
    seeds, notes = first.runs.index, []
    if second is not None:
        seeds = seeds.intersection(second.runs.index)
        if not len(seeds):
            raise Undecidable("the two sides share no seed; train both on the same seeds")
        if len(seeds) < max(len(first.runs), len(second.runs)):
            notes.append(f"{len(seeds)} seeds are on both sides, of {len(first.runs)} and {len(second.runs)}")
        second = second.on(seeds)
        if not set(first.run_ids).isdisjoint(second.run_ids):
            raise Undecidable(_same_runs(first, second))
    first = first.on(seeds)
    sides = [first] if second is None else [first, second]
    ours, theirs = first.values(part), second.values(part) if second else np.zeros(len(seeds))
    return Pairs(
        seeds=seeds.to_numpy(dtype=np.int64),
        first=ours,
        second=theirs,
        first_ranks=first.ranks(part.orientation * ours),
        second_ranks=second.ranks(part.orientation * theirs) if second else theirs,
        planned_steps=int(first.runs["steps"].iloc[0]),
        images=float(first.images(part.measure)[0]),
        is_exact=all(side.is_one_run for side in sides),
        run_ids=tuple(run_id for side in sides for run_id in side.run_ids),
        notes=(*notes, *_choice_notes(sides)),
    )


def _same_runs(*sides: Side) -> str:
    chosen = [f"{side.choice.lr:g} is the best lr, and " for side in sides if side.choice and side.choice.lr is not None]
    return f"{''.join(chosen[:1])}both sides are the same runs, which decide nothing; compare with another learning rate"


def _choice_notes(sides: list[Side]) -> Iterator[str]:
    choices = [(side, side.choice) for side in sides if side.choice is not None]
    for side, choice in choices:
        if choice.lr is not None:
            name, share = side.runs["optimizer"].iloc[0], percent(choice.shares[choice.lr])
            edge = ", at the edge of its grid" if choice.at_edge else ""
            yield f"{name}: best lr {choice.lr:g} (chosen in {share} of resamples{edge})"
    budgets = [len(choice.lrs) for _, choice in choices]
    if len(set(budgets)) > 1:
        yield f"unequal budgets: {' and '.join(map(str, budgets))} learning rates"
