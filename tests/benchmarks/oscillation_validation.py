"""The oscillation profile where the answer is known.

    python tests/benchmarks/oscillation_validation.py

Prints a table; takes two minutes. "planned": a network's run, whose loss is known at the strides and at
the places of the profile. "every step": an analytic problem.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from conftest import part, quadratic_config

from zdl_bench.run.profile import SCALES, Triples, gaps_of, places_of, triples_of
from zdl_bench.run.run import Curve, Floats, Probes, ProfileLosses
from zdl_bench.statistics.metrics.profile import log_jitter, relative_jitter
from zdl_bench.statistics.metrics.trajectory import axis_crossings, step_cosine
from zdl_bench.training.loop import train
from zdl_bench.training.probes import early_steps, stride_steps

STEPS, COUNT = 1000, 50
"""Of a default run."""
LEVEL = 0.3
SPIKE = 5
PERIODS = (*range(2, 61), 80, 100, 150, 200)
MEASURES = (log_jitter, relative_jitter)


def recorded(losses: Floats, count: int | None = COUNT) -> Curve:
    """The curve of a learned run that has these losses at steps 0, 1, …; count: of its strides, or None for every step."""
    steps = len(losses) - 1
    strides = stride_steps(steps, COUNT if count is None else count)
    probed = np.arange(steps + 1) if count is None else np.union1d(strides, early_steps(steps))
    places = np.array(sorted(places_of(steps, tuple(strides.tolist())) - set(probed.tolist())), np.int64)
    nan = np.full(len(probed), np.nan)
    columns = dict.fromkeys(Probes.__annotations__, nan)
    columns |= {"step": probed, "strided": np.isin(probed, strides), "probe_loss": losses[probed]}
    profile = ProfileLosses(places, losses[places]) if count is not None and len(places) else None
    return Curve(steps, 1e9, losses[1:], np.ones(steps), Probes(**columns), profile=profile)


def planned(steps: int = STEPS, count: int = COUNT) -> dict[int, Triples]:
    return dict(triples_of(steps, tuple(stride_steps(steps, count).tolist())))


def every_step(scale: int) -> Triples:
    """Triples with each pair of gaps once: what counts where the loss is known at every step."""
    return np.array([(0, left, left + right) for left, right in dict.fromkeys(gaps_of(scale))])


def sine_gain(triples: Triples, period: float) -> float:
    """Jitter over the root mean square of a sine, over all of its phases. By the response to exp(2πit / period)."""
    left, right = np.diff(triples, axis=1).T
    wave = np.exp(2j * np.pi * np.array([-left, 0 * left, right]) / period)
    weights = np.array([right / (left + right), -np.ones(len(left)), left / (left + right)])
    return float(np.sqrt(np.mean(np.abs((weights * wave).sum(axis=0)) ** 2 / (weights**2).sum(axis=0))))


def spike_energy(left: int, right: int) -> float:
    """Sum of the squared pseudo-residuals over all centres, of a spike of height 1 and SPIKE steps. By convolution."""
    line = np.zeros(left + right + 1)
    line[[0, left, -1]] = right / (left + right), -1, left / (left + right)
    return float(np.sum(np.convolve(np.ones(SPIKE), line) ** 2) / np.sum(line**2))


def noise(seed: int, size: float, steps: int = STEPS) -> Floats:
    return LEVEL * np.exp(np.random.default_rng(seed).normal(0, size, steps + 1))


def sine(period: float, phase: float, size: float = 0.05, steps: int = STEPS) -> Floats:
    """A loss whose logarithm is a sine of this root mean square."""
    return LEVEL * np.exp(size * np.sqrt(2) * np.sin(2 * np.pi * (np.arange(steps + 1) / period + phase)))


def spike(place: int, height: float = 0.5, steps: int = STEPS) -> Floats:
    logs = np.zeros(steps + 1)
    logs[place : place + SPIKE] = height
    return LEVEL * np.exp(logs)


def bowl(optimizer: str, lr: float, steps: int) -> Curve:
    """A run on the bowl of Saito's book."""
    return train(replace(quadratic_config(optimizer, lr, steps=steps), problem=part("problem", "bowl"))).curve


