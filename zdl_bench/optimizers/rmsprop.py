"""RMSProp: steps divided by the root of a moving average of squared gradients."""

from dataclasses import dataclass

import numpy as np

from zdl_bench.errors import require
from zdl_bench.optimizers.elementwise import Elementwise


@dataclass(frozen=True)
class RMSProp(Elementwise):
    """h ← decay·h + (1 − decay)·g²,  w ← w − lr·g / (√h + ε)

    h starts at 0 without bias correction, so the first step has the length lr/√(1 − decay), which is 10·lr by default.

    decay: decay rate of h, in [0, 1).
    epsilon: ε > 0, outside the root.
    Source: Tieleman & Hinton 2012, Neural networks for machine learning, lecture 6.5; Graves 2013, arXiv:1308.0850.
    """

    decay: float = 0.99
    epsilon: float = 1e-8
    buffers = {"h": 0.0}

    def __post_init__(self) -> None:
        require("optimizer.decay", self.decay, 0 <= self.decay < 1, "decay must be in [0, 1)")
        require("optimizer.epsilon", self.epsilon, self.epsilon > 0, "epsilon must be above 0")

    @staticmethod
    def rule(w, g, h, *, lr, decay, one_minus_decay, epsilon):
        h = decay * h + one_minus_decay * (g * g)
        return w - lr * g / (np.sqrt(h) + epsilon), h
