"""D-Adaptation for Adam: Adam whose learning rate is a lower bound of the distance to the solution."""

import math
from dataclasses import dataclass

import numpy as np

from zdl_bench.errors import require
from zdl_bench.kernels.choice import kernels_for_vectors
from zdl_bench.kernels.elementary import power
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.optimizer import State, Step
from zdl_bench.optimizers.ranges import require_above_zero, require_at_least_zero, require_decay_rates
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class DAdaptAdam(Elementwise):
    """Adam with steps of d·lr, where d only grows. With q = √β₂ and η = d·lr:

    n ← q·n + (1 − q)·η⟨g, s/(√v + ε)⟩,  m ← β₁m + (1 − β₁)ηg,  v ← β₂v + (1 − β₂)g²,  s ← q·s + (1 − q)ηg,
    w ← w − m/(√v + ε),  d ← max(d, min(n/((1 − q)‖s‖₁), growth·d))

    There is no learning rate: lr is the factor of the schedule alone. While all gradients are 0, d stays.

    beta1, beta2: decay rates of m and v, in [0, 1). epsilon: ε > 0.
    d0: d at the start, above 0; below the distance to the solution.
    growth: the largest factor of d in a step, above 1; by default, no limit.
    weight_decay: decoupled weight decay, which shrinks w by η·weight_decay: the transform does not know η.
    bias_correction: if True, η is multiplied by √(1 − β₂ᵗ)/(1 − β₁ᵗ).
    Where implementations disagree: the authors' package leaves the bias correction out, as here by default; optax has it in.
    Source: Defazio & Mishchenko 2023, Learning-rate-free learning by D-Adaptation, arXiv:2301.07733, Algorithm 5.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    d0: float = 1e-6
    growth: float = 1e30
    weight_decay: float = 0.0
    bias_correction: bool = False
    buffers = {"m": 0.0, "v": 0.0, "s": 0.0, "direction": 0.0, "root": 0.0}
    """direction: s/(√v + ε) for the next step. root: √|s|, whose squares add up to ‖s‖₁."""
    memory = {"n": 0.0}

    def __post_init__(self) -> None:
        require_decay_rates(self, "beta1", "beta2")
        require_above_zero(self, "epsilon", "d0")
        require_at_least_zero(self, "weight_decay")
        require("optimizer.growth", self.growth, 1 < self.growth < math.inf, "growth must be finite and above 1")

    def init(self, params: Floats, step: Step) -> State:
        state = super().init(params, step)
        state.scalars |= {"d": self.d0, "rate": 0.0}
        return state

    def update(self, params: Floats, grad: Floats, state: State, step: Step) -> None:
        dot, memory, arrays = kernels_for_vectors(len(params), params.dtype).dot, state.scalars, state.arrays
        q = math.sqrt(self.beta2)
        memory["rate"] = memory["d"] * step.lr * self._correction(step.number)
        memory["n"] = q * memory["n"] + (1 - q) * memory["rate"] * dot(grad, arrays["direction"])
        super().update(params, grad, state, step)
        length = dot(arrays["root"], arrays["root"])
        if length > 0:
            memory["d"] = max(memory["d"], min(memory["n"] / ((1 - q) * length), memory["d"] * self.growth))

    def _correction(self, t: int) -> float:
        return math.sqrt(1 - power(self.beta2, t)) / (1 - power(self.beta1, t)) if self.bias_correction else 1.0

    def scalars(self, step: Step, memory: dict[str, float]) -> dict[str, float]:
        q, rate = math.sqrt(self.beta2), memory["rate"]
        shares = {"share_of_m": (1 - self.beta1) * rate, "share_of_s": (1 - q) * rate}
        return shares | {"one_minus_q": 1 - q, "kept": 1 - self.weight_decay * rate}

    @staticmethod
    def rule(w, g, m, v, s, direction, root, *, beta1, share_of_m, one_minus_beta2, one_minus_q, share_of_s, kept, epsilon):
        m = beta1 * m + share_of_m * g
        v = v + one_minus_beta2 * (g * g - v)
        s = s + (share_of_s * g - one_minus_q * s)
        length = np.sqrt(v) + epsilon
        return kept * w - m / length, m, v, s, s / length, np.sqrt(np.abs(s))
