"""Check whether a step has become slower: compare its time, as a multiple of dense products by BLAS, with the stored one.

    python tests/benchmarks/regression.py [--store]

The articles' network on random images, as dark as MNIST's and as bright as Fashion-MNIST's, so that sparse and dense inputs
are timed. A step and BLAS's products for the same layers, which know nothing of dark pixels, take turns in one process on one
thread. Prints the median ratios; exits with 1 if one is above 1.3 times the stored one. It takes the rules that
have a stored ratio; `optimizer_steps.py` has the others, as multiples of SGD. --store measures all rules, and
replaces the stored ratios.
"""

import json
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
import threadpoolctl

sys.path.insert(0, str(Path(__file__).parent.parent))

from conftest import digits_config, part

from zdl_bench.commands.steps import time_parts
from zdl_bench.datasets.dataset import Arrays
from zdl_bench.problems.problem import Problem
from zdl_bench.registry import conf_files, registry
from zdl_bench.run.config import RunConfig
from zdl_bench.training.loop import split

STORED = Path(__file__).parent / "ratios.json"
ALLOWED = 1.3
ROUNDS = 15
STEPS = 64
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


def products_by_blas() -> Callable[[], float]:
    """Return a function that takes the seconds of the dense products of a step: output, gradient and delta of each layer."""
    outputs = [np.ones((BATCH, width), np.float32) for width in LAYERS]
    weights = [np.ones(shape, np.float32) for shape in pairwise(LAYERS)]
    gradients, deltas = [np.empty_like(weight) for weight in weights], [np.ones_like(output) for output in outputs]

    def seconds() -> float:
        start = time.perf_counter()
        for _ in range(STEPS):
            for layer, weight in enumerate(weights):
                np.matmul(outputs[layer], weight, out=deltas[layer + 1])
                np.matmul(outputs[layer].T, outputs[layer + 1], out=gradients[layer])
                if layer > 0:
                    np.matmul(outputs[layer + 1], weight.T, out=deltas[layer])
        return (time.perf_counter() - start) / STEPS

    return seconds


def config_of(name: str) -> RunConfig:
    lr = None if conf_files.load_yaml("optimizer", name)["default_lr"] is None else 1e-4
    return digits_config(name, lr=lr, problem=part("problem", "mlp"), steps=STEPS)


def main() -> int:
    networks = {name: network(lit) for name, lit in LIT.items()}
    stored, blas = json.loads(STORED.read_text()), products_by_blas()
    is_new = "--store" in sys.argv
    names = conf_files.native_names("optimizer") if is_new else dict.fromkeys(key.partition(",")[0] for key in stored)
    configs = {name: config_of(name) for name in names}
    rounds: dict[tuple[str, str], list[float]] = {(name, kind): [] for kind in networks for name in names}
    with threadpoolctl.threadpool_limits(1):
        for _ in range(ROUNDS):
            for (name, kind), ratios in rounds.items():
                ratios.append(sum(time_parts(configs[name], networks[kind], STEPS).values()) / blas())
    found = {f"{name}, {kind}": median(ratios) for (name, kind), ratios in rounds.items()}
    if is_new:
        stored = {key: round(value, 3) for key, value in found.items()}
        STORED.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")
    slower = [key for key, value in found.items() if value > ALLOWED * stored.get(key, 0)]
    for key, value in found.items():
        print(f"{key:26} {value:5.2f} × the dense products by BLAS (stored: {stored.get(key, float('nan')):5.2f})")
    for key in slower:
        print(f"{key}: slower than {ALLOWED} × the stored ratio, or none is stored (--store)", file=sys.stderr)
    return bool(slower)


if __name__ == "__main__":
    sys.exit(main())
