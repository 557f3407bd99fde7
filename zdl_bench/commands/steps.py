"""Timing of a training step. Its parts are timed in the training loop; the time of its matrix products is its lower limit."""

import time
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from zdl_bench.commands.estimate import trial_config
from zdl_bench.kernels.streams import Streams
from zdl_bench.problems.mlp import Network
from zdl_bench.problems.problem import Problem
from zdl_bench.registry import registry
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Floats
from zdl_bench.training.loop import descend

STEP_PARTS = ("gather", "forward", "backward", "update", "recording")
"""Parts of a training step. For a problem that is not a network, loss and gradient count as forward. Recording is the rest."""


def time_parts(config: RunConfig, problem: Problem, steps: int) -> dict[str, float]:
    """Return the seconds per step of each part in a trial of `steps` steps."""
    seconds = dict.fromkeys(STEP_PARTS, 0.0)

    def timed(part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def call_timed(*arguments: Any) -> Any:
            start = time.perf_counter()
            result = call(*arguments)
            seconds[part] += time.perf_counter() - start
            return result

        return call_timed

    def batches(streams: Streams) -> Iterator[Any]:
        draw = timed("gather", partial(next, problem.batches(streams)))
        while True:
            yield draw()

    clocked, optimizer = copy(problem), copy(registry.optimizer(config.optimizer))
    halves = {"forward": "forward", "backward": "backward"}
    for method, part in (halves if isinstance(problem, Network) else {"loss_and_gradient": "forward"}).items():
        vars(clocked)[method] = timed(part, getattr(clocked, method))
    vars(clocked)["batches"] = batches
    vars(optimizer)["update"] = timed("update", optimizer.update)
    descent = descend(trial_config(config, steps), clocked, optimizer)
    seconds["recording"] = descent.seconds - sum(seconds.values())
    return {part: total / steps for part, total in seconds.items()}


class Products:
    """The matrix products of one step of a fully connected network, with random numbers in separate buffers.

    Each layer has three products: its output, the gradient of its weights, and the gradient of its input. The first layer
    does not need the gradient of its input.
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
        """Number of floating-point operations in a step."""

    def step(self) -> None:
        for layer, weight in enumerate(self._weights):
            np.matmul(self._inputs[layer], weight, out=self._outputs[layer + 1])
        for layer in reversed(range(len(self._weights))):
            np.matmul(self._inputs[layer].T, self._deltas[layer + 1], out=self._gradients[layer])
            if layer > 0:
                np.matmul(self._deltas[layer + 1], self._weights[layer].T, out=self._outputs[layer])

    def seconds(self, steps: int) -> float:
        """Return the mean seconds per step over `steps` steps."""
        start = time.perf_counter()
        for _ in range(steps):
            self.step()
        return (time.perf_counter() - start) / steps


def limit_of(problem: Problem) -> Products | None:
    """Return the matrix products of a step if the problem is a network, or None for any other problem."""
    if not isinstance(problem, Network):
        return None
    weights = problem.layout[::2]
    return Products([weights[0].shape[0], *(tensor.shape[1] for tensor in weights)], problem.spec.batch_size, problem.dtype)
