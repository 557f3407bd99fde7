"""AdaDelta: steps as long as the steps before, in the unit of the parameters."""

from dataclasses import dataclass

import numpy as np

from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.ranges import require_above_zero, require_decay_rates


@dataclass(frozen=True)
class AdaDelta(Elementwise):
    """h ← decay·h + (1 − decay)·g²,  d = √(u + ε) / √(h + ε) · g,  u ← decay·u + (1 − decay)·d²,  w ← w − lr·d

    h and u, the moving averages of squared gradients and of squared steps, start at 0. ε sets the first steps: their length is
    about √(ε / (1 − decay)), whatever the gradient, and u has to grow from there.

    Where implementations disagree: ε is inside both roots, and u averages the steps before lr multiplies them, here, in the
    paper, PyTorch and optax. The paper has no lr, which is lr=1. Keras has lr=0.001 by default, a thousandth of AdaDelta.

    decay: decay rate of h and u, in [0, 1); ρ = 0.95 in the paper, 0.9 in PyTorch and optax.
    epsilon: ε > 0; 1e-6 in the paper, PyTorch and optax, 1e-7 in Keras.
    Source: Zeiler 2012, ADADELTA: an adaptive learning rate method, arXiv:1212.5701.
    """

    decay: float = 0.95
    epsilon: float = 1e-6
    buffers = {"h": 0.0, "u": 0.0}

    def __post_init__(self) -> None:
        require_decay_rates(self, "decay")
        require_above_zero(self, "epsilon")

    @staticmethod
    def rule(w, g, h, u, *, lr, decay, one_minus_decay, epsilon):
        h = decay * h + one_minus_decay * (g * g)
        d = np.sqrt(u + epsilon) / np.sqrt(h + epsilon) * g
        return w - lr * d, h, decay * u + one_minus_decay * (d * d)
