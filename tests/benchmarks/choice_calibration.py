"""How often a verdict errs if the learning rates were chosen on the seeds that judge, and if tuning seeds chose them.

    python tests/benchmarks/choice_calibration.py

Two simulated optimizers have equal losses at the best of seven learning rates. One has this loss at all seven, a plateau. The
other has it at one of them, and each step away costs: a narrow valley. Prints the table of docs/statistics.md, in a minute.

A verdict is about the two learning rates that were chosen. So it errs if it finds a difference between equal means there, or
the wrong one to be better. If tuning seeds miss the bottom of the valley, there is a difference, and to find it is no error. It
would be one if the verdict were read as a comparison of the best that each could do, so the table has that number, too.
"""

from dataclasses import dataclass

import numpy as np

from zdl_bench.run.run import Floats
from zdl_bench.statistics.inference import ALPHA, sign_flip_p
from zdl_bench.statistics.tuning import choose_lr

LRS, SEEDS = 7, 10
OWN_NOISE = 0.05
"""Standard deviation over seeds of the part of an optimizer's ln loss that is the same at all learning rates."""
SAMPLES = 10_000


@dataclass(frozen=True)
class Case:
    """Standard deviations of ln loss over seeds, apart from OWN_NOISE, and the ln loss that a step from the bottom costs."""

    plateau_noise: float
    valley_noise: float
    step: float

    @property
    def means(self) -> tuple[Floats, Floats]:
        """The mean ln loss of the plateau and of the valley at each learning rate, (LRS,)."""
        return np.zeros(LRS), self.step * np.abs(np.arange(LRS) - LRS // 2)

    def losses(self, rng: np.random.Generator, seeds: int) -> list[Floats]:
        """Return the ln losses of the plateau and of the valley, (LRS, seeds)."""
        return [
            mean[:, None] + OWN_NOISE * rng.standard_normal(seeds) + noise * rng.standard_normal((LRS, seeds))
            for mean, noise in zip(self.means, (self.plateau_noise, self.valley_noise), strict=True)
        ]


@dataclass(frozen=True)
class Rates:
    """Shares of the samples.

    errs: a difference is found between equal means, or the wrong side is found to be better. finds: a difference is found.
    misses: the valley's learning rate is not its best.
    """

    errs: float
    finds: float
    misses: float


CASES = tuple(
    Case(*values)
    for values in ((0.05, 0.05, 0.3), (0.1, 0.1, 0.3), (0.2, 0.05, 0.3), (0.2, 0.2, 0.3), (0.1, 0.1, 0.1), (0.05, 0.2, 0.1))
)


def rates_of(case: Case, tuning_seeds: int, samples: int = SAMPLES) -> Rates:
    """Return how a comparison of the two at their chosen learning rates ends; with 0 tuning seeds, the judging seeds choose."""
    rng = np.random.default_rng(0)
    errs = finds = misses = 0
    for _ in range(samples):
        judging = case.losses(rng, SEEDS)
        trials = case.losses(rng, tuning_seeds) if tuning_seeds else judging
        places = [best_place(losses) for losses in trials]
        difference = judging[0][places[0]] - judging[1][places[1]]
        truth = case.means[0][places[0]] - case.means[1][places[1]]
        is_found = sign_flip_p(difference) <= ALPHA
        finds += is_found
        errs += is_found and (truth == 0 or (difference.mean() > 0) != (truth > 0))
        misses += places[1] != LRS // 2
    return Rates(errs / samples, finds / samples, misses / samples)


def best_place(losses: Floats) -> int:
    """Return the place of the learning rate with the lowest mean loss; losses: ln losses, (LRS, seeds)."""
    chosen = choose_lr(range(LRS), np.exp(losses)).lr
    assert chosen is not None
    return int(chosen)


def main() -> None:
    print("| noise of the plateau | of the valley | a step costs | no tuning seeds: errs |", end="")
    print(" 3 tuning seeds: errs | misses the bottom | finds a difference | 10 tuning seeds: errs | finds a difference |")
    print("|---|---|---|---|---|---|---|---|---|")
    for case in CASES:
        none, three, ten = (rates_of(case, seeds) for seeds in (0, 3, 10))
        shares = (none.errs, three.errs, three.misses, three.finds, ten.errs, ten.finds)
        cells = (
            f"{case.plateau_noise}",
            f"{case.valley_noise}",
            f"{np.expm1(case.step):.0%}",
            *(f"{one:.3f}" for one in shares),
        )
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
