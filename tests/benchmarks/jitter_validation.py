"""Jitter over scales where the answer is known: SGD and Momentum around the minimum of a noisy quadratic.

    python tests/benchmarks/jitter_validation.py

Prints what docs/metrics.md quotes and draws docs/figures/jitter_validation.png; takes a few minutes.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg, special

sys.path.insert(0, str(Path(__file__).parent.parent))

from conftest import quadratic_config

from zdl_bench.report.figures.scales import plain_log_axis
from zdl_bench.report.figures.style import house_style, look_of
from zdl_bench.run.profile import SCALES, gaps_of
from zdl_bench.run.run import Curve, Floats
from zdl_bench.statistics.inference import ALPHA, Interval, sign_flip_p, student_interval
from zdl_bench.statistics.metrics.profile import log_jitter
from zdl_bench.training.loop import train

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIGURE = Path(__file__).parents[2] / "docs" / "figures" / "jitter_validation.png"
BETA = 0.9
"""As in conf/optimizer/momentum.yaml."""
LONG_STEPS, DIMENSION = 6000, 100
SEEDS = 10


def momentum_variance(lr: float, momentum: float, curvature: Floats, noise: float) -> Floats:
    """Stationary variance of w under v ← momentum·v − lr·(curvature·w + noise·ξ), w ← w + v, with ξ normal.

    Without momentum it is SGD's, lr·noise² / (curvature · (2 − lr·curvature)).
    """
    return lr * noise**2 * (1 + momentum) / (curvature * (1 - momentum) * (2 * (1 + momentum) - lr * curvature))


def stationary_gap(lr: float, momentum: float, curvature: Floats, noise: float) -> float:
    """E[L] = ½ Σ curvature · variance."""
    return 0.5 * float(np.sum(curvature * momentum_variance(lr, momentum, curvature, noise)))


def transition(lr: float, momentum: float, curvature: float) -> Floats:
    """Matrix of a step for (w, v), without its noise."""
    return np.array([[1 - lr * curvature, momentum], [-lr * curvature, momentum]])


def stationary_covariance(lr: float, momentum: float, curvature: float, noise: float) -> Floats:
    """Covariance of (w, v) that a step leaves as it is: the solution of the discrete Lyapunov equation."""
    return linalg.solve_discrete_lyapunov(transition(lr, momentum, curvature), np.full((2, 2), (lr * noise) ** 2))


def expected_jitter(lr: float, momentum: float, scale: int, dimension: int) -> float:
    """Of ln L at curvature 1 in many dimensions, where ln L is nearly normal.

    L is a sum of `dimension` squares with the correlation r of w squared, so the variance of ln L is ψ′(dimension / 2) and its
    correlation at a lag is r². With the weights a and b of the line, the mean square of a pseudo-residual with the gaps g and h
    is this variance times 1 + 2 (ab r²(g + h) − a r²(g) − b r²(h)) / (a² + b² + 1).
    """
    covariance = stationary_covariance(lr, momentum, 1, 1)
    step = transition(lr, momentum, 1)
    lags = [(np.linalg.matrix_power(step, lag) @ covariance)[0, 0] / covariance[0, 0] for lag in range(3 * scale + 1)]
    near = np.square(lags)
    shares = []
    for left, right in dict.fromkeys(gaps_of(scale)):
        a, b = right / (left + right), left / (left + right)
        shares.append(1 + 2 * (a * b * near[left + right] - a * near[left] - b * near[right]) / (a**2 + b**2 + 1))
    return float(np.sqrt(special.polygamma(1, dimension / 2) * np.mean(shares)))


def curve_of(optimizer: str, lr: float, seed: int, steps: int, problem: dict[str, float]) -> Curve:
    """What a run recorded; the momentum is BETA."""
    return train(quadratic_config(optimizer, lr, problem, seed=seed, steps=steps)).curve


def above_floor(curve: Curve, floor: float) -> Curve:
    """The curve of a problem whose lowest loss is `floor`, as a network's is not 0."""
    probes = replace(curve.probes, probe_loss=curve.probes.probe_loss + floor)
    return replace(curve, probes=probes, trivial_loss=curve.trivial_loss + floor)


