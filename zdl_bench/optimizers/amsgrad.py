"""AMSGrad: Adam whose steps never grow again where gradients were once large."""

import math
from dataclasses import dataclass

import numpy as np

from zdl_bench.kernels.elementary import power, select
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.optimizer import Step
from zdl_bench.optimizers.ranges import require_above_zero, require_decay_rates


@dataclass(frozen=True)
class AMSGrad(Elementwise):
    """m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²,  top ← max(top, v),  w ← w − lr·m̂ / (√(top/(1 − β₂ᵗ)) + ε)

    with m̂ = m / (1 − β₁ᵗ) at step t; m, v and top start at 0.

    Where implementations disagree: the paper has no bias corrections. PyTorch takes the maximum of v and then corrects it, as
    here; optax takes the maximum of the corrected v, which keeps the large corrections of the first steps: some
    percent apart.

    beta1, beta2: decay rates of m and v, in [0, 1). epsilon: ε > 0, added after the bias correction.
    Source: Reddi, Kale & Kumar 2018, On the convergence of Adam and beyond, arXiv:1904.09237; in the form of PyTorch.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    buffers = {"m": 0.0, "v": 0.0, "top": 0.0}

    def __post_init__(self) -> None:
        require_decay_rates(self, "beta1", "beta2")
        require_above_zero(self, "epsilon")

    def scalars(self, step: Step, memory: dict[str, float]) -> dict[str, float]:
        of_m, of_v = 1 - power(self.beta1, step.number), 1 - power(self.beta2, step.number)
        return {"rate": step.lr / of_m, "root_correction": math.sqrt(of_v)}

    @staticmethod
    def rule(w, g, m, v, top, *, rate, root_correction, beta1, one_minus_beta1, beta2, one_minus_beta2, epsilon):
        m = beta1 * m + one_minus_beta1 * g
        v = beta2 * v + one_minus_beta2 * (g * g)
        top = select(top > v, top, v)
        return w - rate * m / (np.sqrt(top) / root_correction + epsilon), m, v, top
