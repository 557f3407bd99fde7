"""AdaGrad: steps divided by the root of the sum of all squared gradients."""

from dataclasses import dataclass

import numpy as np

from zdl_bench.errors import require
from zdl_bench.optimizers.elementwise import Elementwise


@dataclass(frozen=True)
class AdaGrad(Elementwise):
    """h ← h + g²,  w ← w − lr·g / (√h + ε)

    h starts at 0 and ε is outside the root, as in the book (Saito 2016) and in PyTorch. In optax and Keras, h starts at 0.1
    and ε is inside the root.

    epsilon: ε > 0; it prevents division by 0.
    Source: Duchi, Hazan & Singer 2011, Adaptive subgradient methods for online learning and stochastic optimization, JMLR 12.
    """

    epsilon: float = 1e-7
    buffers = {"h": 0.0}

    def __post_init__(self) -> None:
        require("optimizer.epsilon", self.epsilon, self.epsilon > 0, "epsilon must be above 0")

    @staticmethod
    def rule(w, g, h, *, lr, epsilon):
        h = h + g * g
        return w - lr * g / (np.sqrt(h) + epsilon), h
