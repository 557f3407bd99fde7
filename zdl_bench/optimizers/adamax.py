"""AdaMax: Adam with the largest recent gradient in place of the root of the mean square."""

from dataclasses import dataclass

import numpy as np

from zdl_bench.kernels.elementary import power, select
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.optimizer import Step
from zdl_bench.optimizers.ranges import require_above_zero, require_decay_rates


@dataclass(frozen=True)
class AdaMax(Elementwise):
    """m ← β₁m + (1 − β₁)g,  u ← max(β₂u, |g| + ε),  w ← w − lr/(1 − β₁ᵗ) · m / u

    m and u start at 0. u needs no bias correction, as a maximum has none.

    Where implementations disagree: the paper has no ε, and divides 0 by 0 where a gradient was never other than 0. PyTorch and
    optax add it to |g|, as here; Keras adds it to u.

    beta1, beta2: decay rates of m and u, in [0, 1). epsilon: ε > 0.
    Source: Kingma & Ba 2015, Adam: a method for stochastic optimization, arXiv:1412.6980, Algorithm 2, with lr=0.002.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    buffers = {"m": 0.0, "u": 0.0}

    def __post_init__(self) -> None:
        require_decay_rates(self, "beta1", "beta2")
        require_above_zero(self, "epsilon")

    def scalars(self, step: Step, memory: dict[str, float]) -> dict[str, float]:
        return {"rate": step.lr / (1 - power(self.beta1, step.number))}

    @staticmethod
    def rule(w, g, m, u, *, rate, beta1, one_minus_beta1, beta2, epsilon):
        m = beta1 * m + one_minus_beta1 * g
        faded, latest = beta2 * u, np.abs(g) + epsilon
        u = select(faded > latest, faded, latest)
        return w - rate * m / u, m, u
