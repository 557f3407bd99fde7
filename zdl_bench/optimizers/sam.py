"""Sharpness-aware minimization: the gradient is that of a point uphill."""

import math
from dataclasses import dataclass

from zdl_bench.kernels.choice import kernels_for_vectors
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.optimizer import State, Step
from zdl_bench.optimizers.ranges import require_at_least_zero
from zdl_bench.run.run import Floats


def gradient_uphill(rho: float, params: Floats, grad: Floats, step: Step) -> Floats:
    """Return the gradient at w + rho·g/‖g‖, or g itself if it is 0, for w and g of shape (n,)."""
    length = math.sqrt(kernels_for_vectors(len(grad), grad.dtype).dot(grad, grad))
    return step.at(params + grad.dtype.type(rho / length) * grad)[1] if length > 0 else grad


@dataclass(frozen=True)
class SAM(Elementwise):
    """w ← w − lr·∇f(w + rho·g/‖g‖), with both gradients from the same batch: each step evaluates two

    This is SAM around SGD, Algorithm 1 of the paper. The transform `sam` puts it around any rule. The length of g does not
    matter, so rho means the same whether `problem.loss_reduction` is sum or mean.

    rho: ρ ≥ 0, the length of the way uphill.
    Where implementations disagree: the usual PyTorch program divides by ‖g‖ + 10⁻¹²; optax by default counts each of the two
    evaluations as a step. The paper's experiments have momentum inside.
    Source: Foret, Kleiner, Mobahi & Neyshabur 2021, Sharpness-aware minimization for efficiently improving generalization,
    arXiv:2010.01412.
    """

    rho: float = 0.05

    def __post_init__(self) -> None:
        require_at_least_zero(self, "rho")

    def update(self, params: Floats, grad: Floats, state: State, step: Step) -> None:
        super().update(params, gradient_uphill(self.rho, params, grad, step), state, step)

    @staticmethod
    def rule(w, g, *, lr):
        return w - lr * g
