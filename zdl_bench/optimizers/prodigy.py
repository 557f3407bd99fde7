"""Prodigy: D-Adaptation for Adam with a faster growing estimate of the distance to the solution."""

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
class Prodigy(Elementwise):
    """Adam with steps of d·lr, where d only grows. With q = √β₂ and η = d·lr, and d′ the next d:

    n ← q·n + (d/d₀)η⟨g, w₀ − w⟩,  s ← q·s + (d/d₀)ηg,  d′ ← max(d, min(coefficient·max n/‖s‖₁, growth·d)),
    m ← β₁m + (1 − β₁)d·g,  v ← β₂v + (1 − β₂)d²g²,  w ← w − ηm/(√v + d′ε)

    There is no learning rate: lr is the factor of the schedule alone; the authors advise the cosine one. While all gradients
    are 0, d stays.

    beta1, beta2: decay rates of m and v, in [0, 1). epsilon: ε > 0.
    d0: d at the start, above 0; below the distance to the solution. coefficient: above 0; a larger one makes steps longer.
    growth: the largest factor of d in a step, above 1; by default, no limit. The first rise from d₀ may be larger: its limit is
        growth times the estimate.
    weight_decay: decoupled weight decay, which shrinks w by η·weight_decay: the transform does not know η.
    bias_correction: if True, η is multiplied by √(1 − β₂ᵗ)/(1 − β₁ᵗ).
    safeguard: if True, s takes d·g instead of ηg, so that a warm-up does not make d too large.
    Where implementations disagree: the authors' package leaves the bias correction out, as here by default; optax has it in. In
    both, the step has the old d, but the new d multiplies ε. The limit of the first rise is that of the authors' package.
    Source: Mishchenko & Defazio 2024, Prodigy: an expeditiously adaptive parameter-free learner, arXiv:2306.06101, Algorithm 4.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    d0: float = 1e-6
    coefficient: float = 1.0
    growth: float = 1e30
    weight_decay: float = 0.0
    bias_correction: bool = False
    safeguard: bool = False
    buffers = {"m": 0.0, "v": 0.0, "start": "w", "lost": 0.0, "way": 0.0}
    """lost: what rounding took from the sum of the steps; the first are so short that float32 would lose them. In float64,
    it is 0, as in the authors' program. way: w₀ − w."""

    def __post_init__(self) -> None:
        require_decay_rates(self, "beta1", "beta2")
        require_above_zero(self, "epsilon", "d0", "coefficient")
        require_at_least_zero(self, "weight_decay")
        require("optimizer.growth", self.growth, 1 < self.growth < math.inf, "growth must be finite and above 1")

    def init(self, params: Floats, step: Step) -> State:
        state = super().init(params, step)
        state.arrays |= {"s": np.zeros_like(params), "root": np.zeros_like(params)}
        state.scalars |= {"d": self.d0, "d_before": self.d0, "most": self.d0, "n": 0.0}
        state.scalars["regained"] = float(params.dtype == np.float32)
        self._gather(params[:0], params[:0].copy(), params[:0].copy(), 0.0)
        return state

    def update(self, params: Floats, grad: Floats, state: State, step: Step) -> None:
        kernels, memory, arrays = kernels_for_vectors(len(params), params.dtype), state.scalars, state.arrays
        q, d, s, root = math.sqrt(self.beta2), memory["d"], arrays["s"], arrays["root"]
        rate, weight = d * step.lr * self._correction(step.number), d / self.d0
        memory["n"] = q * memory["n"] + weight * rate * kernels.dot(grad, arrays["way"])
        self._gather(grad, s, root, weight * (d if self.safeguard else rate))
        memory["d_before"], length = d, kernels.dot(root, root)
        if length > 0:
            estimate = self.coefficient * memory["n"] / length
            memory["most"] = max(memory["most"], estimate)
            memory["d"] = min(memory["most"], self.growth * (max(d, estimate) if d == self.d0 else d))
        scalars = self.typed_scalars(step, memory, params.dtype)
        kernels.update(self.rule, params, grad, tuple(arrays[name] for name in self.buffers), scalars)

    def scalars(self, step: Step, memory: dict[str, float]) -> dict[str, float]:
        d = memory["d_before"]
        rate = d * step.lr * self._correction(step.number)
        shares = {"share_of_m": (1 - self.beta1) * d, "share_of_v": (1 - self.beta2) * d * d}
        others = {"floor": memory["d"] * self.epsilon, "regained": memory["regained"]}
        return shares | others | {"rate": rate, "kept": 1 - self.weight_decay * rate}

    @staticmethod
    def rule(w, g, m, v, start, lost, way, *, beta1, share_of_m, one_minus_beta2, share_of_v, rate, kept, floor, regained):
        m = beta1 * m + share_of_m * g
        v = v + (share_of_v * (g * g) - one_minus_beta2 * v)
        moved = lost - rate * m / (np.sqrt(v) + floor)
        w = kept * w
        new = w + moved
        lost = regained * (moved - (new - w))
        return new, m, v, start, lost, (start - new) - lost

    def _gather(self, grad: Floats, s: Floats, root: Floats, share: float) -> None:
        """Set s ← q·s + share·g and root ← √|s|, whose squares add up to ‖s‖₁."""
        real = s.dtype.type
        scalars = {"loss": real(1 - math.sqrt(self.beta2)), "share": real(share)}
        kernels_for_vectors(len(s), s.dtype).update(_gathered, s, grad, (root,), scalars)

    def _correction(self, t: int) -> float:
        return math.sqrt(1 - power(self.beta2, t)) / (1 - power(self.beta1, t)) if self.bias_correction else 1.0


def _gathered(s, g, root, *, loss, share):
    s = s + (share * g - loss * s)
    return s, np.sqrt(np.abs(s))
