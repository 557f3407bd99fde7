"""The limit of a training step: its matrix products, alone."""

import time
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from zdl_bench.problems.mlp import Network
from zdl_bench.problems.problem import Problem
from zdl_bench.run.run import Floats


class Products:
    """The matrix products of one step of a fully connected network, on random numbers in buffers of their own.

    Three a layer: its output, the gradient of its weights, and that of its input, which the first layer does without.
    """

    def __init__(self, sizes: Sequence[int], batch_size: int, dtype: np.dtype) -> None:
        rng = np.random.default_rng(0)

        def normal(*shape: int) -> Floats:
            return np.asarray(rng.standard_normal(shape), dtype)

        self._weights = [normal(*shape) for shape in pairwise(sizes)]
        self._gradients = [np.empty_like(weight) for weight in self._weights]
        self._inputs = [normal(batch_size, size) for size in sizes]
        self._deltas = [normal(batch_size, size) for size in sizes]
        self._outputs = [np.empty((batch_size, size), dtype) for size in sizes]
        per_layer = [2 * batch_size * fan_in * fan_out for fan_in, fan_out in pairwise(sizes)]
        self.flops = 3 * sum(per_layer) - per_layer[0]
        """Floating-point operations of a step."""

    def step(self) -> None:
        for layer, weight in enumerate(self._weights):
            np.matmul(self._inputs[layer], weight, out=self._outputs[layer + 1])
        for layer in reversed(range(len(self._weights))):
            np.matmul(self._inputs[layer].T, self._deltas[layer + 1], out=self._gradients[layer])
            if layer > 0:
                np.matmul(self._deltas[layer + 1], self._weights[layer].T, out=self._outputs[layer])

    def seconds(self, steps: int) -> float:
        """Seconds per step, over so many."""
        start = time.perf_counter()
        for _ in range(steps):
            self.step()
        return (time.perf_counter() - start) / steps


def limit_of(problem: Problem) -> Products | None:
    """The matrix products of a network's step; None for another problem."""
    if not isinstance(problem, Network):
        return None
    weights = problem.layout[::2]
    return Products([weights[0].shape[0], *(tensor.shape[1] for tensor in weights)], problem.spec.batch_size, problem.dtype)
