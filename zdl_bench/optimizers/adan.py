"""Adan: Adam with averages of the gradient, of its change, and of the square of a gradient that looks ahead."""

import math
from dataclasses import dataclass

import numpy as np

from zdl_bench.kernels.elementary import power
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.optimizer import Step
from zdl_bench.optimizers.ranges import require_above_zero, require_at_least_zero, require_decay_rates


@dataclass(frozen=True)
class Adan(Elementwise):
    """m ← β₁m + (1 − β₁)g,  d ← β₂d + (1 − β₂)Δ,  n ← β₃n + (1 − β₃)(g + β₂Δ)²,
    w ← (w − lr·(m̂ + β₂d̂) / (√n̂ + ε)) / (1 + lr·λ)

    with Δ = g − g of the step before, 0 in the first step, and the bias corrections m̂ = m / (1 − β₁ᵗ) and so on.

    beta1, beta2, beta3: decay rates of m, d and n, in [0, 1). epsilon: ε > 0. weight_decay: λ ≥ 0, as a proximal step.
    Where implementations disagree: the paper writes 1 − β for what is β here and in the authors' program (0.02, 0.08, 0.01).
    optax up to 0.2.8 uses 1 − β₂ = 0.08 where 0.92 belongs, and adds an ε inside the root. The authors' program also offers
    w ← (1 − lr·λ)w before the step.
    Source: Xie et al. 2022, Adan: adaptive Nesterov momentum algorithm for faster optimizing deep models, arXiv:2208.06677.
    """

    beta1: float = 0.98
    beta2: float = 0.92
    beta3: float = 0.99
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    buffers = {"m": 0.0, "d": 0.0, "n": 0.0, "before": 0.0}

    def __post_init__(self) -> None:
        require_decay_rates(self, "beta1", "beta2", "beta3")
        require_above_zero(self, "epsilon")
        require_at_least_zero(self, "weight_decay")

    def scalars(self, step: Step, memory: dict[str, float]) -> dict[str, float]:
        of_m, of_d, of_n = (1 - power(beta, step.number) for beta in (self.beta1, self.beta2, self.beta3))
        return {
            "has_before": float(step.number > 1),
            "rate_m": step.lr / of_m,
            "rate_d": step.lr * self.beta2 / of_d,
            "root_correction": math.sqrt(of_n),
            "shrinkage": 1 + step.lr * self.weight_decay,
        }

    @staticmethod
    def rule(
        w, g, m, d, n, before, *, has_before, rate_m, rate_d, root_correction, shrinkage,
        beta1, one_minus_beta1, beta2, one_minus_beta2, beta3, one_minus_beta3, epsilon,
    ):  # fmt: skip
        change = has_before * (g - before)
        ahead = g + beta2 * change
        m = beta1 * m + one_minus_beta1 * g
        d = beta2 * d + one_minus_beta2 * change
        n = beta3 * n + one_minus_beta3 * (ahead * ahead)
        w = (w - (rate_m * m + rate_d * d) / (np.sqrt(n) / root_correction + epsilon)) / shrinkage
        return w, m, d, n, g
