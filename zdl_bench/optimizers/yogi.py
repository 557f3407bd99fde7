"""Yogi: Adam whose second moment moves towards g² by steps of the size of g², so that it never falls fast."""

import math
from dataclasses import dataclass

import numpy as np

from zdl_bench.kernels.elementary import power, select
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.optimizer import Step
from zdl_bench.optimizers.ranges import require_above_zero, require_at_least_zero, require_decay_rates


@dataclass(frozen=True)
class Yogi(Elementwise):
    """m ← β₁m + (1 − β₁)g,  v ← v − (1 − β₂)·sign(v − g²)·g²,  w ← w − lr·m̂ / (√v̂ + ε)

    with m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) at step t. m and v start at `initial`.

    Where implementations disagree: the paper has no bias corrections and proposes to start v with the mean square of a first
    batch. optax starts both m and v at 1e-6 and corrects, as here, so that parameters without a gradient move a little, too.

    beta1, beta2: decay rates of m and v, in [0, 1).
    epsilon: ε > 0, added after the bias correction; 1e-3 in the paper, which is meant for a mean gradient: a summed one is as
        many times larger as the batch has images, and then ε matters less.
    initial: the start of m and v, at least 0.
    Source: Zaheer et al. 2018, Adaptive methods for nonconvex optimization, NeurIPS 2018, without arXiv id; in optax's form.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-3
    initial: float = 1e-6
    buffers = {"m": "initial", "v": "initial"}

    def __post_init__(self) -> None:
        require_decay_rates(self, "beta1", "beta2")
        require_above_zero(self, "epsilon")
        require_at_least_zero(self, "initial")

    def scalars(self, step: Step, memory: dict[str, float]) -> dict[str, float]:
        of_m, of_v = 1 - power(self.beta1, step.number), 1 - power(self.beta2, step.number)
        return {"rate": step.lr / of_m, "root_correction": math.sqrt(of_v)}

    @staticmethod
    def rule(w, g, m, v, *, rate, root_correction, beta1, one_minus_beta1, one_minus_beta2, epsilon):
        m = beta1 * m + one_minus_beta1 * g
        square = g * g
        change = one_minus_beta2 * square
        v = select(v > square, v - change, select(v < square, v + change, v))
        return w - rate * m / (np.sqrt(v) / root_correction + epsilon), m, v
