"""Nesterov momentum: the gradient is that of the point to which the velocity is about to lead."""

from dataclasses import dataclass

from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.ranges import require_decay_rates


@dataclass(frozen=True)
class Nesterov(Elementwise):
    """v ← momentum·v − lr·g,  w ← w + momentum·v − lr·g

    v starts at 0. w is the look-ahead point θ + momentum·v of Sutskever et al., at which the gradient is taken; their θ, which
    lags behind it, is not kept.

    Where implementations disagree: the learning rate is inside v, as in the book (Saito 2016) and in Keras. PyTorch keeps it
    outside, which gives the same steps only while it is constant; so does optax, unless it is applied before the velocity.

    momentum: decay rate of v, in [0, 1); 0.9 by default, as in the book. Keras and PyTorch have no momentum by default.
    Source: Nesterov 1983, A method of solving a convex programming problem with convergence rate O(1/k²); Sutskever et al.
    2013, On the importance of initialization and momentum in deep learning; in this form Bengio et al. 2012, arXiv:1212.0901.
    """

    momentum: float = 0.9
    buffers = {"v": 0.0}

    def __post_init__(self) -> None:
        require_decay_rates(self, "momentum")

    def effective_lr(self, lr: float) -> float:
        """Return lr / (1 − momentum), as for momentum without the look-ahead: a constant gradient makes v the same."""
        return lr / (1 - self.momentum)

    @staticmethod
    def rule(w, g, v, *, lr, momentum):
        v = momentum * v - lr * g
        return w + (momentum * v - lr * g), v
