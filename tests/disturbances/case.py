"""One kill: a sweep is started, disturbed and started again, and everything is looked at."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from disturbances.kinds import (
    ByteFlipped,
    DiskFull,
    Disturbance,
    FileCut,
    Interrupted,
    ParentKilled,
    StoreReadOnly,
    Terminated,
    WorkerKilled,
)  # fmt: skip
from disturbances.leftovers import end_all, leftovers
from disturbances.moments import KilledWhileWriting, Moment
from disturbances.soundness import Expected, damaged_ids, problems
from disturbances.sweeping import RUNS, SWEEP, WITH_REPORT, Ended, Place, Start, completed

AT_ONCE = {kind.__name__: kind for kind in (WorkerKilled, ParentKilled, Interrupted, Terminated, DiskFull, StoreReadOnly)}
OF_TRAINING: dict[str, Callable[[Random], Disturbance]] = {
    **{name: lambda random, kind=kind: kind() for name, kind in AT_ONCE.items()},
    "FileCut": lambda random: FileCut(),
    "ByteFlipped": lambda random: ByteFlipped(),
    "KilledWhileWriting": lambda random: KilledWhileWriting.of_training(random, RUNS),
}
OF_THE_REPORT: dict[str, Callable[[Random], Disturbance]] = {
    **{name: OF_TRAINING[name] for name in AT_ONCE if name != "WorkerKilled"},
    "KilledWhileWriting": KilledWhileWriting.of_the_report,
}
ERROR_LINES = 2
"""What ends a start is said in so many, at the end."""


@dataclass(frozen=True)
class Undisturbed:
    """The sweep, and the same with its report, as they are when nothing happens."""

    place: Place
    expected: Expected
    expected_with_report: Expected

    @classmethod
    def made_in(cls, folder: Path) -> "Undisturbed":
        place = Place(folder)
        _require_success(completed(place))
        expected = Expected.of(place)
        with_report = Place(folder / "with-report")
        _copied(place, with_report, "work", "cache")
        _require_success(completed(with_report, WITH_REPORT))
        return cls(place, expected, Expected.of(with_report))


@dataclass(frozen=True)
class Outcome:
    told: str
    seconds: float
    problems: list[str]


def kill_of_training(name: str, random: Random, undisturbed: Undisturbed, folder: Path) -> Outcome:
    """A sweep from nothing, with decoded data."""
    disturbance, moment = OF_TRAINING[name](random), Moment.of_training(random, RUNS)
    place = Place(folder)
    _copied(undisturbed.place, place, "cache")
    disturbance.prepare(place)
    return _disturbed(Case(place, SWEEP, disturbance, moment), random, undisturbed.expected)


def kill_of_the_report(name: str, random: Random, undisturbed: Undisturbed, folder: Path) -> Outcome:
    """The runs are stored, the report is still to be made."""
    disturbance, moment = OF_THE_REPORT[name](random), Moment.of_the_report(random)
    place = Place(folder)
    _copied(undisturbed.place, place, "cache")
    disturbance.prepare(place)
    _copied(undisturbed.place, place, "work")
    return _disturbed(Case(place, WITH_REPORT, disturbance, moment), random, undisturbed.expected_with_report)


@dataclass(frozen=True)
class Case:
    place: Place
    arguments: tuple[str, ...]
    disturbance: Disturbance
    moment: Moment


def _disturbed(case: Case, random: Random, expected: Expected) -> Outcome:
    began, place, disturbance = time.monotonic(), case.place, case.disturbance
    try:
        start = Start(place, case.arguments, disturbance.environment())
        if not isinstance(disturbance, KilledWhileWriting):
            case.moment.wait(start)
        what = disturbance.strike(start, random)
        first = start.ended()
        found = [*_of_the_disturbed(first, disturbance), *leftovers(place)]
        disturbance.lift(place)
        damaged = damaged_ids(place.store)
        second = completed(place, case.arguments)
        found += [*_of_the_second(second, damaged, place), *leftovers(place), *problems(place, expected)]
    finally:
        end_all(place)
        disturbance.clean_up(place)
    when = "" if isinstance(disturbance, KilledWhileWriting) else f" {case.moment}"
    return Outcome(f"{what}{when}; status {first.status}", time.monotonic() - began, found)


def _of_the_disturbed(ended: Ended, disturbance: Disturbance) -> list[str]:
    found = _of_any(ended)
    if ended.status not in disturbance.statuses:
        found.append(f"the disturbed start ended with {ended.status}: {ended.err[-1000:]}")
    if ended.status > 0 and disturbance.words not in "".join(ended.err.splitlines()[-ERROR_LINES:]):
        found.append(f"the disturbed start does not end with {disturbance.words!r}: {ended.err[-1000:]}")
    return found


def _of_the_second(ended: Ended, damaged: list[str], place: Place) -> list[str]:
    found = _of_any(ended)
    if ended.status != 0 or "error:" in ended.err:
        found.append(f"the second start ended with {ended.status}: {ended.err[-1000:]}")
    aside = sorted(path.stem for path in place.store.root.glob("damaged/*"))
    if aside != sorted(damaged) or any(f"{run_id}.parquet was set aside" not in ended.err for run_id in damaged):
        found.append(f"{damaged} are damaged, {aside} were set aside: {ended.err[-1000:]}")
    return found


def _of_any(ended: Ended) -> list[str]:
    words = ("Traceback", "Exception ignored")
    return [f"{word} on stderr: {ended.err[-3000:]}" for word in words if word in ended.err]


def _require_success(ended: Ended) -> None:
    if ended.status != 0:
        raise RuntimeError(f"the undisturbed sweep ended with {ended.status}: {ended.err}")


def _copied(source: Place, target: Place, *parts: str) -> None:
    for part in parts:
        shutil.copytree(getattr(source, part), getattr(target, part), dirs_exist_ok=True)
