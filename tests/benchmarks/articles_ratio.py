"""How long a run takes as a share of the articles' program, and of the matrix products that both have to make.

    ZDL_BENCH_DATA=FOLDER python tests/benchmarks/articles_ratio.py [PAIRS] [STEPS]

Both train the articles' network on MNIST with one BLAS thread, turn by turn in one process; the project in float32 with its
recording, evaluation left out of both. The ratio is taken pair by pair; medians are printed.
"""

import sys
import time
from pathlib import Path
from statistics import median

import numpy as np
import threadpoolctl

sys.path.insert(0, str(Path(__file__).parent.parent))

import articles_program
from conftest import digits_config, part

from zdl_bench import registry
from zdl_bench.benchmark.products import Products
from zdl_bench.datasets.contract import ensure_decoded, load_decoded
from zdl_bench.environment import describe_environment
from zdl_bench.run import Choice
from zdl_bench.training import train


def main(pairs: int = 7, steps: int = 300) -> None:
    dataset = registry.dataset("mnist")
    ensure_decoded(dataset)
    arrays = load_decoded(dataset)
    theirs_x, theirs_t = articles_program.prepare(arrays.train_images, arrays.train_labels)
    choice = Choice("mnist", {"checksum": dataset.checksum, "validation_size": 10000})
    products32, products64 = (Products((784, 200, 200, 10), 100, np.dtype(dtype)) for dtype in ("float32", "float64"))
    environment = describe_environment()
    print(
        f"{environment['cpu']}, {environment['blas']} {environment['blas_kernel']}, NumPy {environment['numpy']}, {pairs} pairs"
    )
    print(f"{'per 1,000 steps':>16} {'ours':>8} {'articles':>9} {'ratio':>7} {'ours / products':>16} {'products f32/f64':>17}")
    for name in ("sgd", "momentum", "adagrad", "rmsprop", "adam"):
        config = digits_config(
            name, problem=part("problem", "mlp"), dataset=choice, steps=steps, probe_images=500, probe_count=50
        )
        rows = []
        with threadpoolctl.threadpool_limits(1):
            for _ in range(pairs):
                ours = train(config).train_seconds
                start = time.perf_counter()
                articles_program.losses(theirs_x, theirs_t, articles_program.OPTIMIZERS[name](), steps)
                theirs = time.perf_counter() - start
                floor, floor64 = (steps * products.seconds(steps) for products in (products32, products64))
                rows.append((ours, theirs, ours / theirs, ours / floor, floor / floor64))
        ours, theirs, ratio, share, floors = (median(column) for column in zip(*rows, strict=True))
        scale = 1000 / steps
        print(f"{name:>16} {scale * ours:7.2f}s {scale * theirs:8.2f}s {ratio:7.3f} {share:16.2f} {floors:17.3f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
