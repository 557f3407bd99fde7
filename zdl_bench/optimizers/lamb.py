"""LAMB: Adam whose step has a length in proportion to that of the weights, in each matrix and each bias."""

import math
from dataclasses import dataclass

import numpy as np

from zdl_bench.kernels.elementary import power
from zdl_bench.optimizers.layerwise import Layer, LayerSteps
from zdl_bench.optimizers.optimizer import Step
from zdl_bench.optimizers.ranges import require_above_zero, require_at_least_zero, require_decay_rates
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class Lamb(LayerSteps):
    """m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²,  u = m̂ / (√v̂ + ε) + λw,  w ← w − lr·‖w‖/‖u‖·u

    with the norms of each weight matrix and each bias, and Adam's bias corrections m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ). The
    ratio is 1 if a norm is 0; so the first step of a bias that starts at 0 is Adam's.

    beta1, beta2: decay rates of m and v, in [0, 1). epsilon: ε > 0. weight_decay: λ ≥ 0, inside the ratio.
    Where implementations disagree: the paper bounds ‖w‖ by a function φ and leaves it open; here, in optax and in Keras it is
    the identity, while pytorch_optimizer and others cut ‖w‖ at 10 and leave the bias corrections out. λ is 0.01 in the paper's
    experiments and 0 in optax. ε is 1e-6, not Adam's 1e-8.
    Source: You et al. 2020, Large batch optimization for deep learning: training BERT in 76 minutes, arXiv:1904.00962.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-6
    weight_decay: float = 0.0
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
        w, g, m, v, move, *,
        scale, root_correction, weight_decay, beta1, one_minus_beta1, beta2, one_minus_beta2, epsilon,
    ):  # fmt: skip
        m = beta1 * m + one_minus_beta1 * g
        v = beta2 * v + one_minus_beta2 * (g * g)
        return w, m, v, scale * m / (np.sqrt(v) / root_correction + epsilon) + weight_decay * w

    def rate(self, layer: Layer, move: Floats) -> float:
        of_w, of_move = layer.length(layer.w), layer.length(move)
        return of_w / of_move if of_w and of_move else 1.0
