"""How often a test errs whose learning rates were chosen on the seeds that it judges: two simulated optimizers that are alike.

    python tests/benchmarks/choice_calibration.py

Prints the table of docs/statistics.md; takes about a minute.
"""

import numpy as np

from zdl_bench.run.run import Floats
from zdl_bench.statistics.inference import ALPHA, sign_flip_p
from zdl_bench.statistics.tuning import choose_lr

SEEDS = 10
SAMPLES = 4000
NOISE = 0.1
"""Standard deviation of ln tail_loss over seeds, of each part: shared by all, of an optimizer, of a learning rate."""


def tail_losses(rng: np.random.Generator, lrs: int, slope: float) -> tuple[Floats, Floats]:
    """Of two optimizers, each (lrs, SEEDS), lowest in the middle of the grid: ln loss rises by `slope` per learning rate."""
    shared = NOISE * rng.standard_normal(SEEDS)
    valley = slope * np.abs(np.arange(lrs) - lrs // 2)[:, None]
    own = NOISE * rng.standard_normal((2, 1, SEEDS))
    first, second = np.exp(shared + own + valley + NOISE * rng.standard_normal((2, lrs, SEEDS)))
    return first, second


def at_best(losses: Floats) -> Floats:
    """Losses at the learning rate that is best on all seeds, (SEEDS,)."""
    chosen = choose_lr(range(len(losses)), losses).lr
    assert chosen is not None
    return np.asarray(losses[int(chosen)])


def errors(lrs: int, slope: float) -> tuple[float, float, float]:
    """Share of samples that are rejected, under equal budgets and against one fixed learning rate, and the mean ratio there."""
    rng = np.random.default_rng(0)
    equal, unequal, gains = 0, 0, []
    for _ in range(SAMPLES):
        first, second = tail_losses(rng, lrs, slope)
        equal += sign_flip_p(np.log(at_best(first) / at_best(second))) <= ALPHA
        against_one = np.log(at_best(first) / second[lrs // 2])
        unequal += sign_flip_p(against_one) <= ALPHA
        gains.append(against_one.mean())
    return equal / SAMPLES, unequal / SAMPLES, float(np.exp(np.mean(gains)))


def main() -> None:
    print("| learning rates | each step from the best costs | equal budgets: errs | against one lr: errs | seeming ratio |")
    print("|---|---|---|---|---|")
    for lrs, slope in ((3, 0.0), (3, 0.05), (3, 0.2), (5, 0.0), (5, 0.05), (5, 0.2)):
        equal, unequal, gain = errors(lrs, slope)
        print(f"| {lrs} | {np.expm1(slope):.0%} | {equal:.3f} | {unequal:.3f} | {gain:.3f} |")


if __name__ == "__main__":
    main()
