"""Lion: steps of one size, in the direction of the sign of a moving average of gradients."""

from dataclasses import dataclass

from zdl_bench.kernels.exponentials import select
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.optimizer import Step
from zdl_bench.optimizers.ranges import require_at_least_zero, require_decay_rates


@dataclass(frozen=True)
class Lion(Elementwise):
    """w ← (1 − lr·λ)w − lr·sign(β₁m + (1 − β₁)g),  then m ← β₂m + (1 − β₂)g

    m starts at 0; sign(0) = 0. Each parameter moves by lr in each step, so lr is 3 to 10 times smaller than Adam's; the authors
    advise a decay as many times larger, and batches of at least 64.

    beta1, beta2: the shares of m in the direction and in the next m, in [0, 1). weight_decay: λ ≥ 0, decoupled.
    Where implementations disagree: m is updated after the step, with β₂; a program that updates it before has another rule.
    λ is 0 in lion_pytorch and 0.001 in optax. In the paper's Algorithm 2, as here, lr multiplies λ.
    Source: Chen et al. 2023, Symbolic discovery of optimization algorithms, arXiv:2302.06675.
    """

    beta1: float = 0.9
    beta2: float = 0.99
    weight_decay: float = 0.0
    buffers = {"m": 0.0}

    def __post_init__(self) -> None:
        require_decay_rates(self, "beta1", "beta2")
        require_at_least_zero(self, "weight_decay")

    def scalars(self, step: Step, memory: dict[str, float]) -> dict[str, float]:
        return {"keep": 1 - step.lr * self.weight_decay}

    @staticmethod
    def rule(w, g, m, *, lr, keep, beta1, one_minus_beta1, beta2, one_minus_beta2):
        u = beta1 * m + one_minus_beta1 * g
        return keep * w - select(u > 0, lr, select(u < 0, -lr, u)), beta2 * m + one_minus_beta2 * g
