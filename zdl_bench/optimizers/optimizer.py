"""The interface of all optimizers, and the base class of elementwise optimizers."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from zdl_bench.kernels.choice import kernels_for_vectors
from zdl_bench.run.run import Floats, Layout

State = tuple[Floats, ...]
"""The vectors of shape (n,) that an optimizer keeps from one step to the next."""

FLUSH_INTERVAL = 64
"""The number of steps between two calls of `flush_vanishing`."""


class Optimizer(ABC):
    """A frozen dataclass of hyper-parameters, validated when it is created. All that changes is in the state.

    `lr` is the learning rate of the step, including the schedule's factor. For a rule without a learning rate, `lr` is the
    schedule's factor alone. `step` counts from 1. Parameters, gradient and state are flat vectors of one dtype. The
    gradient is read-only.
    """

    @abstractmethod
    def init(self, params: Floats, layout: Layout, lr: float) -> State:
        """Return the state before the first step, for parameters of shape (n,)."""

    @abstractmethod
    def update(self, params: Floats, grad: Floats, state: State, lr: float, step: int) -> None:
        """Take one step: change `params` and `state` in place."""

    def effective_lr(self, lr: float) -> float:
        """Return the learning rate with which SGD moves equally far under a constant gradient; by default, `lr` itself."""
        return lr

    def evaluation_point(self, params: Floats, state: State) -> Floats:
        """Return the point to evaluate: `params` itself, except in methods that average their iterates."""
        return params


class ElementwiseOptimizer(Optimizer):
    """A rule that treats every parameter alike, written as two pure functions that read like the formulas of a paper.

    `coefficients(lr, step)` returns the scalars of a step; `rule(w, g, *state, *coefficients)` returns the new w and state as
    plain array expressions. `update` casts the scalars to the run's dtype. NumPy then applies `rule` to slices, and a
    compiled loop applies it to one element at a time.
    """

    buffers: ClassVar[int]
    """The number of state vectors, which start at 0."""

    @abstractmethod
    def coefficients(self, lr: float, step: int) -> tuple[float, ...]:
        """Return the scalars of this step, in the order of the parameters of `rule`."""

    @staticmethod
    @abstractmethod
    def rule(w: Any, g: Any, /, *state_and_coefficients: Any) -> tuple[Any, ...]:
        """Return the new w and the new state, for a slice or for a single element."""

    def init(self, params: Floats, layout: Layout, lr: float) -> State:
        """Return the state of zeros. The loop over the rule is compiled or loaded now, before the time of the steps counts."""
        state = tuple(np.zeros_like(params) for _ in range(self.buffers))
        nothing = params[:0].copy()
        kernels = kernels_for_vectors(len(params), params.dtype)
        kernels.update(self.rule, nothing, nothing, (nothing,) * self.buffers, self._scalars(params.dtype, lr, 1))
        return state

    def update(self, params: Floats, grad: Floats, state: State, lr: float, step: int) -> None:
        kernels = kernels_for_vectors(len(params), params.dtype)
        kernels.update(self.rule, params, grad, state, self._scalars(params.dtype, lr, step))
        if step % FLUSH_INTERVAL == 0:
            flush_vanishing(state)

    def _scalars(self, dtype: np.dtype, lr: float, step: int) -> tuple[Any, ...]:
        return tuple(dtype.type(value) for value in self.coefficients(lr, step))


def flush_vanishing(state: State) -> None:
    """Set state elements close to the smallest normal number to 0.

    If gradients stay 0, a moving average decays to denormal numbers. Such numbers never reach 0, and arithmetic on them is
    many times slower.
    """
    for buffer in state:
        buffer[np.abs(buffer) < 1000 * np.finfo(buffer.dtype).tiny] = 0
