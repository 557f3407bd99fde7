"""The lower limit of a training step: the operations that it needs, at the best rates of this machine."""

from collections.abc import Iterable
from itertools import islice
from statistics import mean
from typing import NamedTuple

import numpy as np

from zdl_bench.commands.machine import product_rate, row_bandwidth, vector_bandwidth
from zdl_bench.problems.inputs import SparseInputs
from zdl_bench.problems.mlp import Network
from zdl_bench.problems.problem import Problem
from zdl_bench.registry import registry
from zdl_bench.run.config import RunConfig
from zdl_bench.training.step_maker import StepMaker

BATCHES = 50
"""Batches whose lit pixels are counted."""
ELEMENTWISE_PASSES = 6
"""Numbers moved per output of a layer, beside its products: 2 for its bias and activation, 3 for the gradient of the activation
(for logits 4, of the softmax), 1 for the gradient of the bias."""
MIN_VECTORS = 1 << 19
"""Least bytes of vectors whose bandwidth is measured. With shorter ones, the call itself would take much of the time."""
INDEX_BYTES = 2
"""Bytes of the column of a lit pixel."""


class Work(NamedTuple):
    """The work of one kernel in a step.

    flops: multiplications and additions of its products. rows: bytes of the rows that it reads, in any order, from a table of
    `table` bytes. vectors: bytes that it reads or writes in order.
    """

    flops: float = 0
    rows: float = 0
    table: float = 0
    vectors: float = 0

    def seconds(self, dtype: np.dtype) -> float:
        """Return the time that computing or moving takes at least, whichever is longer."""
        touched = max(MIN_VECTORS, _power_of_two(self.vectors / 2))  # each byte may have been read and written
        moving = self.vectors / vector_bandwidth(dtype, touched)
        if self.rows:
            moving += self.rows / row_bandwidth(dtype, _power_of_two(self.table))
        return max(self.flops / product_rate(dtype), moving)


def _power_of_two(size: float) -> int:
    """Return the largest power of two up to `size`. Fewer bytes are moved faster, so the limit stays below the true one."""
    return 1 << (max(1, int(size)).bit_length() - 1)


def limit_of(works: Iterable[Work], dtype: np.dtype) -> float:
    """Return the least seconds that these kernels take, one after the other."""
    return sum(work.seconds(dtype) for work in works)


def gradient_work(config: RunConfig, problem: Problem) -> list[Work]:
    """Return the work of a batch, its loss and its gradient for a network, kernel by kernel; none for any other problem."""
    if not isinstance(problem, Network):
        return []
    size, batch = problem.dtype.itemsize, problem.spec.batch_size
    shapes = [tensor.shape for tensor in problem.layout[::2]]
    pixels, units = shapes[0]
    inputs = (each.inputs for each in islice(problem.batches(StepMaker(config, problem).streams), BATCHES))
    lit = mean(int(each.matrix.start[-1]) if isinstance(each, SparseInputs) else 0 for each in inputs)
    if lit:
        flops, rows, weights, outputs = 2 * lit * units, lit * units * size, pixels * units * size, batch * units * size
        first_layer = [Work(flops, rows, weights, outputs), Work(flops, rows, outputs, weights)]
        gathered = lit * (2 * INDEX_BYTES + 1 + size)
    else:
        first_layer = 2 * [_product(batch, pixels, units, size)]
        gathered = batch * pixels * (1 + size)
    products = [_product(batch, fan_in, fan_out, size) for fan_in, fan_out in shapes[1:] for _ in range(3)]
    passes = [Work(vectors=ELEMENTWISE_PASSES * batch * width * size) for _, width in shapes]
    return [Work(vectors=gathered), *first_layer, *products, *passes]


def update_work(config: RunConfig, problem: Problem) -> Work:
    """Return the work of an update, which reads parameters, gradient and state, and writes parameters and state."""
    params = np.zeros(problem.layout[-1].stop, config.dtype)
    state = registry.whole_optimizer(config).init(params, StepMaker(config, problem).start())
    kept = sum(array.nbytes for inside in state.walk() for array in inside.arrays.values())
    return Work(vectors=3 * params.nbytes + 2 * kept)


def _product(m: int, k: int, n: int, size: int) -> Work:
    """Return the work of a dense product of matrices (m, k) and (k, n), or of the other two products of these sizes."""
    return Work(2 * m * k * n, vectors=(m * k + k * n + m * n) * size)
