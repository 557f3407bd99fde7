"""How often the tests along an axis err: two optimizers at three values of a key.

    python tests/benchmarks/axis_error.py

Simulated ln losses share some noise of a seed, as common random numbers do. In the world `nothing`, neither the key nor the
optimizer makes a difference, and a family errs if it shows anything. In the world `key and optimizer`, both do, but the
optimizers are equally far apart at every value: a family errs if it shows a gain or a change of the ranking. Prints the table
of docs/statistics.md, in some minutes.
"""

import sys
from collections.abc import Callable

import numpy as np
import pandas as pd

from zdl_bench.run.run import Floats
from zdl_bench.statistics.axis_tests import About, AxisTest, Spot, axis_comparisons, judge_axes
from zdl_bench.statistics.side import Side

OPTIMIZERS, VALUES = ("sgd", "adam"), 3
NOISES: dict[str, Callable[[np.random.Generator, tuple[int, ...]], Floats]] = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "log-gamma": lambda rng, shape: np.log(rng.gamma(2.0, size=shape)),
}
SHIFTS = {"nothing": 0.0, "key and optimizer": 1.0}


def side_of(losses: Floats, name: str) -> Side:
    """Return a side whose seeds 0, 1, … have these ln losses, (seeds,)."""
    seeds = np.arange(len(losses))
    frame = pd.DataFrame({"seed": seeds, "tail_loss": np.exp(losses), "start_loss": 1.0, "learned": True})
    frame = frame.assign(status="completed", steps=100, dataset="d", run_id=[f"{name}{seed}" for seed in seeds])
    return Side(frame.assign(digest=frame["run_id"], test_images=100, optimizer=name).set_index("seed", drop=False))


def shown_tests(rng: np.random.Generator, world: str, noise: str, seeds: int) -> list[AxisTest]:
    """Return the tests that show something in one sample. The axis has all of the error."""
    shared = rng.standard_normal(seeds)
    sides = {
        Spot("", optimizer, place): side_of(
            SHIFTS[world] * (place + 2 * number) + 0.1 * (shared + NOISES[noise](rng, (seeds,))), f"{optimizer}{place}"
        )
        for number, optimizer in enumerate(OPTIMIZERS)
        for place in range(VALUES)
    }
    [tested] = judge_axes([axis_comparisons(sides, ["tail_loss"], set(), are_tuned=True)], 1.0)
    return [test for test in tested.tests if test.is_shown and (world == "nothing" or test.about is About.GAIN)]


def error_of(world: str, noise: str, seeds: int, samples: int) -> float:
    """Return the share of samples in which something is shown that is not there."""
    rng = np.random.default_rng(seeds)
    return float(np.mean([bool(shown_tests(rng, world, noise, seeds)) for _ in range(samples)]))


if __name__ == "__main__":
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    print("| world | noise | 6 seeds | 8 seeds | 10 seeds |\n|---|---|---|---|---|")
    for world in SHIFTS:
        for noise in NOISES:
            errors = (error_of(world, noise, seeds, samples) for seeds in (6, 8, 10))
            print(f"| {world} | {noise} | {' | '.join(f'{error:.3f}' for error in errors)} |", flush=True)
