"""The contract of all optimizers: the step that a rule is given, the state that it keeps, and what it does with both."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from zdl_bench.kernels.streams import Stream
from zdl_bench.run.run import Floats, Layout


@dataclass(slots=True)  # frozen, it would take three times as long to make
class Step:
    """All that a rule may know of a step. The training loop makes it.

    number: counts from 1; it is 0 in `Optimizer.init`, before the first step.
    planned: the number of steps of the run.
    lr: the learning rate of the step, including the schedule's factor. For a rule without a learning rate, the factor alone.
    base_lr: the learning rate without that factor.
    loss: the mean loss of the batch before the update; NaN before the first step.
    gradient_scale: the gradient is that of the loss times this number: the batch size if the network's loss is summed, else 1.
    layout: the place and the shape of each matrix and bias in the flat parameter vector.
    rng: random numbers for the rule alone: drawing them moves neither the initial weights nor the batches.
    at: at(point) returns the loss and the gradient, a new array, of the same batch at another point of shape (n,). Each call
        counts as one evaluation of the gradient. Before the first step there is no batch, and it raises ConfigError.
    """

    number: int
    planned: int
    lr: float
    base_lr: float
    loss: float
    gradient_scale: float
    layout: Layout
    rng: Stream
    at: Callable[[Floats], tuple[float, Floats]]


@dataclass
class State:
    """All that an optimizer keeps from one step to the next.

    arrays: arrays of any shape in the run's dtype, by name. scalars: numbers in float64, by name.
    inner: the state of the rule inside a transform.
    """

    arrays: dict[str, Floats] = field(default_factory=dict)
    scalars: dict[str, float] = field(default_factory=dict)
    inner: "State | None" = None

    def walk(self) -> Iterator["State"]:
        """Yield this state, then those inside it."""
        yield self
        if self.inner is not None:
            yield from self.inner.walk()

    def flush_vanishing(self) -> None:
        """Set elements of all arrays that are close to the smallest normal number to 0.

        If gradients stay 0, a moving average decays to denormal numbers. Such numbers never reach 0, and arithmetic on them is
        many times slower. The training loop calls this every FLUSH_INTERVAL steps.
        """
        for state in self.walk():
            for array in state.arrays.values():
                array[np.abs(array) < 1000 * np.finfo(array.dtype).tiny] = 0


FLUSH_INTERVAL = 64
"""The number of steps between two calls of `State.flush_vanishing`."""


class Optimizer(ABC):
    """A frozen dataclass of hyper-parameters, validated when it is created. All that changes is in the state.

    Parameters and gradient are flat vectors of shape (n,) in the run's dtype. The gradient is read-only.
    """

    @abstractmethod
    def init(self, params: Floats, step: Step) -> State:
        """Return the state before the first step. `step` has number 0."""

    @abstractmethod
    def update(self, params: Floats, grad: Floats, state: State, step: Step) -> None:
        """Take one step: change `params` and `state` in place."""

    def require_accepted(self) -> None:
        """Raise ConfigError if a library that computes the rule rejects a value."""

    def answer(self, params: Floats, state: State) -> Floats:
        """Return the point to evaluate: `params` itself, except in methods whose answer is not the last iterate."""
        return params

    def effective_lr(self, lr: float) -> float:
        """Return the learning rate with which SGD moves equally far under a constant gradient; by default, `lr` itself."""
        return lr
