"""How often Student's interval covers and the sign-flip test errs with ten seeds: by simulation, and on real runs.

    python tests/benchmarks/calibration.py

Prints the table of docs/statistics.md and draws docs/figures/calibration.png; takes about a minute.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import special, stats

sys.path.insert(0, str(Path(__file__).parent.parent))

from conftest import quadratic_config

from zdl_bench.report.figures.style import house_style
from zdl_bench.run.run import Floats
from zdl_bench.statistics.inference import ALPHA, sign_flip_p, student_interval
from zdl_bench.statistics.metrics.convergence import tail_loss
from zdl_bench.training.loop import train

SEEDS = 10
FAILURE_SHARE, FAILURE_COST = 0.1, 30.0
GAMMA_SHAPE = 2.0
FIGURE = Path(__file__).parents[2] / "docs" / "figures" / "calibration.png"

Shape = tuple[int, int]
Draw = Callable[[np.random.Generator, Shape], Floats]


def log_gamma(rng: np.random.Generator, shape: Shape) -> Floats:
    """ln of a gamma variable: what the logarithm of a mean of squares looks like."""
    centred = np.log(rng.gamma(GAMMA_SHAPE, size=shape)) - special.digamma(GAMMA_SHAPE)
    return centred / np.sqrt(special.polygamma(1, GAMMA_SHAPE))


def log_normal(rng: np.random.Generator, shape: Shape) -> Floats:
    """Ratios that were not brought to the scale of ln."""
    return (rng.lognormal(size=shape) - np.exp(0.5)) / np.sqrt((np.e - 1) * np.e)


def with_failures(rng: np.random.Generator, shape: Shape) -> Floats:
    """Normal differences, of which one in ten is of a run that failed and was given a large loss."""
    failed = rng.random(shape) < FAILURE_SHARE
    variance = 1 + FAILURE_COST**2 * FAILURE_SHARE * (1 - FAILURE_SHARE)
    return (rng.standard_normal(shape) + FAILURE_COST * (failed - FAILURE_SHARE)) / np.sqrt(variance)


SOUND: dict[str, Draw] = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "Laplace": lambda rng, shape: rng.laplace(scale=np.sqrt(0.5), size=shape),
    "Student's t, 3 df": lambda rng, shape: rng.standard_t(3, size=shape) / np.sqrt(3),
    "log-gamma, shape 2": log_gamma,
}
FAILING: dict[str, Draw] = {"raw log-normal": log_normal, "10 % of seeds fail": with_failures}
"""Distributions of differences with mean 0 and variance 1."""


def differences(draw: Draw, samples: int) -> Floats:
    """(SEEDS, samples)"""
    return draw(np.random.default_rng(0), (SEEDS, samples))


def coverage(d: Floats) -> float:
    """Share of samples, the columns of `d`, whose Student's interval contains 0."""
    interval = student_interval(d)
    return float(np.mean((interval.low <= 0) & (interval.high >= 0)))


def bootstrap_coverage(d: Floats) -> float:
    """As `coverage`, of the BCa bootstrap."""
    interval = stats.bootstrap((d,), np.mean, n_resamples=999, batch=20, axis=0, method="BCa", rng=0).confidence_interval
    return float(np.mean((interval.low <= 0) & (interval.high >= 0)))


def rejection_rate(d: Floats) -> float:
    """Share of samples, the columns of `d`, that the sign-flip test rejects: its error where the mean is 0, else its power."""
    return float(np.mean([sign_flip_p(sample) <= ALPHA for sample in d.T]))


def tail_losses(seeds: int) -> Floats:
    """ln tail_loss of SGD on the noisy quadratic, one run per seed, (seeds,)."""
    problem = {"gradient_noise": 0.1}
    return np.log([tail_loss(train(quadratic_config(lr=0.2, problem=problem, seed=seed)).curve) for seed in range(seeds)])


def split_differences(values: Floats, splits: int) -> Floats:
    """A/A: differences of the values of two disjoint draws of seeds, (SEEDS, splits): with equal seeds they would be 0."""
    rng = np.random.default_rng(0)
    rows = np.array([rng.permutation(len(values))[: 2 * SEEDS] for _ in range(splits)]).T
    return values[rows[:SEEDS]] - values[rows[SEEDS:]]


def print_table(rows: dict[str, tuple[float, float, float]]) -> None:
    print("| differences | Student covers | BCa covers | the test errs |\n|---|---|---|---|")
    for name, (student, bootstrap, error) in rows.items():
        print(f"| {name} | {student:.3f} | {bootstrap:.3f} | {error:.3f} |")


def draw_figure(rows: dict[str, tuple[float, float, float]], power: dict[str, list[float]], effects: Floats) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    with house_style():
        figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
        places = np.arange(len(rows))[::-1]
        student, bootstrap, error = np.array(list(rows.values())).T
        left.axvspan(0.93, 0.97, color="#117733", alpha=0.12, linewidth=0, label="0.93 to 0.97")
        left.plot(student, places, "o", color="#332288", label="Student's t")
        left.plot(bootstrap, places, "D", color="#CC6677", markersize=5, label="BCa bootstrap")
        left.set(yticks=places, yticklabels=list(rows), xlim=(0.6, 1), xlabel="coverage of the 95 % interval")
        left.legend(loc="lower center", bbox_to_anchor=(0.3, 1.0), ncols=3, fontsize=8.5, handletextpad=0.3, columnspacing=1)
        middle.axvline(ALPHA, color="#117733", linewidth=1.2, alpha=0.6)
        middle.plot(error, places, "o", color="#332288")
        middle.set(yticks=places, yticklabels=[], xlim=(0, None), xlabel="error rate of the sign-flip test at 5 %")
        for (name, shares), style in zip(power.items(), ("-", "--", "-.", ":"), strict=True):
            right.plot(effects, shares, style, label=name, linewidth=1.6)
        right.set(
            ylim=(0, 1.02), xlabel="mean difference / its standard deviation", ylabel=f"power of the test with {SEEDS} seeds"
        )
        right.legend(fontsize=8.5, loc="lower right")
        figure.get_layout_engine().set(w_pad=0.1)
        figure.savefig(FIGURE, dpi=130)


def main() -> None:
    rows = {}
    for name, draw in (SOUND | FAILING).items():
        d = differences(draw, 20_000)
        rows[name] = coverage(d), bootstrap_coverage(d[:, :4000]), rejection_rate(d)
    print_table(rows)

    values = tail_losses(1000)
    print(f"\nA/A, ln tail_loss of real runs on disjoint seeds: {rejection_rate(split_differences(values, 20_000)):.3f}")

    effects = np.linspace(0, 2, 17)
    power = {}
    for name, draw in SOUND.items():
        d = differences(draw, 4000)
        power[name] = [rejection_rate(d + effect) for effect in effects]
    print("\nPower at a mean of 1 standard deviation:", {name: shares[8] for name, shares in power.items()})
    draw_figure(rows, power, effects)


if __name__ == "__main__":
    main()
