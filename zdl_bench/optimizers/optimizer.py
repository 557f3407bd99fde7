"""What an optimizer is: the contract of all rules, and the driver of the elementwise ones."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from zdl_bench.kernels.choice import loops_for
from zdl_bench.run.run import Floats, Layout

State = tuple[Floats, ...]

FLUSH_INTERVAL = 64
"""Steps between two flushes of vanishing state."""


class Optimizer(ABC):
    """A rule is a frozen dataclass of its hyper-parameters, validated when made; what changes lives in its state.

    `lr` is the learning rate of the step, the schedule's factor included (1 × that factor for a rule without a learning
    rate); `step` counts from 1. Parameters, gradient and state are flat vectors of one dtype. The gradient is never
    written to.
    """

    @abstractmethod
    def init(self, params: Floats, layout: Layout, lr: float) -> State:
        """The state before the first step, for parameters of shape (n,)."""

    @abstractmethod
    def update(self, params: Floats, grad: Floats, state: State, lr: float, step: int) -> None:
        """One step, in place: writes to `params` and `state`."""

    def effective_lr(self, lr: float) -> float:
        """The learning rate of plain SGD that goes as far under a constant gradient; lr itself unless steps add up."""
        return lr

    def evaluation_point(self, params: Floats, state: State) -> Floats:
        """The answer, where it is not the iterate (averaged methods)."""
        return params


class ElementwiseOptimizer(Optimizer):
    """A rule that treats every parameter alike, in two pure parts that read like its paper.

    `coefficients(lr, step)` gives the scalars of a step, `rule(w, g, *state, *coefficients)` the new w and state as plain
    array expressions. The driver casts the scalars to the run's dtype once; NumPy applies the rule to slices, a compiled loop
    to one element after the other.
    """

    buffers: ClassVar[int]
    """Number of state vectors, zero at the start."""

    @abstractmethod
    def coefficients(self, lr: float, step: int) -> tuple[float, ...]:
        """The scalars of this step, in the order in which `rule` takes them."""

    @staticmethod
    @abstractmethod
    def rule(w: Any, g: Any, /, *state_and_coefficients: Any) -> tuple[Any, ...]:
        """New w and new state of a slice, or of an element."""

    def init(self, params: Floats, layout: Layout, lr: float) -> State:
        return tuple(np.zeros_like(params) for _ in range(self.buffers))

    def update(self, params: Floats, grad: Floats, state: State, lr: float, step: int) -> None:
        scalars = tuple(params.dtype.type(value) for value in self.coefficients(lr, step))
        loops_for(len(params), params.dtype).update(self.rule, params, grad, state, scalars)
        if step % FLUSH_INTERVAL == 0:
            flush_vanishing(state)


def flush_vanishing(state: State) -> None:
    """Sets state elements close to the smallest normal number to 0.

    A moving average of zero gradients ends in denormal numbers, which never reach 0 and are many times slower.
    """
    for buffer in state:
        buffer[np.abs(buffer) < 1000 * np.finfo(buffer.dtype).tiny] = 0
