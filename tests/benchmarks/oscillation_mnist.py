"""Who oscillates more, by scale: the oscillation profile of real runs on MNIST.

    python tests/benchmarks/oscillation_mnist.py

Trains six settings with ten seeds each and a probe at every step, and prints the tables of docs/metrics.md; takes five
minutes. Each ratio is read three times: from second differences at a fixed stride over every step, from the profile if the
loss is known at every step, and from the profile of the same run at its planned places alone, as any run records it.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.oscillation_validation import recorded
from conftest import digits_config, part

from zdl_bench.datasets.cache import ensure_decoded
from zdl_bench.registry import registry
from zdl_bench.run import profile
from zdl_bench.run.config import Choice, RunConfig
from zdl_bench.run.profile import SCALES
from zdl_bench.run.run import Curve, Floats
from zdl_bench.statistics.inference import ALPHA, sign_flip_p, student_interval
from zdl_bench.statistics.metrics.profile import log_jitter, relative_jitter
from zdl_bench.training.loop import train

Losses = Mapping[str, Sequence[Floats]]
SEEDS = range(1000, 1010)
SETTINGS = {
    "SGD": ("sgd", 0.001),
    "SGD, lr 0.005": ("sgd", 0.005),
    "SGD, lr 0.01": ("sgd", 0.01),
    "Momentum": ("momentum", 0.001),
    "RMSProp": ("rmsprop_articles", 0.001),
    "Adam": ("adam_articles", 0.001),
}
COMPARISONS = {
    "Momentum / SGD, same lr": ("Momentum", "SGD"),
    "RMSProp / Momentum, same lr": ("RMSProp", "Momentum"),
    "Adam / SGD, same lr": ("Adam", "SGD"),
    "Momentum / SGD, same effective lr": ("Momentum", "SGD, lr 0.01"),
    "Momentum / SGD, each at its best": ("Momentum", "SGD, lr 0.005"),
}


def default_config(optimizer: str, lr: float, seed: int) -> RunConfig:
    """Return the config of a default run on MNIST."""
    mnist = Choice("mnist", {"checksum": registry.dataset("mnist").checksum, "validation_size": 10_000})
    changes = {"problem": part("problem", "mlp"), "dataset": mnist, "probe_images": 500, "probe_count": 50}
    return replace(digits_config(optimizer, lr, seed=seed, steps=1000, dtype="float32"), **changes)


def losses_of(optimizer: str, lr: float, seed: int) -> Floats:
    """Return the probe loss at steps 0 to 1,000 of a default run."""
    run = train(replace(default_config(optimizer, lr, seed), probe_count=1000))
    assert run.curve is not None
    return run.curve.probes.probe_loss


def strided_jitter(losses: Floats, stride: int) -> float:
    """Return the RMS of the second differences of ln L at a stride, from every step after the first 10 %, over √6."""
    x = np.log(losses[101:])
    return float(np.sqrt(np.mean((x[2 * stride :] - 2 * x[stride:-stride] + x[: -2 * stride]) ** 2) / 6))


def curve_of(losses: Floats, count: int | None) -> Curve:
    return replace(recorded(losses, count), dtype="float32")


def print_ratios(title: str, first: Floats, second: Floats) -> None:
    """Print the ratio at each scale with its interval and p. first, second: (seeds, scales)."""
    differences = np.log(first / second)
    cells = []
    for column in differences.T:
        mean, low, high = np.exp(student_interval(column))
        cells.append(f"{mean:.2f} [{low:.2f}, {high:.2f}] p {sign_flip_p(column):.3f} sd {column.std(ddof=1):.2f}")
    print(f"  {title}: ", "; ".join(cells))


def paired_differences(losses: Losses, count: int | None) -> Floats:
    """Return the differences of ln jitter of every comparison, (comparisons, seeds, scales)."""
    logs = {
        name: np.log([[log_jitter(curve_of(x, count), scale) for scale in SCALES] for x in runs])
        for name, runs in losses.items()
    }
    return np.array([logs[first] - logs[second] for first, second in COMPARISONS.values()])


def deviations(losses: Losses, count: int | None) -> Floats:
    """Return the standard deviation of a paired difference at each scale: the RMS over comparisons."""
    return np.asarray(np.sqrt(np.mean(paired_differences(losses, count).var(axis=1, ddof=1), axis=0)))


def deviation_of_places(losses: Losses, draws: int) -> Floats:
    """Return the standard deviation of a mean difference at each scale over draws of the places: the mean over comparisons."""
    means, drawn = [], profile.DRAW
    for draw in range(draws):
        profile.DRAW = draw
        profile.triples_of.cache_clear()
        means.append(paired_differences(losses, 50).mean(axis=1))
    profile.DRAW = drawn
    profile.triples_of.cache_clear()
    return np.asarray(np.std(means, axis=0, ddof=1).mean(axis=0))


def seeds_for(ratio: float, deviation: float) -> int:
    """Return how many seeds find a ratio with 80 %, by the two-sided paired t test at 5 %."""
    for n in range(3, 10_000):
        noncentrality = np.log(ratio) / deviation * np.sqrt(n)
        if stats.nct.sf(stats.t.ppf(1 - ALPHA / 2, n - 1), n - 1, noncentrality) >= 0.8:
            return n
    raise ValueError(f"no number of seeds up to 10,000 finds a ratio of {ratio}")


def print_precision(losses: Losses) -> None:
    print("standard deviation of a paired difference of ln jitter, and seeds for ratios of 1.2, 1.5 and 2:")
    for count in (50, 200, None):
        found = deviations(losses, count)
        print(f"  probe.count={count or 1000}:", *(f"{value:.2f}" for value in found))
        print("   ", *([seeds_for(ratio, value) for value in found] for ratio in (1.2, 1.5, 2)))
    print(
        "standard deviation of a mean difference over 12 draws of the places:",
        *(f"{v:.2f}" for v in deviation_of_places(losses, 12)),
    )


def print_comparisons(losses: Losses) -> None:
    readings = {
        "stride, every step": strided_jitter,
        "ln, every step": lambda x, scale: log_jitter(curve_of(x, None), scale),
        "ln, planned places": lambda x, scale: log_jitter(curve_of(x, 50), scale),
        "linear, every step": lambda x, scale: relative_jitter(curve_of(x, None), scale),
        "linear, planned places": lambda x, scale: relative_jitter(curve_of(x, 50), scale),
    }
    values = {
        reading: {name: np.array([[read(x, scale) for scale in SCALES] for x in runs]) for name, runs in losses.items()}
        for reading, read in readings.items()
    }
    print("scales:", *SCALES)
    for name in SETTINGS:
        print(name)
        for reading, found in values.items():
            print(f"  {reading}:", *(f"{value:.4f}" for value in np.exp(np.log(found[name]).mean(axis=0))))
    for title, (first, second) in COMPARISONS.items():
        print(title)
        for reading, found in values.items():
            print_ratios(reading, found[first], found[second])


def main() -> None:
    ensure_decoded(registry.dataset("mnist"))
    losses = {name: [losses_of(*setting, seed) for seed in SEEDS] for name, setting in SETTINGS.items()}
    print_comparisons(losses)
    print_precision(losses)


if __name__ == "__main__":
    main()
