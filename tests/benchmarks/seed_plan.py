"""How often a comparison finds the ratio for which its seeds were planned: plans from simulated pilots, the product's test.

    python tests/benchmarks/seed_plan.py

Prints the tables of docs/statistics.md; takes about six minutes.
"""

import math
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.calibration import SOUND, Draw

from zdl_bench.statistics.inference import ALPHA, sign_flip_p
from zdl_bench.statistics.looks import p_after_looks
from zdl_bench.statistics.seed_plan import MAX_PLANNED_SEEDS, PLANNED_RATIOS, Spread, seeds_for

SAMPLES = 1000
PILOTS = (6, 10, 20)
SPREADS = {"log_aulc": 0.058, "tail_loss": 0.076, "jitter": 0.26}
"""Standard deviations of paired differences of ln on MNIST."""
DISTRIBUTIONS = {name: SOUND[name] for name in ("normal", "Laplace", "log-gamma, shape 2")}


def power(draw: Draw, pilot: int, ratio: float, sd: float, samples: int = SAMPLES) -> tuple[int, float]:
    """Return the median number of planned seeds, and how often that many new seeds find the ratio."""
    rng = np.random.default_rng(0)
    planned, found = [], 0
    for _ in range(samples):
        n = seeds_for(ratio, Spread.of(sd * draw(rng, (pilot,))), ALPHA) or MAX_PLANNED_SEEDS
        differences = math.log(ratio) + sd * draw(rng, (n,))
        found += differences.sum() > 0 and sign_flip_p(differences) <= ALPHA
        planned.append(n)
    return int(np.median(planned)), found / samples


def power_of_an_extension(pilot: int, ratio: float, sd: float, samples: int = 300) -> tuple[float, float]:
    """Return how often seeds added to a pilot, up to the planned number, find the ratio: by p, and by what p is worth.

    The pilot counts as a look. If it has more seeds than planned, it is not extended.
    """
    rng = np.random.default_rng(0)
    found = np.zeros(2)
    for _ in range(samples):
        first = math.log(ratio) + sd * rng.standard_normal(pilot)
        n = seeds_for(ratio, Spread.of(first), ALPHA) or MAX_PLANNED_SEEDS
        differences = np.append(first, math.log(ratio) + sd * rng.standard_normal(max(0, n - pilot)))
        if differences.sum() > 0:
            found += [sign_flip_p(differences) <= ALPHA, p_after_looks(differences, [pilot]) <= ALPHA]
    by_p, by_worth = found / samples
    return float(by_p), float(by_worth)


def main() -> None:
    print("| spread | ratio | pilot | " + " | ".join(f"{name}: n | finds" for name in DISTRIBUTIONS) + " |")
    print("|---|---|---|" + "---|---|" * len(DISTRIBUTIONS))
    for name, sd in SPREADS.items():
        for ratio in PLANNED_RATIOS:
            for pilot in PILOTS:
                cells = [power(draw, pilot, ratio, sd) for draw in DISTRIBUTIONS.values()]
                columns = " | ".join(f"{n} | {share:.0%}" for n, share in cells)
                print(f"| {name}, {sd:g} | {ratio:g} | {pilot} | {columns} |", flush=True)
    print("\n| spread | ratio | pilot | extended: p ≤ 0.05 | extended: worth ≤ 0.05 |\n|---|---|---|---|---|")
    for sd in (SPREADS["log_aulc"], SPREADS["tail_loss"]):
        for pilot in PILOTS[:2]:
            by_p, by_worth = power_of_an_extension(pilot, 1.05, sd)
            print(f"| {sd:g} | 1.05 | {pilot} | {by_p:.0%} | {by_worth:.0%} |", flush=True)


if __name__ == "__main__":
    main()
