"""The share of a default run that evaluation takes: as it is, without the oscillation profile, without validation accuracies.

    python tests/benchmarks/evaluation_cost.py [ROUNDS]

Needs MNIST. Prints what docs/performance.md quotes: medians over interleaved runs, with their quartiles; takes a minute.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.oscillation_mnist import default_config

from zdl_bench.datasets.cache import ensure_decoded
from zdl_bench.registry import registry
from zdl_bench.training import probes
from zdl_bench.training.loop import train

OPTIMIZERS = ("sgd", "adam")


@contextmanager
def without_profile() -> Iterator[None]:
    """Let runs have no places of the profile, as those of engine 2."""
    original = probes.places_of
    probes.places_of = lambda steps, strides: frozenset()
    try:
        yield
    finally:
        probes.places_of = original


@contextmanager
def without_accuracy() -> Iterator[None]:
    """Let probes look at no validation images, as before there were accuracies. Hits on the probe cost next to nothing."""
    original = probes.Prober.__init__

    def init(prober: probes.Prober, *arguments: object) -> None:
        original(prober, *arguments)  # type: ignore[arg-type]
        prober._validates = False

    probes.Prober.__init__ = init  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        probes.Prober.__init__ = original  # type: ignore[method-assign]


def cost_of(optimizer: str) -> tuple[float, float]:
    """Return the seconds of evaluation of a default run, and their share of all seconds."""
    started = time.perf_counter()
    run = train(default_config(optimizer, 0.001, seed=0))
    seconds = time.perf_counter() - started
    return seconds - run.train_seconds, 1 - run.train_seconds / seconds


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    ensure_decoded(registry.dataset("mnist"))
    for optimizer in OPTIMIZERS:
        cost_of(optimizer)  # compiles what is not compiled yet
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for optimizer in OPTIMIZERS:
            found.setdefault((optimizer, "as it is"), []).append(cost_of(optimizer))
            with without_profile():
                found.setdefault((optimizer, "without the profile"), []).append(cost_of(optimizer))
            with without_accuracy():
                found.setdefault((optimizer, "without accuracies"), []).append(cost_of(optimizer))
    for (optimizer, what), costs in found.items():
        seconds, shares = np.array(costs).T
        low, middle, high = np.quantile(shares, [0.25, 0.5, 0.75])
        print(f"{optimizer}, {what}: {np.median(seconds):.3f} s, {middle:.1%} ({low:.1%} to {high:.1%}), {rounds} runs")


if __name__ == "__main__":
    main()
