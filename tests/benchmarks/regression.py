"""Whether a step has become slower: its time as a share of its matrix products' against the stored ratios.

    python tests/benchmarks/regression.py [--store]

The articles' network on random images, compiled loops and NumPy's, turn by turn with the products in one process. Prints all
ratios; exit 1 where one is beyond 1.3 times the stored one. With --store, the ratios become the stored ones.
"""

import json
import sys
from pathlib import Path
from statistics import median

import numpy as np
import threadpoolctl

sys.path.insert(0, str(Path(__file__).parent.parent))

from conftest import digits_config, part

from zdl_bench import registry
from zdl_bench.benchmark.command import limit_of
from zdl_bench.benchmark.steps import timed_parts
from zdl_bench.datasets.contract import Arrays
from zdl_bench.loops import choice
from zdl_bench.loops.plain import NumpyLoops
from zdl_bench.problems.contract import Problem
from zdl_bench.training import split

STORED = Path(__file__).parent / "ratios.json"
ALLOWED = 1.3
ROUNDS = 7
STEPS = 150
LIT = 0.19
"""Share of MNIST's pixels that are not black."""


def random_images() -> Arrays:
    """As large as MNIST's training set, since how far apart a batch's rows lie costs time."""
    rng = np.random.default_rng(0)
    images = rng.integers(1, 256, (60_000, 784), np.uint8)
    images[rng.random(images.shape, np.float32) > LIT] = 0
    labels = rng.integers(0, 10, 60_000, np.uint8)
    return Arrays(images, labels, images[:1000], labels[:1000])


def ratios(problems: dict[str, Problem]) -> dict[str, float]:
    """Medians over the rounds, by loops and optimizer."""
    found: dict[str, list[float]] = {}
    for number in range(ROUNDS + 1):
        for loops, problem in problems.items():
            fastest = choice.fastest
            if loops == "numpy":
                choice.fastest = lambda dtype: NumpyLoops()
            for name in registry.names("optimizer"):
                config = digits_config(name, lr=1e-4, problem=part("problem", "mlp"), steps=STEPS)
                products = limit_of(problem).seconds(STEPS)
                step = sum(timed_parts(config, problem, STEPS).values())
                if number > 0:  # the first round compiles and warms up
                    found.setdefault(f"{name}, {loops}", []).append(step / products)
            choice.fastest = fastest
    return {key: median(values) for key, values in found.items()}


def main() -> int:
    splits = split(random_images(), validation_size=1000, probe_images=500, classes=10)
    spec = registry.problem(part("problem", "mlp"))
    with threadpoolctl.threadpool_limits(1):
        compiled = spec.build(splits, "float32")
        fastest, choice.fastest = choice.fastest, lambda dtype: NumpyLoops()
        problems = {"numpy": spec.build(splits, "float32")}
        choice.fastest = fastest
        if choice.fastest(np.dtype(np.float32)).name != "numpy":
            problems["compiled"] = compiled
        found = ratios(problems)
    if "--store" in sys.argv:
        STORED.write_text(json.dumps({key: round(value, 3) for key, value in found.items()}, indent=1, sort_keys=True) + "\n")
    stored = json.loads(STORED.read_text())
    slower = [key for key, value in found.items() if value > ALLOWED * stored.get(key, value)]
    for key, value in found.items():
        print(f"{key:26} {value:5.2f} × the matrix products (stored: {stored.get(key, float('nan')):5.2f})")
    for key in slower:
        print(f"{key}: slower than {ALLOWED} × the stored ratio", file=sys.stderr)
    return bool(slower)


if __name__ == "__main__":
    sys.exit(main())
