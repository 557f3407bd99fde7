"""The contract of all optimizers, and the driver of the elementwise ones."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from zdl_bench.kernels.choice import loops_for
from zdl_bench.run.run import Floats, Layout

State = tuple[Floats, ...]
"""Vectors of shape (n,) that an optimizer carries from step to step."""

FLUSH_INTERVAL = 64
"""Steps between two calls of `flush_vanishing`."""


class Optimizer(ABC):
    """A frozen dataclass of hyper-parameters, validated when made; all that changes lives in the state.

    `lr` is the learning rate of the step, the schedule's factor included; a rule without a learning rate gets that factor
    alone. `step` counts from 1. Parameters, gradient and state are flat vectors of one dtype. The gradient is read-only.
    """

    @abstractmethod
    def init(self, params: Floats, layout: Layout, lr: float) -> State:
        """Return the state before the first step, for parameters of shape (n,)."""

    @abstractmethod
    def update(self, params: Floats, grad: Floats, state: State, lr: float, step: int) -> None:
        """Make one step, in place: write to `params` and `state`."""

    def effective_lr(self, lr: float) -> float:
        """Return the learning rate at which SGD goes as far under a constant gradient; lr itself unless steps add up."""
        return lr

    def evaluation_point(self, params: Floats, state: State) -> Floats:
        """Return the point to evaluate: the iterate itself, except in averaged methods."""
        return params


class ElementwiseOptimizer(Optimizer):
    """A rule that treats every parameter alike, in two pure parts that read like its paper.

    `coefficients(lr, step)` returns the scalars of a step; `rule(w, g, *state, *coefficients)` returns the new w and state as
    plain array expressions. The driver casts the scalars to the run's dtype; NumPy applies the rule to slices, a compiled loop
    to one element after another.
    """

    buffers: ClassVar[int]
    """The number of state vectors, which start at 0."""

    @abstractmethod
    def coefficients(self, lr: float, step: int) -> tuple[float, ...]:
        """Return the scalars of this step, in the order of the parameters of `rule`."""

    @staticmethod
    @abstractmethod
    def rule(w: Any, g: Any, /, *state_and_coefficients: Any) -> tuple[Any, ...]:
        """Return the new w and the new state of a slice, or of an element."""

    def init(self, params: Floats, layout: Layout, lr: float) -> State:
        return tuple(np.zeros_like(params) for _ in range(self.buffers))

    def update(self, params: Floats, grad: Floats, state: State, lr: float, step: int) -> None:
        scalars = tuple(params.dtype.type(value) for value in self.coefficients(lr, step))
        loops_for(len(params), params.dtype).update(self.rule, params, grad, state, scalars)
        if step % FLUSH_INTERVAL == 0:
            flush_vanishing(state)


def flush_vanishing(state: State) -> None:
    """Set state elements close to the smallest normal number to 0.

    A moving average of zero gradients decays to denormal numbers, which never reach 0 and are many times slower.
    """
    for buffer in state:
        buffer[np.abs(buffer) < 1000 * np.finfo(buffer.dtype).tiny] = 0