def noise_free(dtype: str, condition_number: float = 1, lr: float = 0.01) -> Curve:
    """SGD on a quadratic: at a condition number of 1 a straight decay, but for the rounding."""
    problem = {"dimension": 10, "condition_number": condition_number}
    return train(quadratic_config("sgd", lr, problem, dtype=dtype, steps=500)).curve


def over(curves: Sequence[Curve], measure: Callable[[Curve, int], float] = log_jitter) -> Floats:
    """Root mean square over curves at each scale."""
    values = np.array([[measure(curve, scale) for scale in SCALES] for curve in curves])
    return np.asarray(np.sqrt(np.mean(values**2, axis=0)))


def row(name: str, curves: Sequence[Curve]) -> None:
    logs, linear = (over(curves, measure) for measure in MEASURES)
    print(f"{name:42}", *(f"{value:9.3g}" for value in (*logs, *linear)))


def print_table() -> None:
    print(f"{'':42}", *(f"{'ln ' + str(s):>9}" for s in SCALES), *(f"{'rel ' + str(s):>9}" for s in SCALES))
    for count, plan in ((COUNT, "planned"), (None, "every step")):
        row(f"white noise of 0.05, {plan}", [recorded(noise(seed, 0.05), count) for seed in range(200)])
        row(f"straight decay of ln L, {plan}", [recorded(np.exp(-0.01 * np.arange(STEPS + 1)), count)])
        row(f"straight decay of L, {plan}", [recorded(1 - 0.0009 * np.arange(STEPS + 1), count)])
        row(f"plateau, {plan}", [recorded(np.full(STEPS + 1, LEVEL), count)])
        row(f"spike of 5 steps and 0.5, {plan}", [recorded(spike(place), count) for place in range(250, 750)])
        for period in (2, 3, 5, 10, 20, 40, 60, 100, 200):
            curves = [recorded(sine(period, phase / 24), count) for phase in range(24)]
            row(f"sine of period {period} and 0.05, {plan}", curves)
    row("rounding of float32", [noise_free("float32")])
    row("rounding of float64", [noise_free("float64")])
    for steps in (50, 100, 101):
        for optimizer in ("sgd", "adagrad"):
            row(f"bowl, {optimizer}, lr 0.95, {steps} steps", [bowl(optimizer, 0.95, steps)])
    row("bowl, momentum's ringing, lr 0.1, 500", [bowl("momentum", 0.1, 500)])
    row("bowl, sgd, lr 0.1, 500", [bowl("sgd", 0.1, 500)])


def print_sines() -> None:
    print("\nsines: reading / size at the scale that reads it best")
    for plan, triples in (("planned", planned()), ("every step", {scale: every_step(scale) for scale in SCALES})):
        gains = np.array([[sine_gain(triples[scale], period) for scale in SCALES] for period in PERIODS])
        best = gains[np.arange(len(PERIODS)), np.abs(gains - 1).argmin(axis=1)]
        print(f"  {plan}:", ", ".join(f"{period}: {gain:.2f}" for period, gain in zip(PERIODS, best, strict=True)))


def print_precision() -> None:
    print("\nstandard deviation of ln jitter of one run, white noise")
    for count, plan in ((COUNT, "planned"), (None, "every step")):
        curves = [recorded(noise(seed, 0.05), count) for seed in range(300)]
        values = np.log([[log_jitter(curve, scale) for scale in SCALES] for curve in curves])
        print(f"  {plan}:", ", ".join(f"{s}: {v:.2f}" for s, v in zip(SCALES, values.std(axis=0, ddof=1), strict=True)))
    seen = [max(log_jitter(recorded(spike(place)), scale) for scale in SCALES) > 0 for place in range(101, STEPS - 4)]
    print(f"planned: {np.mean(seen):.0%} of the places of a spike of {SPIKE} steps are seen at some scale")
    for steps in (50, 100, 101):
        for optimizer in ("sgd", "adagrad"):
            curve = bowl(optimizer, 0.95, steps)
            print(f"  {optimizer}, {steps} steps: step_cosine {step_cosine(curve):.2f}, {axis_crossings(curve):.0f} crossings")


def main() -> None:
    print_table()
    print_sines()
    print_precision()


if __name__ == "__main__":
    main()
