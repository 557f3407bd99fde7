"""A side of a comparison: the runs of one optimizer, one per seed, and their numbers by a metric."""

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from zdl_bench.errors import ZdlBenchError
from zdl_bench.language import later, translatable
from zdl_bench.run.conditions import percent
from zdl_bench.run.run import Floats
from zdl_bench.statistics.claim_part import ClaimPart, Statistic
from zdl_bench.statistics.measures import ACCURACY, Measure
from zdl_bench.statistics.metrics.metric import FLOOR
from zdl_bench.statistics.tuning import LrChoice

NO_VALUE_RANK, LOST_RANK = 1e300, math.inf
"""Ranks of runs that did not learn or did not reach their target, behind every value, and of diverged or failed runs, last."""


class Undecidable(ZdlBenchError):
    """The error if the runs do not allow a comparison. The verdict gives its reason, a text of `later`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Numbers(NamedTuple):
    """The numbers of a side by one metric, each (seeds,), as the methods of `Side` return them."""

    values: Floats
    ranks: Floats
    images: Floats


@dataclass(frozen=True)
class Side:
    """The runs of one side, at most one per seed.

    choice: the choice of their learning rate, or None if nothing was chosen. known: what `numbers` has found before.
    """

    runs: pd.DataFrame
    choice: LrChoice | None = None
    known: dict[tuple[str, Statistic, int], "Numbers"] = field(default_factory=dict, repr=False, compare=False)

    def numbers(self, part: ClaimPart) -> "Numbers":
        key = (part.metric, part.statistic, part.orientation)
        if key not in self.known:
            values = self.values(part)
            self.known[key] = Numbers(values, self.ranks(part.orientation * values), self.images(part.measure))
        return self.known[key]

    def on(self, seeds: "pd.Index[int]") -> "Side":
        """Return the side with only these seeds, or the side itself if it has no other seeds."""
        return self if seeds.equals(self.runs.index) else Side(self.runs.loc[seeds], self.choice)

    @cached_property
    def is_one_run(self) -> bool:
        """Whether the seeds change nothing: several seeds gave the same bits, or nothing in the problem is random."""
        if self.runs["digest"].isna().any() or self.runs["digest"].nunique() != 1:
            return False
        noise = [key for key in ("problem.gradient_noise", "problem.start_std") if key in self.runs]
        draws_rows = self.runs.filter(["problem.batch_size"]).notna().any(axis=None)
        is_noise_free = len(noise) == 2 and self.runs["dataset"].isna().all() and not self.runs[noise].any(axis=None)
        return len(self.runs) > 1 or bool(is_noise_free and not draws_rows)

    def values(self, part: ClaimPart) -> Floats:
        """Return one value per seed on the measure's scale, (seeds,); NaN for a run that diverged, failed or did not learn."""
        measure = part.measure
        if measure.column not in self.runs:
            raise Undecidable(
                later(
                    "the runs have no {column}; name a target from the YAML of the data set or problem", column=measure.column
                )
            )
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

    @cached_property
    def planned_steps(self) -> int:
        return int(self.runs["steps"].iloc[0])

    @cached_property
    def choice_note(self) -> str:
        """The note on how the learning rate was chosen; empty if none was."""
        if self.choice is None or self.choice.lr is None:
            return ""
        values = {"name": self.runs["optimizer"].iloc[0], "share": percent(self.choice.share)}
        best = " ".join(filter(None, [f"{self.choice.lr:g}", self.choice.best_others]))
        if self.choice.at_edge:
            text = translatable("{name}: best lr {best} (chosen in {share} of resamples, at the edge of its grid)")
        else:
            text = translatable("{name}: best lr {best} (chosen in {share} of resamples)")
        return later(text, best=best, **values)


AMBIGUOUS = later("it has several runs of one seed at one learning rate")


def by_seed(runs: pd.DataFrame, ambiguous: str = AMBIGUOUS) -> pd.DataFrame:
    """Return the runs of a side indexed by seed. Raise Undecidable with the text `ambiguous` if a seed has several runs."""
    if runs["seed"].duplicated().any():
        raise Undecidable(ambiguous)
    return runs.set_index("seed", drop=False).sort_index()
