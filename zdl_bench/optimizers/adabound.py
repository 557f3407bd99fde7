"""AdaBound: Adam whose learning rate of each parameter is held between two bounds that close in on that of SGD."""

import math
from dataclasses import dataclass

import numpy as np

from zdl_bench.kernels.elementary import power, select
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.optimizer import Step
from zdl_bench.optimizers.ranges import require_above_zero, require_decay_rates


@dataclass(frozen=True)
class AdaBound(Elementwise):
    """m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²,  w ← w − η·m,
    η = lr·√(1 − β₂ᵗ)/(1 − β₁ᵗ) / (√v + ε), but from final·(1 − 1/(γt + 1)) to final·(1 + 1/(γt))

    m and v start at 0. final = final_lr · lr / base lr follows the schedule. It is a learning rate of SGD and meant for a mean
    gradient, so it is divided by the batch size if `problem.loss_reduction=sum`; lr is not, since v takes care of the scale.

    Where implementations disagree: the paper has no bias correction and multiplies lr by 1/√t; the authors' package has the
    form above. Some ports do not let final_lr follow the schedule.

    beta1, beta2: decay rates of m and v, in [0, 1). epsilon: ε > 0, added before the bias correction.
    final_lr: above 0; the learning rate of SGD at the end. gamma: γ > 0, how fast the bounds close.
    Source: Luo et al. 2019, Adaptive gradient methods with dynamic bound of learning rate, arXiv:1902.09843.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    final_lr: float = 0.1
    gamma: float = 1e-3
    buffers = {"m": 0.0, "v": 0.0}

    def __post_init__(self) -> None:
        require_decay_rates(self, "beta1", "beta2")
        require_above_zero(self, "epsilon", "final_lr", "gamma")

    def scalars(self, step: Step, memory: dict[str, float]) -> dict[str, float]:
        t = step.number
        rate = step.lr * math.sqrt(1 - power(self.beta2, t)) / (1 - power(self.beta1, t))
        final = self.final_lr * (step.lr / step.base_lr) / step.gradient_scale
        return {"rate": rate, "low": final * (1 - 1 / (self.gamma * t + 1)), "high": final * (1 + 1 / (self.gamma * t))}

    @staticmethod
    def rule(w, g, m, v, *, rate, low, high, beta1, one_minus_beta1, beta2, one_minus_beta2, epsilon):
        m = beta1 * m + one_minus_beta1 * g
        v = beta2 * v + one_minus_beta2 * (g * g)
        eta = rate / (np.sqrt(v) + epsilon)
        eta = select(eta < low, low, select(eta > high, high, eta))
        return w - eta * m, m, v
