"""AdaBelief: Adam that takes long steps where gradients are as expected, and short ones where they are not."""

import math
from dataclasses import dataclass

import numpy as np

from zdl_bench.kernels.elementary import power
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.optimizer import Step
from zdl_bench.optimizers.ranges import require_above_zero, require_decay_rates


@dataclass(frozen=True)
class AdaBelief(Elementwise):
    """m ← β₁m + (1 − β₁)g,  s ← β₂s + (1 − β₂)(g − m)² + ε,  w ← w − lr·m̂ / (√ŝ + ε)

    with m̂ = m / (1 − β₁ᵗ) and ŝ = s / (1 − β₂ᵗ) at step t; m and s start at 0. The ε in s adds up, to ε/(1 − β₂).

    Where implementations disagree: optax has this form. The authors' package also rectifies as RAdam does and decouples the
    weight decay, both by default, which gives other trajectories altogether; without both it is this one.

    beta1, beta2: decay rates of m and s, in [0, 1).
    epsilon: ε > 0, inside s and outside the root; 1e-16 in the authors' package and in optax. For convolutional networks
        the authors recommend 1e-8.
    Source: Zhuang et al. 2020, AdaBelief optimizer: adapting stepsizes by the belief in observed gradients, arXiv:2010.07468.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-16
    buffers = {"m": 0.0, "s": 0.0}

    def __post_init__(self) -> None:
        require_decay_rates(self, "beta1", "beta2")
        require_above_zero(self, "epsilon")

    def scalars(self, step: Step, memory: dict[str, float]) -> dict[str, float]:
        of_m, of_s = 1 - power(self.beta1, step.number), 1 - power(self.beta2, step.number)
        return {"rate": step.lr / of_m, "root_correction": math.sqrt(of_s)}

    @staticmethod
    def rule(w, g, m, s, *, rate, root_correction, beta1, one_minus_beta1, beta2, one_minus_beta2, epsilon):
        m = beta1 * m + one_minus_beta1 * g
        surprise = g - m
        s = beta2 * s + one_minus_beta2 * (surprise * surprise) + epsilon
        return w - rate * m / (np.sqrt(s) / root_correction + epsilon), m, s
