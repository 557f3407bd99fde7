"""Whether a step has become slower: its time as a share of its matrix products' against the stored ratios.

    python tests/benchmarks/regression.py [--store]

The articles' network on random images, compiled loops and NumPy's, turn by turn with the products in one process. Prints all
ratios; exit 1 where one is beyond 1.3 times the stored one. With --store, the ratios become the stored ones.
"""

import json
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import numpy as np
import threadpoolctl

sys.path.insert(0, str(Path(__file__).parent.parent))

from conftest import digits_config, part
from numpy_alone import numpy_alone

from zdl_bench.commands.steps import limit_of, time_parts
from zdl_bench.datasets.dataset import Arrays
from zdl_bench.problems.problem import Problem, ProblemSpec, Splits
from zdl_bench.registry import conf_files, registry
from zdl_bench.training.loop import split

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


def ratios(problem: Problem) -> dict[str, float]:
    """Step over products, by optimizer, of one round."""
    found = {}
    for name in conf_files.names("optimizer"):
        config = digits_config(name, lr=1e-4, problem=part("problem", "mlp"), steps=STEPS)
        products = limit_of(problem).seconds(STEPS)
        found[name] = sum(time_parts(config, problem, STEPS).values()) / products
    return found


def rounds_of(spec: ProblemSpec, splits: Splits) -> Iterator[dict[str, float]]:
    """Rounds of both loops in turn, the first ones, which compile and warm up, left out."""
    for number in range(ROUNDS + 1):
        with numpy_alone():
            of_loops = {"numpy": ratios(spec.build(splits, "float32"))}
        if find_spec("numba"):
            of_loops["compiled"] = ratios(spec.build(splits, "float32"))
        if number > 0:
            yield {f"{name}, {loops}": ratio for loops, found in of_loops.items() for name, ratio in found.items()}


def main() -> int:
    splits = split(random_images(), validation_size=1000, probe_images=500, classes=10)
    with threadpoolctl.threadpool_limits(1):
        rounds = list(rounds_of(registry.problem(part("problem", "mlp")), splits))
    found = {key: median(each[key] for each in rounds) for key in rounds[0]}
    if "--store" in sys.argv:
        STORED.write_text(json.dumps({key: round(value, 3) for key, value in found.items()}, indent=1, sort_keys=True) + "\n")
    stored = json.loads(STORED.read_text())
    slower = [key for key, value in found.items() if value > ALLOWED * stored.get(key, 0)]  # what was never stored, too
    for key, value in found.items():
        print(f"{key:26} {value:5.2f} × the matrix products (stored: {stored.get(key, float('nan')):5.2f})")
    for key in slower:
        print(f"{key}: slower than {ALLOWED} × the stored ratio, or none is stored (--store)", file=sys.stderr)
    return bool(slower)


if __name__ == "__main__":
    sys.exit(main())
