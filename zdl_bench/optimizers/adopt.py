"""ADOPT: Adam whose gradient is divided by the root of the average of earlier squared gradients, before it is averaged."""

import math
from dataclasses import dataclass

import numpy as np

from zdl_bench.kernels.exponentials import select
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.optimizer import Step
from zdl_bench.optimizers.ranges import require_above_zero, require_decay_rates


@dataclass(frozen=True)
class Adopt(Elementwise):
    """m ← β₁m + (1 − β₁)·clip(g / max(√v, ε), ±(t − 1)^¼),  w ← w − lr·m,  then v ← β₂v + (1 − β₂)g²

    In the first step, v ← g² and w stays. The gradient is divided by the v of the steps before, which makes the rule converge
    with any β₂. There is no bias correction. For decoupled weight decay, take the transform weight_decay.

    beta1, beta2: decay rates of m and v, in [0, 1). epsilon: ε > 0.
    Where implementations disagree: pytorch_optimizer clips at t^¼. The first version of the paper does not clip, and is said by
    its authors to be unstable where a gradient is near 0 at first. ε is 1e-6, not Adam's 1e-8.
    Source: Taniguchi et al. 2024, ADOPT: modified Adam can converge with any β₂ with the optimal rate, arXiv:2411.02853.
    """

    beta1: float = 0.9
    beta2: float = 0.9999
    epsilon: float = 1e-6
    buffers = {"m": 0.0, "v": 0.0}

    def __post_init__(self) -> None:
        require_decay_rates(self, "beta1", "beta2")
        require_above_zero(self, "epsilon")

    def scalars(self, step: Step, memory: dict[str, float]) -> dict[str, float]:
        keep = self.beta2 if step.number > 1 else 0.0
        return {"limit": math.sqrt(math.sqrt(step.number - 1)), "keep": keep, "one_minus_keep": 1 - keep}

    @staticmethod
    def rule(w, g, m, v, *, lr, limit, keep, one_minus_keep, beta1, one_minus_beta1, epsilon):
        root = np.sqrt(v)
        u = g / select(root < epsilon, epsilon, root)
        u = select(u > limit, limit, select(u < -limit, -limit, u))
        m = beta1 * m + one_minus_beta1 * u
        return w - lr * m, m, keep * v + one_minus_keep * (g * g)
