"""Cautious AdamW: AdamW that moves no parameter against its present gradient."""

import math
from dataclasses import dataclass

import numpy as np

from zdl_bench.kernels.elementary import power
from zdl_bench.kernels.exponentials import select
from zdl_bench.optimizers.layerwise import Layer, LayerSteps
from zdl_bench.optimizers.optimizer import Step
from zdl_bench.optimizers.ranges import require_above_zero, require_at_least_zero, require_decay_rates
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class CautiousAdamW(LayerSteps):
    """m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²,  u = m̂ / (√v̂ + ε),
    w ← (1 − lr·λ)w − lr·d/(k + 1)·[u·g > 0]·u

    with Adam's m̂ and v̂. k counts the parameters of a weight matrix or bias for which u and g agree in sign, of d in all: the
    others stay, and those that move go further, so that the steps are about as long as AdamW's.

    beta1, beta2: decay rates of m and v, in [0, 1). epsilon: ε > 0. weight_decay: λ ≥ 0, decoupled, and not masked.
    Where implementations disagree: d/(k + 1) is the paper's formula with ξ = 1, and that of the authors' program for Lion. The
    listing in the paper divides by k/d + ε, the authors' program for AdamW by k/d, or by 0.001 if that is less. All programs
    count for each tensor by itself. λ is 0 and ε 1e-6 in the authors' program; both are here as in PyTorch's AdamW, so that a
    comparison shows the mask alone.
    A parameter whose gradient is 0, such as the weight of a pixel that is never lit, counts as one that disagrees. If half of
    the pixels are dead, the others go twice as far.
    Source: Liang et al. 2024, Cautious optimizers: improving training with one line of code, arXiv:2411.16085.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.01
    buffers = {"m": 0.0, "v": 0.0, "move": 0.0}

    def __post_init__(self) -> None:
        require_decay_rates(self, "beta1", "beta2")
        require_above_zero(self, "epsilon")
        require_at_least_zero(self, "weight_decay")

    def scalars(self, step: Step, memory: dict[str, float]) -> dict[str, float]:
        of_m, of_v = 1 - power(self.beta1, step.number), 1 - power(self.beta2, step.number)
        return {"scale": 1 / of_m, "root_correction": math.sqrt(of_v)}

    @staticmethod
    def rule(
        w, g, m, v, move, *, scale, root_correction, beta1, one_minus_beta1, beta2, one_minus_beta2, epsilon
    ):  # fmt: skip
        m = beta1 * m + one_minus_beta1 * g
        v = beta2 * v + one_minus_beta2 * (g * g)
        u = scale * m / (np.sqrt(v) / root_correction + epsilon)
        return w, m, v, select(m * g > 0, u, 0.0)

    def kept_share(self, step: Step) -> float:
        return 1 - step.lr * self.weight_decay

    def rate(self, layer: Layer, move: Floats) -> float:
        return len(move) / (int(np.count_nonzero(move != 0)) + 1)
