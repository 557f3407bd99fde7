"""Bad input by the thousand, before a release: python tests/release/fuzz.py [CASES=10000] [SEED=0]

Prints, per kind of input, how many cases there were, how they ended and what they took, and every distinct failure with its
case as Python; the same two numbers make the same cases again, and Checker().check(CASE) repeats one. Exit 1 where one failed.
"""

import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fuzzing.case import Case
from fuzzing.checking import Checker, Found
from fuzzing.kinds import KINDS, share
from hypothesis import HealthCheck, Phase, given, seed, settings

from zdl_bench.datasets.cache import ensure_decoded
from zdl_bench.registry import registry


@dataclass
class Tally:
    """What came of the cases of one kind."""

    cases: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    memory: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    failures: dict[str, tuple[Case, str]] = field(default_factory=dict)
    failed: int = 0

    def add(self, case: Case, found: Found) -> None:
        self.cases += 1
        self.slowest, self.memory = max(self.slowest, found.seconds), max(self.memory, found.memory)
        self.statuses.update(found.statuses)
        self.failed += bool(found.wrong)
        for wrong in found.wrong:
            self.failures.setdefault(kind_of_failure(wrong), (case, wrong))


def kind_of_failure(wrong: str) -> str:
    """Failures of one cause look alike but for numbers and paths: one of them is shown."""
    return re.sub(r"\d+|/tmp/\S+", "#", "\n".join(wrong.strip().splitlines()[-3:]))


def fuzz(kind: str, cases: int, number: int, check: Callable[[Case], Found]) -> Tally:
    tally = Tally()

    @seed(number)
    @settings(
        max_examples=cases, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(KINDS[kind][0]())
    def look(case: Case) -> None:
        tally.add(case, check(case))  # a failure does not end the search

    start = time.monotonic()
    look()
    tally.seconds = time.monotonic() - start
    return tally


def told(kind: str, tally: Tally) -> str:
    ends = ", ".join(f"{count} × exit {status}" for status, count in sorted(tally.statuses.items()))
    return (
        f"{kind:12} {tally.cases:6} cases {tally.seconds:7.0f} s (slowest {tally.slowest:4.1f} s) "
        f"{tally.memory / 1e6:5.0f} MB at most  {tally.failed} failed  ({ends})"
    )


def main(cases: int = 10_000, number: int = 0) -> int:
    with tempfile.TemporaryDirectory() as cache:
        os.environ["XDG_CACHE_HOME"] = cache
        ensure_decoded(registry.dataset("digits"))
        checker, failed = Checker(), 0
        print(f"{cases} cases, seed {number}", flush=True)
        for kind in KINDS:
            tally = fuzz(kind, share(kind, cases), number, checker.check)
            print(told(kind, tally), flush=True)
            for case, wrong in tally.failures.values():
                print(f"\n{wrong}\nThe case:\n{case!r}\n", flush=True)
            failed += tally.failed
    print(f"{failed} cases failed" if failed else "no case failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
