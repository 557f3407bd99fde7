"""Check whether a step has become slower: compare its time, as a multiple of products by plain loops, with the stored one.

    python tests/benchmarks/regression.py [--store]

The articles' network on random images, as dark as MNIST's and as bright as Fashion-MNIST's, so that sparse and dense inputs
are timed. A step and the same layers' products by plain loops, which know nothing of dark pixels, take turns in one process on
one thread. The loops are compiled as the kernels are, without fused operations, so the ratios differ less between machines than
those to BLAS, which fuses and is tuned for each CPU: these were 0.85 and 1.05 on two machines with a CPU of the same name.
Prints the median ratios; exits with 1 if one is above ALLOWED times the stored one. It takes the rules that have a stored
ratio; `optimizer_steps.py` has the others, as multiples of SGD. --store replaces the stored ratios.
"""

import json
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median

import numba
import numpy as np
import threadpoolctl

sys.path.insert(0, str(Path(__file__).parent.parent))

from conftest import digits_config, part

from zdl_bench.commands.steps import time_parts
from zdl_bench.datasets.dataset import Arrays
from zdl_bench.problems.problem import Problem
from zdl_bench.registry import conf_files, registry
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Floats
from zdl_bench.training.loop import split

STORED = Path(__file__).parent / "ratios.json"
ALLOWED = 1.5
ROUNDS = 15
STEPS = 64
LOOPS = 16
BATCH = 100
LAYERS = (784, 200, 200, 10)
LIT = {"sparse": 0.19, "dense": 0.5}
"""The share of pixels that are not black: that of MNIST, and that of Fashion-MNIST."""


def network(lit: float) -> Problem:
    """As many images as MNIST has for training, because the distance between the rows of a batch in memory costs time."""
    rng = np.random.default_rng(0)
    images = rng.integers(1, 256, (60_000, LAYERS[0]), np.uint8)
    images[rng.random(images.shape, np.float32) > lit] = 0
    labels = rng.integers(0, LAYERS[-1], 60_000, np.uint8)
    splits = split(Arrays(images, labels, images[:1000], labels[:1000]), 1000, 500, LAYERS[-1])
    return registry.problem(part("problem", "mlp")).build(splits, "float32")


@numba.njit
def add_product(left: Floats, right: Floats, out: Floats) -> None:
    """Add left @ right to out, in plain loops. This is the unit of the ratios: it stays as it is."""
    for row in range(left.shape[0]):
        for inner in range(left.shape[1]):
            for column in range(right.shape[1]):
                out[row, column] += left[row, inner] * right[inner, column]


def products_by_loops() -> Callable[[], float]:
    """Return a function that takes the seconds of the dense products of a step: output, gradient and delta of each layer."""
    outputs = [np.ones((BATCH, width), np.float32) for width in LAYERS]
    turned = [np.ones((width, BATCH), np.float32) for width in LAYERS]
    weights = [np.ones(shape, np.float32) for shape in pairwise(LAYERS)]
    gradients, deltas = [np.zeros_like(weight) for weight in weights], [np.zeros_like(output) for output in outputs]
    backward = [np.ones(weight.shape[::-1], np.float32) for weight in weights]
    add_product(outputs[0], weights[0], deltas[1])  # compiles

    def seconds() -> float:
        start = time.perf_counter()
        for _ in range(LOOPS):
            for layer, weight in enumerate(weights):
                add_product(outputs[layer], weight, deltas[layer + 1])
                add_product(turned[layer], outputs[layer + 1], gradients[layer])
                if layer > 0:
                    add_product(outputs[layer + 1], backward[layer], deltas[layer])
        return (time.perf_counter() - start) / LOOPS

    return seconds


def config_of(name: str) -> RunConfig:
    lr = None if conf_files.load_yaml("optimizer", name)["default_lr"] is None else 1e-4
    return digits_config(name, lr=lr, problem=part("problem", "mlp"), steps=STEPS)


def main() -> int:
    networks = {name: network(lit) for name, lit in LIT.items()}
    stored, loops = json.loads(STORED.read_text()), products_by_loops()
    is_new = "--store" in sys.argv
    names = dict.fromkeys(key.partition(",")[0] for key in stored)
    configs = {name: config_of(name) for name in names}
    rounds: dict[tuple[str, str], list[float]] = {(name, kind): [] for kind in networks for name in names}
    with threadpoolctl.threadpool_limits(1):
        for _ in range(ROUNDS):
            for (name, kind), ratios in rounds.items():
                ratios.append(sum(time_parts(configs[name], networks[kind], STEPS).values()) / loops())
    found = {f"{name}, {kind}": median(ratios) for (name, kind), ratios in rounds.items()}
    if is_new:
        stored = {key: round(value, 3) for key, value in found.items()}
        STORED.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")
    slower = [key for key, value in found.items() if value > ALLOWED * stored[key]]
    for key, value in found.items():
        print(f"{key:26} {value:5.2f} × the products by plain loops (stored: {stored[key]:5.2f})")
    for key in slower:
        print(f"{key}: slower than {ALLOWED} × the stored ratio", file=sys.stderr)
    return bool(slower)


if __name__ == "__main__":
    sys.exit(main())