def measured_gap(optimizer: str, lr: float, problem: dict[str, float], seeds: int, steps: int) -> Interval:
    """Mean loss after the first half of the steps, over seeds."""
    losses = [curve_of(optimizer, lr, seed, steps, problem).probes.probe_loss for seed in range(seeds)]
    return student_interval(np.array([loss[steps // 2 :].mean() for loss in losses]))


def long_curves(optimizer: str, lr: float, seeds: int) -> list[Curve]:
    """Runs in many dimensions of curvature 1 that are stationary after the first 10 % of the steps."""
    problem = {"dimension": DIMENSION, "condition_number": 1, "gradient_noise": 0.3}
    return [curve_of(optimizer, lr, seed, LONG_STEPS, problem) for seed in range(seeds)]


def root_mean_square_jitter(curves: list[Curve], scale: int) -> float:
    """Over curves: the square is unbiased, the mean is not."""
    return float(np.sqrt(np.mean([log_jitter(curve, scale) ** 2 for curve in curves])))


def jitters_of_noise(noise: float, first_seed: int, seeds: int) -> Floats:
    """ln of the jitter over 20 steps of SGD above a floor of 1, one run per seed, (seeds,)."""
    problem = {"dimension": 10, "gradient_noise": noise}
    curves = (curve_of("sgd", 0.5, first_seed + seed, 1000, problem) for seed in range(seeds))
    return np.log([log_jitter(above_floor(curve, 1.0), 20) for curve in curves])


def power(one: Floats, other: Floats, draws: int) -> float:
    """Share of draws of ten seeds for each, all different, in which the sign-flip test tells them apart.

    one, other: (seeds,), of the same seeds.
    """
    rng = np.random.default_rng(0)
    rows = (rng.permutation(len(one)) for _ in range(draws))
    differences = (one[row[:SEEDS]] - other[row[SEEDS : 2 * SEEDS]] for row in rows)
    return float(np.mean([sign_flip_p(d) <= ALPHA for d in differences]))


def draw_gaps(axes: "Axes") -> None:
    problem = {"dimension": 4, "condition_number": 4, "gradient_noise": 0.5}
    curvature = np.geomspace(0.25, 1, 4)
    lrs = np.array([0.02, 0.05, 0.1, 0.2, 0.5, 1.0])
    lines = np.geomspace(lrs[0], lrs[-1], 50)
    print("E[L] measured / closed form:")
    for optimizer, momentum, label in (("sgd", 0.0, "SGD"), ("momentum", BETA, f"Momentum, β = {BETA}")):
        look = look_of(optimizer)
        means = [measured_gap(optimizer, lr, problem, 10, 8000) for lr in lrs]
        exact = np.array([stationary_gap(lr, momentum, curvature, 0.5) for lr in lrs])
        mean, low, high = np.array([(m.mean, m.low, m.high) for m in means]).T
        print(f"  {label}: {', '.join(f'lr {lr:g}: {ratio:.3f}' for lr, ratio in zip(lrs, mean / exact, strict=True))}")
        axes.plot(lines, [stationary_gap(lr, momentum, curvature, 0.5) for lr in lines], color=look.color, linewidth=1.3)
        axes.errorbar(lrs, mean, [mean - low, high - mean], fmt=look.marker, color=look.color, label=label, capsize=3)
    axes.plot([], [], color="#555555", linewidth=1.3, label="closed form")
    axes.set(xscale="log", yscale="log", xlabel="learning rate", ylabel="mean loss around the minimum", xlim=(0.015, 1.4))
    plain_log_axis(axes.xaxis)
    plain_log_axis(axes.yaxis)
    axes.legend(fontsize=8.5)


def draw_scales(axes: "Axes") -> None:
    lr, scales = 0.05, np.array(SCALES)
    print("jitter measured / expected:")
    for optimizer, momentum, label in (("sgd", 0.0, "SGD"), ("momentum", BETA, f"Momentum, β = {BETA}")):
        look = look_of(optimizer)
        curves = long_curves(optimizer, lr, 20)
        values = np.array([root_mean_square_jitter(curves, scale) for scale in scales])
        exact = np.array([expected_jitter(lr, momentum, scale, DIMENSION) for scale in range(1, 101)])
        ratios = values / exact[scales - 1]
        print(f"  {label}: {', '.join(f'scale {s}: {ratio:.3f}' for s, ratio in zip(scales, ratios, strict=True))}")
        axes.plot(np.arange(1, 101) * lr, exact, color=look.color, linewidth=1.3)
        axes.plot(scales * lr, values, look.marker, color=look.color, label=label)
    deviation = np.sqrt(special.polygamma(1, DIMENSION / 2))
    axes.axhline(deviation, color="#555555", linewidth=1, linestyle="--")
    axes.annotate("standard deviation of ln L", (0.045, deviation), xytext=(0, 11), textcoords="offset points", fontsize=8.5)
    axes.plot([], [], color="#555555", linewidth=1.3, label="expected")
    axes.set(xscale="log", xlabel="scale × learning rate × curvature", ylabel="jitter", ylim=(0, 0.18))
    plain_log_axis(axes.xaxis)
    axes.legend(fontsize=8.5, loc="lower right")


def draw_power(axes: "Axes") -> None:
    ratios, noise = [1.0, 1.05, 1.1, 1.15, 1.2, 1.3], 0.5
    levels = [jitters_of_noise(noise * ratio, 0, 150) for ratio in ratios]
    shares = [power(level, levels[0], 10_000) for level in levels]
    effects = [np.exp(np.mean(level - levels[0])) for level in levels]
    print("ratio of the noise, of jitter, power:")
    for ratio, effect, share in zip(ratios, effects, shares, strict=True):
        print(f"  {ratio:g} {effect:.3f} {share:.3f}")
    print(f"standard deviation of ln jitter over seeds: {levels[0].std(ddof=1):.3f}")
    axes.axhline(ALPHA, color="#117733", linewidth=1, alpha=0.6)
    axes.plot(ratios, shares, "o-", color=look_of("sgd").color)
    axes.set(xlabel="ratio of the gradient noise", ylabel=f"power with {SEEDS} seeds", ylim=(0, 1.03))


def main() -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    with house_style():
        figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
        draw_gaps(left)
        draw_scales(middle)
        draw_power(right)
        figure.get_layout_engine().set(w_pad=0.1)
        figure.savefig(FIGURE, dpi=130)


if __name__ == "__main__":
    main()
