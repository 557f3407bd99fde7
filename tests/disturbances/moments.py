"""When a disturbance strikes: at a random moment of the sweep, or at an exact one of a write."""

import os
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import ClassVar

from disturbances.kinds import KILLED, Disturbance
from disturbances.sweeping import Place, Start

HOOK = Path(__file__).parent / "hook"
START_UP_SECONDS = 2.0
BETWEEN_RUNS_SECONDS = 0.4
REPORT_SECONDS = 6.0
MOMENTS = ("before_it_exists", "empty", "half_written", "before_fsync", "before_rename", "after_rename")
OF_A_FOLDER = ("before_it_exists", "half_written", "before_rename")


@dataclass(frozen=True)
class Moment:
    """So many seconds after so many runs were stored by the sweep; for 0 runs, after its start."""

    runs: int
    seconds: float

    @classmethod
    def of_training(cls, random: Random, planned: int) -> "Moment":
        if random.random() < 0.25:
            return cls(0, random.uniform(0, START_UP_SECONDS))
        return cls(random.randrange(1, planned + 1), random.uniform(0, BETWEEN_RUNS_SECONDS))

    @classmethod
    def of_the_report(cls, random: Random) -> "Moment":
        return cls(0, random.uniform(0, REPORT_SECONDS))

    def wait(self, start: Start) -> None:
        start.wait_until(lambda: len(start.place.stored_files()) >= self.runs)
        until = time.monotonic() + self.seconds
        start.wait_until(lambda: time.monotonic() >= until)

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s after {f'{self.runs} runs' if self.runs else 'the start'}"


class KilledWhileWriting(Disturbance):
    """The parent, in a moment of the write of one of its files; see hook/sitecustomize.py."""

    statuses: ClassVar = {KILLED, -signal.SIGXFSZ}

    def __init__(self, moment: str, part: str, count: int = 1) -> None:
        self.moment, self.part, self.count = moment, part, count

    @classmethod
    def of_training(cls, random: Random, planned: int) -> "KilledWhileWriting":
        part = random.choice(["/runs/", "/runs/", "/runs/", "sweep.json", "sweep.json", "/decoded/"])
        if part == "/decoded/":
            return cls(random.choice(OF_A_FOLDER), part)
        return cls(random.choice(MOMENTS), part, random.randint(1, planned if part == "/runs/" else 2))

    @classmethod
    def of_the_report(cls, random: Random) -> "KilledWhileWriting":
        part, most = random.choice([("/figures/", 2), ("/tables/", 4), ("report.html", 1), ("sweep.json", 1)])
        return cls(random.choice(MOMENTS), part, random.randint(1, most))

    def prepare(self, place: Place) -> None:
        if self.part == "/decoded/":  # else the data would not be decoded again
            shutil.rmtree(place.cache / "zdl_bench")

    def environment(self) -> dict[str, str]:
        path = os.pathsep.join(filter(None, [str(HOOK), os.environ.get("PYTHONPATH", "")]))
        return {"PYTHONPATH": path, "KILLED_AT": f"{self.moment} {self.part} {self.count}"}

    def strike(self, start: Start, random: Random) -> str:
        return f"killed {self.moment.replace('_', ' ')}: draft {self.count} of {self.part}"
