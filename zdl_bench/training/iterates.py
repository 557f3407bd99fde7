"""The iteration of a run, without its measurements."""

import math
from collections.abc import Iterator

import numpy as np

from zdl_bench.optimizers.optimizer import FLUSH_INTERVAL, Optimizer, Step
from zdl_bench.problems.problem import Problem
from zdl_bench.registry import registry
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Floats
from zdl_bench.training.step_maker import StepMaker


class Iteration:
    """The iteration of a run: how one iterate follows from another.

    params: the iterate, shape (n,), which `update` changes. grad: the gradient of the step, shape (n,). maker: makes the steps.
    """

    def __init__(self, config: RunConfig, problem: Problem, optimizer: Optimizer) -> None:
        self.maker = StepMaker(config, problem)
        self.params = problem.init(self.maker.streams.weights)
        self.grad = np.empty_like(self.params)
        self._optimizer, self._optimizer_state = optimizer, optimizer.init(self.params, self.maker.start())

    def steps(self) -> Iterator[Step]:
        """Yield the steps in turn, each with its gradient in `grad`. Call `update` before the next."""
        return self.maker.steps(self.params, self.grad)

    def update(self, step: Step) -> None:
        """Change the iterate by the rule."""
        self._optimizer.update(self.params, self.grad, self._optimizer_state, step)
        if step.number % FLUSH_INTERVAL == 0:
            self._optimizer_state.flush_vanishing()

    def answer(self) -> Floats:
        """Return the parameters to evaluate, shape (n,), which differ from `params` if the rule averages its iterates."""
        return self._optimizer.answer(self.params, self._optimizer_state)


def iterates(config: RunConfig, problem: Problem) -> Iterator[Floats]:
    """Yield the parameters before the first step and after each step: one array of shape (n,), which the next step changes.

    End early after a loss that is not finite.
    """
    iteration = Iteration(config, problem, registry.whole_optimizer(config))
    yield iteration.params
    with np.errstate(all="ignore"):
        for step in iteration.steps():
            if not math.isfinite(step.loss):
                return
            iteration.update(step)
            yield iteration.params
