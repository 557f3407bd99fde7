"""A contest: the runs of optimizers that are compared pair by pair, and what becomes of each pair."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import combinations

import numpy as np

from zdl_bench.language import translatable
from zdl_bench.run.run import Floats
from zdl_bench.statistics.claim_part import ClaimPart, Kind, View
from zdl_bench.statistics.evidence import VARIANT, Entrants
from zdl_bench.statistics.flip_test import Flags
from zdl_bench.statistics.side import NO_VALUE_RANK

IN_SPEED = ClaimPart(Kind.SUPERIORITY, "log_aulc", {VARIANT: "first"}, {VARIANT: "second"}, View.BEST_LR)
"""The primary question, of any two entrants."""


class PairState(StrEnum):
    """What is known about a pair of optimizers."""

    OPEN = translatable("open")
    DECIDED = translatable("decided")
    EXACT = translatable("exact")  # deterministic runs: nothing to test
    EQUIVALENT = translatable("equivalent")
    SAME = translatable("same")  # no seed tells the two apart
    NOT_NEEDED = translatable("not needed")  # both are slower than a third one, and neither is the control
    OUT_OF_SEEDS = translatable("out of seeds")


@dataclass(frozen=True)
class PairOutcome:
    """The outcome of a pair, by the indices of its entrants.

    faster: the entrant that is shown to be faster, or None. look: the look at which this was found, counted from 1; for an open
    pair the last one. seeds: the number of seeds at that look. p: adjusted for all pairs and looks; NaN if nothing was decided
    by a test. bound: the bound of the statistic at that look; NaN without a test.
    """

    first: int
    second: int
    state: PairState = PairState.OPEN
    faster: int | None = None
    look: int = 0
    seeds: int = 0
    p: float = math.nan
    bound: float = math.nan


@dataclass(frozen=True)
class Contest:
    """What is compared: entrants in one or more settings, each with a run per seed.

    ranks: the metric, (entrants, seeds), lower is better; for a run without a value the rank that `Side.ranks` gives; NaN for a
    run that is not trained. settings: the setting of each entrant. Entrants of one setting are compared with one another, and
    the first of a setting is its control. are_exact: whether an entrant's seeds all gave the same bits. names: of the entrants.
    seeds: in the order in which they are added.
    """

    ranks: Floats
    settings: Sequence[str]
    are_exact: Sequence[bool]
    names: Sequence[str] = ()
    seeds: Sequence[int] = ()

    @cached_property
    def pairs(self) -> list[tuple[int, int]]:
        every = combinations(range(len(self.settings)), 2)
        return [(a, b) for a, b in every if self.settings[a] == self.settings[b]]

    @cached_property
    def controls(self) -> set[int]:
        return {[*self.settings].index(setting) for setting in self.settings}

    def has_runs(self, entrants: Iterable[int], seeds: int) -> bool:
        return self.ranks.shape[1] >= seeds and not np.isnan(self.ranks[list(entrants), :seeds]).any()

    def differences(self, seeds: int) -> tuple[Floats, Flags]:
        """Return the scores of each pair, (pairs, seeds), and which pairs have values on all seeds, (pairs,).

        A score is the difference first − second. If a pair lacks a value on some seed, its scores are the signs of its wins.
        """
        pairs = np.array(self.pairs).reshape(-1, 2)
        first, second = self.ranks[pairs[:, 0], :seeds], self.ranks[pairs[:, 1], :seeds]
        with np.errstate(invalid="ignore"):
            differences = np.where(first == second, 0.0, first - second)
        has_values = np.all(np.maximum(first, second) < NO_VALUE_RANK, axis=1)
        return np.where(has_values[:, None], differences, np.nan_to_num(np.sign(differences))), has_values


def contest_of(entrants: Mapping[str, Entrants], seeds: Sequence[int]) -> Contest:
    """Return the contest in speed among the entrants of each setting, on these seeds in this order."""
    sides = [(setting, name, side) for setting, among in entrants.items() for name, side in among.sides.items()]
    ranks = np.full((len(sides), len(seeds)), np.nan)
    for row, (_, _, side) in enumerate(sides):
        by_seed = dict(zip(side.runs.index.tolist(), side.numbers(IN_SPEED).ranks.tolist(), strict=True))
        ranks[row] = [by_seed.get(seed, np.nan) for seed in seeds]
    are_exact = [side.is_one_run for _, _, side in sides]
    return Contest(ranks, [setting for setting, _, _ in sides], are_exact, [name for _, name, _ in sides], seeds)
