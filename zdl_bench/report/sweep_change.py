"""What differs between two sweeps: configs, code and environments, which runs are the same, and what the difference did."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from zdl_bench.language import later
from zdl_bench.report.matched_runs import CODE, MatchedRuns, match_runs
from zdl_bench.report.standings import SPEED, STEADY, TAIL_LOSS, TEST_ACCURACY, TEST_LOSS
from zdl_bench.run.conditions import short
from zdl_bench.run.run import Run
from zdl_bench.statistics.change import AFTER, BEFORE, ConditionChange, judge_changes
from zdl_bench.statistics.judge import NO_VALUES_REASON
from zdl_bench.statistics.measures import is_regression
from zdl_bench.statistics.metrics.steadiness import STEADINESS
from zdl_bench.statistics.side import Side, Undecidable, by_seed
from zdl_bench.store.frames import run_frame

QUESTIONS = {SPEED.noun: tuple(SPEED.words), TAIL_LOSS.noun: tuple(TAIL_LOSS.words), STEADY.noun: STEADINESS}
"""Question → the measures that answer it. The last question is about the test set."""


class Difference(NamedTuple):
    """A key and the values that only one of the sweeps has, as text. A key without a value on a side has none there."""

    key: str
    before: list[str]
    after: list[str]


@dataclass(frozen=True)
class SweepChange:
    """What differs between the runs of two sweeps.

    config, code, environment: the keys whose values differ. same: condition → number of runs, if all have equal digests.
    changes: the verdicts on the other conditions. undecidable: condition → why it has no verdict. unmatched: how many runs
    have no partner, before and after. seconds: condition → median training time before and after, which no test compares.
    """

    config: list[Difference]
    code: list[Difference]
    environment: list[Difference]
    unmatched: tuple[int, int]
    same: dict[str, int] = field(default_factory=dict)
    undecidable: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, tuple[float, float]] = field(default_factory=dict)
    changes: list[ConditionChange] = field(default_factory=list)

    @property
    def seeds(self) -> int:
        """The number of seeds of the condition that has the most."""
        return max((change.n for change in self.changes), default=0)

    def beyond(self, margin: float) -> list[ConditionChange]:
        """Return what is shown to be worse by more than the margin."""
        return [change for change in self.changes if change.is_beyond(margin)]


def compare_sweeps(before: Sequence[Run], after: Sequence[Run], chosen: Collection[str] = ()) -> SweepChange:
    """Match the runs of two sweeps seed by seed, and judge what changed from the first to the second.

    chosen: keys that were chosen on other seeds, lr among them. Then an optimizer at its best before is compared with the same
    one at its best after.
    """
    matched = match_runs(before, after, chosen)
    pairs = [(sum(len(one.before) for one in matched), len(before)), (sum(len(one.after) for one in matched), len(after))]
    found = SweepChange(
        config=_differences(before, after, _config),
        code=_differences(before, after, _code),
        environment=_differences(before, after, lambda run: run.environment),
        unmatched=(pairs[0][1] - pairs[0][0], pairs[1][1] - pairs[1][0]),
    )
    sides = {one.condition: pair for one in matched if (pair := _sides(one, found))}
    last = TEST_LOSS if any(is_regression(side.runs) for pair in sides.values() for side in pair) else TEST_ACCURACY
    found.changes.extend(judge_changes(sides, QUESTIONS | {last.noun: tuple(last.words)}))
    judged = {one.condition for one in found.changes}
    found.undecidable.update({name: NO_VALUES_REASON for name in sides if name not in judged})
    return found


def _sides(matched: MatchedRuns, found: SweepChange) -> tuple[Side, Side] | None:
    """Return both sides of a condition whose runs differ. Note in `found` those that are the same or cannot be compared."""
    name, ours, theirs = matched
    if not ours:
        found.undecidable[name] = later("the sweeps share no seed; train both on the same seeds")
        return None
    if _digests(ours) == _digests(theirs):
        found.same[name] = len(theirs)
        return None
    first, second = (median(run.train_seconds for run in runs) for runs in (ours, theirs))
    found.seconds[name] = (first, second)
    try:
        return _side(ours, BEFORE), _side(theirs, AFTER)
    except Undecidable as error:
        found.undecidable[name] = error.reason
        return None


def _digests(runs: Iterable[Run]) -> list[tuple[int, str]]:
    """Return the seed and the digest of each run. A run without a result has a digest that no other run has."""
    return sorted((run.config.seed, run.digest or f"none {id(run)}") for run in runs)


def _side(runs: Sequence[Run], which: str) -> Side:
    """Return the runs as a side. Two stores may hold different runs of one id, so each id says on which side it is."""
    frame = run_frame(runs)
    return Side(by_seed(frame.assign(run_id=which + " " + frame["run_id"])))


def _config(run: Run) -> dict[str, str]:
    return {key: short(value) for key, value in run.config.flat().items() if key != "seed" and not CODE.fullmatch(key)}


def _code(run: Run) -> dict[str, str]:
    """Return what identifies the code of a run: the engine, and for each part that it does not cover a hash of its source."""
    named = {f"{group} {choice.name}": choice.source or later("as shipped") for group, choice in run.config.parts}
    return {"engine": str(run.engine)} | named


def _differences(before: Iterable[Run], after: Iterable[Run], about: Callable[[Run], Mapping[str, str]]) -> list[Difference]:
    """Return the keys whose values are not the same on both sides."""
    values: tuple[dict[str, dict[str, None]], ...] = ({}, {})
    for found, runs in zip(values, (before, after), strict=True):
        for run in runs:
            for key, text in about(run).items():
                found.setdefault(key, {})[text] = None
    first, second = values
    keys = dict.fromkeys([*second, *first])
    pairs = ((key, first.get(key, {}), second.get(key, {})) for key in keys)
    return [Difference(key, [*ours], [*theirs]) for key, ours, theirs in pairs if ours.keys() != theirs.keys()]
