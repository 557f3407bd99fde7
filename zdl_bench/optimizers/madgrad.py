"""MADGRAD: dual averaging with the cube root of summed squares, from the initial point."""

import math
from dataclasses import dataclass

from zdl_bench.kernels.elementary import cube_root
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.optimizer import Step
from zdl_bench.optimizers.ranges import require_above_zero, require_decay_rates


@dataclass(frozen=True)
class MADGRAD(Elementwise):
    """s ← s + λg,  v ← v + λg²,  z = w₀ − s / (∛v + ε),  w ← w + (1 − momentum)·(z − w),  with λ = (lr + ε)√t at step t

    w₀ is the initial point; s and v start at 0. Since λ grows, old gradients count less and less.

    Where implementations disagree: the paper's λ is lr·√t; the authors' package adds ε to lr, as here. optax computes √t in
    float32, which moves the 9th digit. Weight decay belongs into the gradient in all of them; there is none here.

    momentum: 1 − c of the paper, in [0, 1); 0.9 as in the paper. epsilon: ε > 0; 1e-6 as in the authors' package.
    Source: Defazio & Jelassi 2021, Adaptivity without compromise: a momentumized, adaptive, dual averaged gradient method,
    arXiv:2101.11075.
    """

    momentum: float = 0.9
    epsilon: float = 1e-6
    buffers = {"s": 0.0, "v": 0.0, "start": "w"}

    def __post_init__(self) -> None:
        require_decay_rates(self, "momentum")
        require_above_zero(self, "epsilon")

    def scalars(self, step: Step, memory: dict[str, float]) -> dict[str, float]:
        return {"weight": (step.lr + self.epsilon) * math.sqrt(step.number)}

    @staticmethod
    def rule(w, g, s, v, start, *, weight, one_minus_momentum, epsilon):
        s = s + weight * g
        v = v + weight * (g * g)
        z = start - s / (cube_root(v) + epsilon)
        return w + one_minus_momentum * (z - w), s, v, start
