"""The oscillation profile where the answer is known.

    python tests/benchmarks/oscillation_validation.py

Prints the table and the numbers of docs/metrics.md; takes half a minute. "planned": a network's run, whose loss is known at
the strides and at the places of the profile. "every step": an analytic problem. Tests compare each cell with an oracle.
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
LEVEL, SIZE = 0.3, 0.05
SPIKE, HEIGHT = 5, 0.5
PERIODS = (2, 3, 5, 10, 20, 40, 60, 100, 200)
ALL_PERIODS = (*range(2, 61), 80, 100, 150, 200)
MEASURES = (log_jitter, relative_jitter)
PLANS = {"planned": COUNT, "every step": None}
BOWL_STEPS = (50, 100, 101)


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


def best_gains(triples: dict[int, Triples]) -> dict[int, float]:
    """For each period of a sine, the gain at the scale that reads it best."""
    gains = {period: [sine_gain(triples[scale], period) for scale in SCALES] for period in ALL_PERIODS}
    return {period: min(row, key=lambda gain: abs(gain - 1)) for period, row in gains.items()}


def spike_energy(left: int, right: int) -> float:
    """Sum of the squared pseudo-residuals over all centres, of a spike of height 1 and SPIKE steps. By convolution."""
    line = np.zeros(left + right + 1)
    line[[0, left, -1]] = right / (left + right), -1, left / (left + right)
    return float(np.sum(np.convolve(np.ones(SPIKE), line) ** 2) / np.sum(line**2))


def noise(seed: int, size: float = SIZE, steps: int = STEPS) -> Floats:
    return LEVEL * np.exp(np.random.default_rng(seed).normal(0, size, steps + 1))


def sine(period: float, phase: float, size: float = SIZE, steps: int = STEPS) -> Floats:
    """A loss whose logarithm is a sine of this root mean square."""
    return LEVEL * np.exp(size * np.sqrt(2) * np.sin(2 * np.pi * (np.arange(steps + 1) / period + phase)))


def spike(place: int, height: float = HEIGHT, steps: int = STEPS) -> Floats:
    logs = np.zeros(steps + 1)
    logs[place : place + SPIKE] = height
    return LEVEL * np.exp(logs)


def surface(name: str, optimizer: str, lr: float, steps: int) -> Curve:
    """A run without noise on a surface."""
    return train(replace(quadratic_config(optimizer, lr, steps=steps), problem=part("problem", name))).curve


def bowl(optimizer: str, lr: float, steps: int) -> Curve:
    """A run on the bowl of Saito's book."""
    return surface("bowl", optimizer, lr, steps)


def noise_free(dtype: str, condition_number: float = 1, lr: float = 0.01) -> Curve:
    """SGD on a quadratic: at a condition number of 1 a straight decay, but for the rounding."""
    problem = {"dimension": 10, "condition_number": condition_number}
    return train(quadratic_config("sgd", lr, problem, dtype=dtype, steps=500)).curve


def over(curves: Sequence[Curve], measure: Callable[[Curve, int], float] = log_jitter) -> Floats:
    """Root mean square over curves at each scale."""
    values = np.array([[measure(curve, scale) for scale in SCALES] for curve in curves])
    return np.asarray(np.sqrt(np.mean(values**2, axis=0)))


def made_up() -> dict[str, Callable[[], list[Floats]]]:
    """The rows of the table that are made of numbers: name → their losses, of which the table shows the RMS."""
    steps = np.arange(STEPS + 1)
    return {
        "white noise of 0.05": lambda: [noise(seed) for seed in range(200)],
        "straight decay of ln L, 1 % a step": lambda: [np.exp(-0.01 * steps)],
        "straight decay of L, to a tenth": lambda: [1 - 0.0009 * steps],
        "plateau": lambda: [np.full(STEPS + 1, LEVEL)],
        "spike of 5 steps and 0.5, at any place": lambda: [spike(place) for place in range(101, STEPS + 2 - SPIKE)],
    } | {
        f"sine of period {period} and 0.05": lambda period=period: [sine(period, phase / 6) for phase in range(6)]
        for period in PERIODS
    }


def trained() -> dict[str, Callable[[], Curve]]:
    """The rows of the table that are runs, with the loss at every step: name → run."""
    rows: dict[str, Callable[[], Curve]] = {
        f"{name} on the bowl, lr 0.95, {steps} steps": lambda name=name, steps=steps: bowl(name.lower(), 0.95, steps)
        for steps in BOWL_STEPS
        for name in ("SGD", "AdaGrad")
    }
    return rows | {
        "SGD beyond the edge of stability": lambda: surface("double_well", "sgd", 0.25, 500),
        "Momentum's ringing on the bowl, lr 0.1, 200 steps": lambda: bowl("momentum", 0.1, 200),
        "SGD on the bowl, lr 0.1": lambda: bowl("sgd", 0.1, 500),
        "rounding of float32": lambda: noise_free("float32"),
        "rounding of float64": lambda: noise_free("float64"),
    }


def cells(name: str) -> list[float]:
    """Return the eight numbers of a row of the table: of ln L, then of L, at each scale."""
    if name in trained():
        curves = [trained()[name]()]
    else:
        what, _, plan = name.rpartition(", ")
        curves = [recorded(losses, PLANS[plan]) for losses in made_up()[what]()]
    return [float(value) for measure in MEASURES for value in over(curves, measure)]


def names() -> list[str]:
    return [f"{what}, {plan}" for plan in PLANS for what in made_up()] + list(trained())


def spikes_seen() -> float:
    """Return the share of the places of a spike at which a run with planned places sees it at some scale."""
    curves = [recorded(losses) for losses in made_up()["spike of 5 steps and 0.5, at any place"]()]
    return float(np.mean([max(log_jitter(curve, scale) for scale in SCALES) > 0 for curve in curves]))


def spread(count: int | None, seeds: int) -> Floats:
    """Return the standard deviation of the ln jitter of one run, of white noise, at each scale."""
    curves = [recorded(noise(seed), count) for seed in range(seeds)]
    return np.asarray(np.log([[log_jitter(curve, scale) for scale in SCALES] for curve in curves]).std(axis=0, ddof=1))


def main() -> None:
    print("| loss |", *(f"ln L, {scale} |" for scale in SCALES), *(f"L, {scale} |" for scale in SCALES))
    print("|---" * (1 + 2 * len(SCALES)) + "|")
    for name in names():
        print(f"| {name} |", *("– |" if np.isnan(value) else f"{value:.2g} |" for value in cells(name)))
    for plan, triples in (("planned", planned()), ("every step", {scale: every_step(scale) for scale in SCALES})):
        gains = best_gains(triples)
        print(f"sines, {plan}:", ", ".join(f"{period}: {gain:.2f}" for period, gain in gains.items()))
    for plan, count in PLANS.items():
        print(f"standard deviation of ln jitter, white noise, {plan}:", *(f"{value:.2f}" for value in spread(count, 300)))
    print(f"spikes seen: {spikes_seen():.1%}")
    for steps in BOWL_STEPS:
        for optimizer in ("sgd", "adagrad"):
            curve = bowl(optimizer, 0.95, steps)
            print(f"{optimizer}, {steps} steps: step_cosine {step_cosine(curve):.2f}, {axis_crossings(curve):.0f} crossings")


if __name__ == "__main__":
    main()
