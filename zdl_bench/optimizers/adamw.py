"""AdamW: Adam, and weights that shrink without the gradient's knowing it."""

import math
from dataclasses import dataclass

import numpy as np

from zdl_bench.kernels.elementary import power
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.optimizer import Step
from zdl_bench.optimizers.ranges import require_above_zero, require_at_least_zero, require_decay_rates


@dataclass(frozen=True)
class AdamW(Elementwise):
    """m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²,  w ← w − lr·weight_decay·w − lr·m̂ / (√v̂ + ε)

    with m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) at step t; m and v start at 0. Adam inside `transform=weight_decay` is the
    same, up to rounding.

    Where implementations disagree: the weights shrink by lr·weight_decay here, in PyTorch and in optax; in the paper, by
    weight_decay times the schedule's factor, without lr. weight_decay is 0.01 in PyTorch, as here, 1e-4 in optax and 0.004 in
    Keras. It is usual to leave out biases; here they shrink, too, as they do by default in all three.

    beta1, beta2: decay rates of m and v, in [0, 1). epsilon: ε > 0, added after the bias correction. weight_decay: at least 0.
    Source: Loshchilov & Hutter 2019, Decoupled weight decay regularization, arXiv:1711.05101.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.01
    buffers = {"m": 0.0, "v": 0.0}

    def __post_init__(self) -> None:
        require_decay_rates(self, "beta1", "beta2")
        require_above_zero(self, "epsilon")
        require_at_least_zero(self, "weight_decay")

    def scalars(self, step: Step, memory: dict[str, float]) -> dict[str, float]:
        of_m, of_v = 1 - power(self.beta1, step.number), 1 - power(self.beta2, step.number)
        return {"rate": step.lr / of_m, "root_correction": math.sqrt(of_v), "shrinkage": step.lr * self.weight_decay}

    @staticmethod
    def rule(w, g, m, v, *, rate, root_correction, shrinkage, beta1, one_minus_beta1, beta2, one_minus_beta2, epsilon):
        m = beta1 * m + one_minus_beta1 * g
        v = beta2 * v + one_minus_beta2 * (g * g)
        return w - shrinkage * w - rate * m / (np.sqrt(v) / root_correction + epsilon), m, v
