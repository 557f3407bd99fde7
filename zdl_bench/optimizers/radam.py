"""RAdam: Adam that warms up by itself, as long as its second moment rests on few gradients."""

import math
from dataclasses import dataclass

import numpy as np

from zdl_bench.kernels.elementary import power
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.optimizer import Step
from zdl_bench.optimizers.ranges import require_above_zero, require_decay_rates

ENOUGH = 5.0
"""The length of the average of v from which steps are divided by its root."""


@dataclass(frozen=True)
class RAdam(Elementwise):
    """m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²,  ρₜ = ρ − 2t·β₂ᵗ/(1 − β₂ᵗ) with ρ = 2/(1 − β₂) − 1,
    w ← w − lr·r·m̂·√(1 − β₂ᵗ) / (√v + ε) with r² = (ρₜ − 4)(ρₜ − 2)ρ / ((ρ − 4)(ρ − 2)ρₜ) if ρₜ > 5, else w ← w − lr·m̂

    with m̂ = m / (1 − β₁ᵗ); m and v start at 0. The first 5 steps (if β₂ = 0.999) are those of momentum, whose length depends
    on the scale of the gradient: with `problem.loss_reduction=sum` it is as many times longer as the batch has images.

    Where implementations disagree: from ρₜ > 4 in the paper, > 5 in PyTorch, as here, ≥ 5 in optax. ε is added before the bias
    correction of v here and in PyTorch, after it in optax. Some omit the first steps instead of dividing by nothing.

    beta1, beta2: decay rates of m and v, in [0, 1). epsilon: ε > 0.
    Source: Liu et al. 2020, On the variance of the adaptive learning rate and beyond, arXiv:1908.03265; in PyTorch's form.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    buffers = {"m": 0.0, "v": 0.0}

    def __post_init__(self) -> None:
        require_decay_rates(self, "beta1", "beta2")
        require_above_zero(self, "epsilon")

    def scalars(self, step: Step, memory: dict[str, float]) -> dict[str, float]:
        rate, powered = step.lr / (1 - power(self.beta1, step.number)), power(self.beta2, step.number)
        longest = 2 / (1 - self.beta2) - 1
        length = longest - 2 * step.number * powered / (1 - powered)
        if length <= ENOUGH:
            return {"rate": rate, "share_of_root": 0.0, "offset": 1.0}
        rectified = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        return {"rate": rate * math.sqrt(rectified * (1 - powered)), "share_of_root": 1.0, "offset": self.epsilon}

    @staticmethod
    def rule(w, g, m, v, *, rate, share_of_root, offset, beta1, one_minus_beta1, beta2, one_minus_beta2):
        m = beta1 * m + one_minus_beta1 * g
        v = beta2 * v + one_minus_beta2 * (g * g)
        return w - rate * m / (share_of_root * np.sqrt(v) + offset), m, v
