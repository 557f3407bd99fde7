"""Momentum: steps along a decaying sum of past gradients, the velocity."""

from dataclasses import dataclass

from zdl_bench.errors import require
from zdl_bench.optimizers.elementwise import Elementwise


@dataclass(frozen=True)
class Momentum(Elementwise):
    """v ← momentum·v − lr·g,  w ← w + v

    The learning rate is inside v, as in the book (Saito 2016) and in Keras. In PyTorch and optax, the learning rate is outside
    v, which gives the same steps only while the learning rate is constant. v starts at 0.

    momentum: decay rate of v, in [0, 1).
    Source: Polyak 1964, Some methods of speeding up the convergence of iteration methods; Sutskever et al. 2013, On the
    importance of initialization and momentum in deep learning.
    """

    momentum: float = 0.9
    buffers = {"v": 0.0}

    def __post_init__(self) -> None:
        require("optimizer.momentum", self.momentum, 0 <= self.momentum < 1, "momentum must be in [0, 1)")

    def effective_lr(self, lr: float) -> float:
        """Return lr / (1 − momentum): a constant gradient g makes v approach −g·lr / (1 − momentum) (geometric series)."""
        return lr / (1 - self.momentum)

    @staticmethod
    def rule(w, g, v, *, lr, momentum):
        v = momentum * v - lr * g
        return w + v, v


@dataclass(frozen=True)
class MomentumTorch(Momentum):
    """v ← momentum·v + g,  w ← w − lr·v

    The learning rate is outside v, so a change of it counts at once. With the rate inside, it counts after about
    1/(1 − momentum) steps: when it falls to a tenth, the first step there is almost ten times as long as here. At a constant
    learning rate both are the same, up to rounding.

    momentum: decay rate of v, in [0, 1).
    Source: torch.optim.SGD without dampening; Goyal et al. 2017, arXiv:1706.02677, section 3, compares both.
    """

    @staticmethod
    def rule(w, g, v, *, lr, momentum):
        v = momentum * v + g
        return w - lr * v, v
