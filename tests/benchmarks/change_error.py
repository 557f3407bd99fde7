"""How often `compare` errs if a change did nothing, and what it finds if it did something: docs/statistics.md quotes it.

    python tests/benchmarks/change_error.py 1000

Before and after are samples of one distribution. A comparison errs if it shows anything to be better or worse. What runs of a
seed have in common is in neither, since differences remove it. Spreads are those of MNIST: 0.058 for the speed, 0.076 for the
loss at the end, 0.26 for a jitter, each as the standard deviation of a difference of ln.
"""

import sys

import numpy as np
import pandas as pd

from zdl_bench.report.sweep_change import QUESTIONS
from zdl_bench.statistics.change import ConditionChange, Direction, judge_changes
from zdl_bench.statistics.proportions import wilson_interval
from zdl_bench.statistics.side import Side, by_seed

SPREADS = {"log_aulc": 0.058, "tail_loss": 0.076, "test_accuracy": 0.076}
JITTER = 0.26
KINDS = ("normal", "log-gamma", "10 % diverged")
SIZES = ((1, 6), (1, 10), (3, 6), (3, 10))
MARGIN = 1.05


def noise(rng: np.random.Generator, kind: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return noise with mean 0 and standard deviation 1."""
    if kind != "log-gamma":
        return rng.standard_normal(shape)
    drawn = np.log(rng.gamma(2.0, size=shape))
    return (drawn - 0.4227843) / 0.8030778  # ψ(2) and √ψ′(2)


def side(rng: np.random.Generator, kind: str, seeds: int, which: str, ratio: float = 1.0) -> Side:
    """Return runs of one optimizer. ratio: by how much all of its losses are larger."""
    names = list(dict.fromkeys(name for measures in QUESTIONS.values() for name in measures))
    common = noise(rng, kind, (seeds,))  # what the measures of a run have in common
    columns = {}
    for name in names:
        log = SPREADS.get(name, JITTER) / np.sqrt(2) * (0.6 * common + 0.8 * noise(rng, kind, (seeds,)))
        shifted = log + np.log(ratio)
        columns[name] = (
            1 / (1 + np.exp(shifted - 3)) if name == "test_accuracy" else shifted if name == "log_aulc" else np.exp(shifted)
        )
    frame = pd.DataFrame(columns)
    died = rng.random(seeds) < 0.1 if kind == "10 % diverged" else np.zeros(seeds, dtype=bool)
    frame[died] = np.nan
    return Side(
        by_seed(
            frame.assign(
                run_id=[f"{which} {number}" for number in range(seeds)],
                seed=range(seeds),
                status=np.where(died, "diverged", "completed"),
                learned=~died,
                digest=[f"{which} {number} {rng.random()}" for number in range(seeds)],
                start_loss=2.3,
                steps=1000,
                optimizer="adam",
                dataset="mnist",
            )
        )
    )


def compared(rng: np.random.Generator, kind: str, conditions: int, seeds: int, ratio: float = 1.0) -> list[ConditionChange]:
    """Return the changes of a comparison, of which the first condition is worse by a ratio."""
    ratios = [ratio, *[1.0] * (conditions - 1)]
    sides = {
        f"condition {number}": (side(rng, kind, seeds, "before"), side(rng, kind, seeds, "after", one))
        for number, one in enumerate(ratios)
    }
    return judge_changes(sides, QUESTIONS)


def error(kind: str, conditions: int, seeds: int, samples: int, seed: int = 0) -> int:
    """Return how many of the samples show something if nothing differs."""
    rng = np.random.default_rng([seed, KINDS.index(kind), conditions, seeds])
    return sum(
        any(change.direction is not Direction.UNDECIDED for change in compared(rng, kind, conditions, seeds))
        for _ in range(samples)
    )


def power(ratio: float, conditions: int, seeds: int, samples: int, seed: int = 1) -> float:
    """Return in which share of the samples the worsened condition is beyond the margin."""
    rng = np.random.default_rng([seed, conditions, seeds])
    return (
        sum(
            any(change.is_beyond(MARGIN) for change in compared(rng, "normal", conditions, seeds, ratio))
            for _ in range(samples)
        )
        / samples
    )


def main(samples: int) -> None:
    print("| conditions | seeds | " + " | ".join(KINDS) + " | worse by 1.1: found | by 1.2 |")
    print("|" + "---|" * (len(KINDS) + 4))
    for conditions, seeds in SIZES:
        cells = []
        for kind in KINDS:
            errors = error(kind, conditions, seeds, samples)
            low, high = wilson_interval(errors, samples)
            cells.append(f"{errors / samples:.3f} [{low:.3f}, {high:.3f}]")
        found = [f"{power(ratio, conditions, seeds, samples // 4):.2f}" for ratio in (1.1, 1.2)]
        print(f"| {conditions} | {seeds} | {' | '.join([*cells, *found])} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
