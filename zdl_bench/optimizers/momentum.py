"""Momentum: steps along a decaying sum of past gradients, the velocity."""

from dataclasses import dataclass

from zdl_bench.errors import require
from zdl_bench.optimizers.optimizer import ElementwiseOptimizer
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class Momentum(ElementwiseOptimizer):
    """v ← momentum·v − lr·g,  w ← w + v

    The learning rate is inside v, as in the book (Saito 2016) and in Keras. In PyTorch and optax, the learning rate is outside
    v, which gives the same steps only while the learning rate is constant. v starts at 0.

    momentum: decay rate of v, in [0, 1).
    Source: Polyak 1964, Some methods of speeding up the convergence of iteration methods; Sutskever et al. 2013, On the
    importance of initialization and momentum in deep learning.
    """

    momentum: float = 0.9
    buffers = 1

    def __post_init__(self) -> None:
        require("optimizer.momentum", self.momentum, 0 <= self.momentum < 1, "momentum must be in [0, 1)")

    def coefficients(self, lr: float, step: int) -> tuple[float, ...]:
        return lr, self.momentum

    def effective_lr(self, lr: float) -> float:
        """Return lr / (1 − momentum): a constant gradient g makes v approach −g·lr / (1 − momentum) (geometric series)."""
        return lr / (1 - self.momentum)

    @staticmethod
    def rule(w: Floats, g: Floats, v: Floats, lr: Floats, momentum: Floats) -> tuple[Floats, ...]:
        v = momentum * v - lr * g
        return w + v, v
