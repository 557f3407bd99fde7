"""Kills: `python tests/release/kills.py [COUNT=200] [SEED] [--from NUMBER]`.

Disturbs real sweeps at random moments, starts the same command again, and compares the store with that of an undisturbed
sweep. A line per kill; exit status 1 where something was not as it should be. SEED and --from repeat a kill: kill NUMBER of a
seed is always the same.
"""

import argparse
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from disturbances.case import Undisturbed
from disturbances.plan import is_possible, kill, kind_of


def main() -> int:
    parser = argparse.ArgumentParser(description="disturb real sweeps, and look whether they recover")
    parser.add_argument("count", nargs="?", type=int, default=200)
    parser.add_argument("seed", nargs="?", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--from", dest="first", type=int, default=0, metavar="NUMBER")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # processes are ended and disks unmounted
    print(f"{options.count} kills from number {options.first}, seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        return _kills(options, Path(folder))


def _kills(options: argparse.Namespace, folder: Path) -> int:
    undisturbed = Undisturbed.made_in(folder / "undisturbed")
    sums: Counter[str] = Counter()
    failed: list[int] = []
    for number in range(options.first, options.first + options.count):
        kind = kind_of(number)
        if not is_possible(kind, folder):
            print(f"{number:4} {kind}: left out, no disk can be mounted here", flush=True)
            sums["left out"] += 1
            continue
        outcome = kill(number, options.seed, undisturbed, folder / str(number))
        shutil.rmtree(folder / str(number))
        sums[str(kind)] += 1
        verdict = "PROBLEM" if outcome.problems else "recovered"
        print(f"{number:4} {verdict:9} {outcome.seconds:5.1f} s  {kind}: {outcome.told}", flush=True)
        for problem in outcome.problems:
            print(f"     {problem}", flush=True)
        if outcome.problems:
            failed.append(number)
    print(", ".join(f"{count} {kind}" for kind, count in sums.items()))
    print(f"{sums.total() - sums['left out']} kills, {len(failed)} with problems: {failed}, seed {options.seed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
