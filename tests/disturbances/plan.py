"""Which kill has which number: every disturbance in turn, of training and of the report."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from disturbances.case import OF_THE_REPORT, OF_TRAINING, Outcome, Undisturbed, kill_of_the_report, kill_of_training
from disturbances.disks import can_mount

NEED_A_DISK = ("DiskFull", "StoreReadOnly")


@dataclass(frozen=True)
class Kind:
    name: str
    is_of_the_report: bool = False

    def __str__(self) -> str:
        return f"{self.name} in the report" if self.is_of_the_report else self.name


ROUND = [
    *[Kind(name) for name in OF_TRAINING],
    Kind("KilledWhileWriting"),
    Kind("KilledWhileWriting"),
    Kind("ParentKilled"),
    Kind("Interrupted"),
    Kind("Terminated"),
    Kind("KilledWhileWriting"),
    *[Kind(name, is_of_the_report=True) for name in OF_THE_REPORT if name != "StoreReadOnly"],
]
"""Twenty: what writes, and what stops by a signal, more often."""


def kind_of(number: int) -> Kind:
    return ROUND[number % len(ROUND)]


def is_possible(kind: Kind, folder: Path) -> bool:
    return kind.name not in NEED_A_DISK or _can_mount(folder)


_can_mount = cache(can_mount)


def kill(number: int, seed: int, undisturbed: Undisturbed, folder: Path) -> Outcome:
    """The same for the same number and seed, as far as the machine allows."""
    random, kind = Random(f"{seed} {number}"), kind_of(number)
    disturb = kill_of_the_report if kind.is_of_the_report else kill_of_training
    return disturb(kind.name, random, undisturbed, folder)
