"""The steps of a run, as its rule sees them. They count the evaluations of the gradient."""

import math
from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from zdl_bench.errors import ConfigError
from zdl_bench.kernels.streams import Streams, legacy_streams, spawned_streams
from zdl_bench.optimizers.optimizer import Step
from zdl_bench.problems.problem import Problem
from zdl_bench.registry import registry
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Floats


def streams_of(config: RunConfig) -> Streams:
    """Return the random streams of a run. Runs with the same seed have the same streams, whatever their optimizer."""
    return legacy_streams(config.seed) if config.rng == "legacy" else spawned_streams(config.seed)


class StepMaker:
    """The maker of the steps of one run.

    streams: the random streams of the run.
    further: the number of the step of each call of `Step.at`, in order.
    """

    def __init__(self, config: RunConfig, problem: Problem) -> None:
        self.streams, self.further = streams_of(config), array("q")
        self._planned, self._base_lr = config.steps, 1.0 if config.lr is None else config.lr
        self._problem, self._schedule = problem, registry.schedule(config.schedule)
        self._number = 0
        self._batch: Any = None
        self._grad: Floats = np.empty(0)

    def start(self) -> Step:
        """Return step 0, in which a rule makes its state."""
        problem, lr, rng = self._problem, self._base_lr, self.streams.rule
        return Step(0, self._planned, lr, lr, math.nan, problem.gradient_scale, problem.layout, rng, self._at)

    def steps(self, params: Floats, grad: Floats) -> Iterator[Step]:
        """Yield the steps in turn, each after filling `grad` with the gradient of its batch at `params`."""
        problem, planned, base_lr, rng, at = self._problem, self._planned, self._base_lr, self.streams.rule, self._at
        scale, layout, factor = problem.gradient_scale, problem.layout, self._schedule.factor
        for number, batch in zip(range(1, planned + 1), problem.batches(self.streams), strict=False):
            self._number, self._batch, self._grad = number, batch, grad
            loss = problem.loss_and_gradient(params, batch, grad)
            yield Step(number, planned, base_lr * factor(number, planned), base_lr, loss, scale, layout, rng, at)

    def evaluations(self, made: int) -> npt.NDArray[np.int64] | None:
        """Return how often the gradient was evaluated until the end of each step made, (made,); None if once per step."""
        return np.arange(1, made + 1) + np.bincount(self.further, minlength=made + 1)[1:].cumsum() if self.further else None

    def _at(self, point: Floats) -> tuple[float, Floats]:
        if self._number == 0:
            raise ConfigError("step.at(point): there is no batch before the first step; call it in update, not in init")
        self.further.append(self._number)
        grad = np.empty_like(self._grad)
        return self._problem.loss_and_gradient(np.ascontiguousarray(point, grad.dtype), self._batch, grad), grad
