"""The same run by two optimizers in step: where the two part, and which key explains it."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from zdl_bench.errors import ConfigError
from zdl_bench.language import translate
from zdl_bench.registry import registry
from zdl_bench.run.conditions import exact
from zdl_bench.run.config import Choice, RunConfig, Value
from zdl_bench.run.run import Floats
from zdl_bench.training.iterates import iterates
from zdl_bench.training.loop import problem_of

EPSILONS = {"epsilon", "eps"}
NO_EPSILON = 1e-100
"""An ε so small that it changes no bit, inside a root or outside, unless a gradient is 0."""
SAME_MEANING = (
    EPSILONS,
    {"beta1", "b1", "betas[0]"},
    {"beta2", "b2", "betas[1]"},
    {"decay", "alpha", "rho"},
)
"""Keys with the same meaning in different libraries."""
SHOWN_STEPS = frozenset(10**power for power in range(8))
EXPLAINED_STEPS = 30
"""Steps in which an explanation has to hold, or more if the runs part later."""
MAX_CHANGES = 4
"""Maximum number of changes that explain a difference together."""
REAL_PROGRESS = 0.5
"""A change counts if the gap that it leaves is below this share of the gap before."""


@dataclass(frozen=True)
class Pair:
    """The configs of the same run by two optimizers."""

    ours: RunConfig
    theirs: RunConfig

    def gaps(self, steps: int) -> Iterator[tuple[int, bool, float]]:
        """Yield for step 1 to at most `steps`: the step, whether all bits are equal after it, and the gap.

        The gap is the distance of the two iterates, as a share of the distance of ours from the start.
        """
        problem = problem_of(self.ours)
        runs = zip(iterates(self.ours, problem), iterates(self.theirs, problem), strict=False)
        start = next(runs)[0].copy()
        for step, (a, b) in zip(range(1, steps + 1), runs, strict=False):
            yield step, a.tobytes() == b.tobytes(), _gap(a, b, start)

    def largest_gap(self, steps: int) -> float:
        """Return the largest gap within so many steps, or infinity if a run ends before or rejects its values."""
        try:
            for config in (self.ours, self.theirs):
                registry.optimizer(config.optimizer).require_accepted()
        except ConfigError:
            return math.inf
        found = [gap for _, _, gap in self.gaps(steps)]
        return max(found) if len(found) == steps else math.inf


def _gap(a: Floats, b: Floats, start: Floats) -> float:
    with np.errstate(all="ignore"):
        apart, way = float(np.linalg.norm(a - b)), float(np.linalg.norm(a - start))
        return 0.0 if apart == 0 else float(np.nan_to_num(np.divide(apart, way), nan=math.inf))


@dataclass(frozen=True)
class Parting:
    """The steps at which two runs part.

    bits: the first step after which a bit differs, or None. beyond: the first step after which the gap is above the tolerance,
    or None. gaps: step → gap for the steps 1, 10, 100, …, and for the last step that both runs have.
    """

    bits: int | None
    beyond: int | None
    gaps: Mapping[int, float]


def parting_of(pair: Pair, tolerance: float) -> Parting:
    found = list(pair.gaps(pair.ours.steps))
    return Parting(
        bits=next((step for step, same, _ in found if not same), None),
        beyond=next((step for step, _, gap in found if gap > tolerance), None),
        gaps={step: gap for step, _, gap in found if step in SHOWN_STEPS or step == len(found)},
    )


@dataclass(frozen=True)
class KeyChange:
    """Another value of a key: `optimizer.KEY` of ours, `against.KEY` of theirs, or a key of both.

    pair: the configs with this value. means: what it shows if it closes the gap. gap: the largest gap that is left with it.
    """

    key: str
    before: Value
    value: Value
    pair: Pair
    means: str = ""
    gap: float = math.inf


def explain(pair: Pair, beyond: int, tolerance: float) -> list[KeyChange]:
    """Return the changes after which two runs agree, or come closer, in the order in which they were found.

    If no change alone closes the gap, the one that leaves the smallest gap is kept, and then the others are tried beside it.
    beyond: the first step with a gap above the tolerance.
    """
    steps = min(pair.ours.steps, max(EXPLAINED_STEPS, beyond))
    found: list[KeyChange] = []
    gap = pair.largest_gap(steps)
    while gap > tolerance and len(found) < MAX_CHANGES:
        best = _best(changes_of(pair), steps, tolerance)
        if best is None or best.gap >= REAL_PROGRESS * gap:
            break
        found.append(best)
        pair, gap = best.pair, best.gap
    return found


def _best(changes: Iterable[KeyChange], steps: int, tolerance: float) -> KeyChange | None:
    """Return the first change that closes the gap, or else the one that leaves the smallest gap, or None if there are none."""
    tried = []
    for change in changes:
        tried.append(replace(change, gap=change.pair.largest_gap(steps)))
        if tried[-1].gap <= tolerance:
            return tried[-1]
    return min(tried, key=lambda change: change.gap, default=None)


def changes_of(pair: Pair) -> Iterator[KeyChange]:
    """Yield each change of one key that may explain a difference: of a key of both runs, of ours, or of theirs."""
    ours, theirs = pair.ours, pair.theirs
    if ours.dtype != "float64":
        both = Pair(replace(ours, dtype="float64"), replace(theirs, dtype="float64"))
        yield KeyChange("dtype", ours.dtype, "float64", both, translate("rounding makes the difference, not the rule"))
    if ours.schedule.name != "constant":
        constant = registry.choice("schedule", "constant", {})
        both = Pair(replace(ours, schedule=constant), replace(theirs, schedule=constant))
        meaning = translate("the learning rate enters the state of one of the two")
        yield KeyChange("schedule", ours.schedule.name, "constant", both, meaning)
    for key, before, value, choice in _changed(theirs.optimizer, ours.optimizer):
        yield KeyChange(f"against.{key}", before, value, replace(pair, theirs=replace(theirs, optimizer=choice)))
    for key, before, value, choice in _changed(ours.optimizer, theirs.optimizer):
        yield KeyChange(f"optimizer.{key}", before, value, replace(pair, ours=replace(ours, optimizer=choice)))
    if ours.dtype == "float64":
        yield from _without_epsilon(pair)


def _without_epsilon(pair: Pair) -> Iterator[KeyChange]:
    """Yield the change that makes ε of both rules too small to matter, wherever they add it."""
    ours, theirs = pair.ours.optimizer, pair.theirs.optimizer
    for mine, other in product(*(sorted(EPSILONS & {*one.values}) for one in (ours, theirs))):
        values = ours.values[mine], theirs.values[other]
        if values != (NO_EPSILON, NO_EPSILON) and all(isinstance(value, float) for value in values):
            choices = [replace(one, values={**one.values, key: NO_EPSILON}) for one, key in ((ours, mine), (theirs, other))]
            both = Pair(*(replace(run, optimizer=one) for run, one in zip((pair.ours, pair.theirs), choices, strict=True)))
            key = translate("{first} and {second}", first="optimizer." + mine, second="against." + other)
            before = translate("{first} and {second}", first=exact(values[0]), second=exact(values[1]))
            yield KeyChange(key, before, NO_EPSILON, both, translate("the two add ε at different places"))


def _changed(choice: Choice, other: Choice) -> Iterator[tuple[str, Value, Value, Choice]]:
    """Yield key, value before, new value, and the choice with it: the other side's value, the opposite of a flag, or 0."""
    for key, before in choice.values.items():
        for index, item in enumerate(before) if isinstance(before, tuple) else [(None, before)]:
            for new in _candidates(key if index is None else f"{key}[{index}]", item, other):
                value = new if index is None or not isinstance(before, tuple) else (*before[:index], new, *before[index + 1 :])
                yield key, before, value, replace(choice, values={**choice.values, key: value})


def _candidates(slot: str, value: Value, other: Choice) -> Sequence[Value]:
    if isinstance(value, bool):
        return [not value]
    meaning = next((same for same in SAME_MEANING if slot in same), {slot})
    theirs = [item for name, item in _slots(other) if name in meaning]
    is_number = isinstance(value, int | float)
    found = [item for item in theirs or ([0.0] if is_number else []) if item != value and isinstance(item, int | float)]
    return found if is_number or value is None else []


def _slots(choice: Choice) -> Iterator[tuple[str, Value]]:
    for key, value in choice.values.items():
        if isinstance(value, tuple):
            yield from ((f"{key}[{index}]", item) for index, item in enumerate(value))
        else:
            yield key, value
