"""Pairs of runs with the same seed. Such runs start at the same weights and see the same batches."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from zdl_bench.language import later, translatable
from zdl_bench.run.run import Floats
from zdl_bench.statistics.claim_part import ClaimPart, Selector
from zdl_bench.statistics.side import Numbers, Side, Undecidable


@dataclass(frozen=True)
class Pairs:
    """The values of both sides on the metric's scale, (seeds,). `second` is all zeros if the part has only one side.

    first_ranks, second_ranks: see `Side.ranks`. images: behind each accuracy of the first side, ∞ if unknown. objection: why
    the pairs can be described but not tested, or empty.
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
    objection: str = ""

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
        return correlations(self.first[both][None], self.second[both][None])[0]


class Evidence(Protocol):
    """The runs from which a part of a claim takes the pairs to compare."""

    def pairs(self, part: ClaimPart, level: Selector) -> Pairs:
        """Return the pairs of runs that a part compares at one level. Raise Undecidable with the reason if there are none."""


def pair_up(part: ClaimPart, first: Side, second: Side | None) -> Pairs:
    """Pair the runs of both sides seed by seed. Raise Undecidable if the sides share no seed, or if they share a run."""
    seeds = first.runs.index
    notes: list[str] = []
    if second is not None:
        seeds = seeds if seeds.equals(second.runs.index) else seeds.intersection(second.runs.index)
        if not len(seeds):
            raise Undecidable(later("the two sides share no seed; train both on the same seeds"))
        if len(seeds) < max(len(first.runs), len(second.runs)):
            counts = {"count": len(seeds), "first": len(first.runs), "second": len(second.runs)}
            notes.append(later("{count} seeds are on both sides, of {first} and {second}", **counts))
        second = second.on(seeds)
        if not set(first.run_ids).isdisjoint(second.run_ids):
            raise Undecidable(_same_runs(first, second))
    first = first.on(seeds)
    sides = [first] if second is None else [first, second]
    nothing = np.zeros(len(seeds))
    ours, theirs = first.numbers(part), second.numbers(part) if second else Numbers(nothing, nothing, nothing)
    return Pairs(
        seeds=seeds.to_numpy(dtype=np.int64),
        first=ours.values,
        second=theirs.values,
        first_ranks=ours.ranks,
        second_ranks=theirs.ranks,
        planned_steps=first.planned_steps,
        images=float(ours.images[0]),
        is_exact=all(side.is_one_run for side in sides),
        run_ids=tuple(run_id for side in sides for run_id in side.run_ids),
        notes=(*notes, *choice_notes(sides)),
    )


def _same_runs(*sides: Side) -> str:
    chosen = [f"{side.choice.lr:g}" for side in sides if side.choice and side.choice.lr is not None]
    if not chosen:
        return later("both sides are the same runs, which decide nothing; compare with another learning rate")
    return later(
        "{lr} is the best lr, and both sides are the same runs, which decide nothing; compare with another learning rate",
        lr=chosen[0],
    )


def correlations(first: Floats, second: Floats) -> list[float]:
    """Return the correlation of each row of `first` with that of `second`, (rows, n); NaN if n < 3 or a row is constant."""
    if first.shape[1] < 3:
        return [math.nan] * len(first)
    both = np.stack([first, second], axis=1)
    is_constant = (both.std(axis=2) == 0).any(axis=1)
    both -= both.mean(axis=2, keepdims=True)
    covariances = both @ both.transpose(0, 2, 1) * (1 / (first.shape[1] - 1))
    spreads = np.sqrt(covariances[:, [0, 1], [0, 1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        found = covariances[:, 0, 1] / spreads[:, 0] / spreads[:, 1]
    return list(np.where(is_constant, math.nan, np.clip(found, -1, 1)).tolist())


def choice_notes(sides: list[Side]) -> Iterator[str]:
    """Yield the notes on how the learning rates of the sides were chosen."""
    yield from (side.choice_note for side in sides if side.choice_note)
    choices = [side.choice for side in sides if side.choice is not None]
    budgets = [len(choice.lrs) for choice in choices]
    if len(set(budgets)) > 1:
        if any(choice.others for choice in choices):
            text = translatable("unequal budgets: {first} and {second} trials")
        else:
            text = translatable("unequal budgets: {first} and {second} learning rates")
        yield later(text, first=budgets[0], second=budgets[1])
