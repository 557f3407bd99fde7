"""Sharpness-aware minimization around any rule."""

import math
from dataclasses import dataclass

from zdl_bench.errors import require
from zdl_bench.optimizers.optimizer import State, Step
from zdl_bench.optimizers.sam import gradient_uphill
from zdl_bench.run.run import Floats
from zdl_bench.transforms.transform import Transform


@dataclass(frozen=True)
class Uphill(Transform):
    """g ← ∇f(w + rho·g/‖g‖), on the same batch; then the step of the optimizer inside. SAM is this around SGD.

    Each step evaluates two gradients. Transforms that change the gradient or w should be inside: `weight_decay` outside would
    move w away from the point of g.

    rho: ρ ≥ 0, the length of the way uphill.
    Source: Foret, Kleiner, Mobahi & Neyshabur 2021, arXiv:2010.01412.
    """

    rho: float = 0.05

    def __post_init__(self) -> None:
        require("transform.sam.rho", self.rho, 0 <= self.rho < math.inf, "give a finite number of at least 0")

    def update(self, params: Floats, grad: Floats, state: State, step: Step) -> None:
        super().update(params, gradient_uphill(self.rho, params, grad, step), state, step)
