"""NAdam: Adam with Nesterov's look-ahead, and a momentum that grows."""

import math
from dataclasses import dataclass

import numpy as np

from zdl_bench.kernels.elementary import exp, log, power
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.optimizer import Step
from zdl_bench.optimizers.ranges import require_above_zero, require_at_least_zero, require_decay_rates

LOG_OF_GROWTH = float(log(0.96))


@dataclass(frozen=True)
class NAdam(Elementwise):
    """m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²,
    w ← w − lr·[(1 − μₜ)/(1 − Πₜ)·g + μₜ₊₁/(1 − Πₜ₊₁)·m] / (√v̂ + ε)

    with v̂ = v / (1 − β₂ᵗ), μₜ = β₁(1 − ½·0.96^(t·momentum_decay)) and Πₜ = μ₁ … μₜ; m and v start at 0.

    Where implementations disagree: PyTorch has momentum_decay 0.004, as here and in the paper; Keras has 1, with which μ is
    almost β₁ after 100 steps. In optax, μ is β₁ from the start, which differs by some percent. The paper also puts μ instead of
    β₁ into m; no library does.

    beta1, beta2: decay rates of m and v, in [0, 1). epsilon: ε > 0, added after the bias correction.
    momentum_decay: how fast μ grows from β₁/2 to β₁, at least 0.
    Source: Dozat 2016, Incorporating Nesterov momentum into Adam, ICLR workshop, without arXiv id; in the form of PyTorch.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    momentum_decay: float = 0.004
    buffers = {"m": 0.0, "v": 0.0}
    memory = {"product": 1.0}

    def __post_init__(self) -> None:
        require_decay_rates(self, "beta1", "beta2")
        require_above_zero(self, "epsilon")
        require_at_least_zero(self, "momentum_decay")

    def scalars(self, step: Step, memory: dict[str, float]) -> dict[str, float]:
        now, after = self._momentum(step.number), self._momentum(step.number + 1)
        memory["product"] *= now
        return {
            "rate_of_g": step.lr * (1 - now) / (1 - memory["product"]),
            "rate_of_m": step.lr * after / (1 - memory["product"] * after),
            "root_correction": math.sqrt(1 - power(self.beta2, step.number)),
        }

    def _momentum(self, number: int) -> float:
        return self.beta1 * (1 - 0.5 * float(exp(LOG_OF_GROWTH * number * self.momentum_decay)))

    @staticmethod
    def rule(w, g, m, v, *, rate_of_g, rate_of_m, root_correction, beta1, one_minus_beta1, beta2, one_minus_beta2, epsilon):
        m = beta1 * m + one_minus_beta1 * g
        v = beta2 * v + one_minus_beta2 * (g * g)
        return w - (rate_of_g * g + rate_of_m * m) / (np.sqrt(v) / root_correction + epsilon), m, v
