"""AdEMAMix: Adam with a second average of gradients that hardly forgets."""

import math
from dataclasses import dataclass

import numpy as np

from zdl_bench.errors import require
from zdl_bench.kernels.elementary import exp, log, power
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.optimizer import Step
from zdl_bench.optimizers.ranges import require_above_zero, require_at_least_zero, require_decay_rates


@dataclass(frozen=True)
class AdEMAMix(Elementwise):
    """m ← β₁m + (1 − β₁)g,  s ← β₃s + (1 − β₃)g,  v ← β₂v + (1 − β₂)g²,
    w ← (1 − lr·λ)w − lr·(m̂ + α·s) / (√v̂ + ε)

    with m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ); the slow average s is not corrected.

    beta1, beta2, beta3: decay rates of m, v and s, in [0, 1). alpha: α ≥ 0. epsilon: ε > 0. weight_decay: λ ≥ 0, decoupled.
    warmup: over so many steps, α grows from 0 linearly, and β₃ from β₁ so that the half-life grows linearly; 0 for none. The
        paper takes the length of the run, which is far above 1,000 steps: in a short run with β₃ = 0.9999, s stays small.
    Where implementations disagree: optax leaves both warm-ups to the user. The authors' program adds 1e-8 to β₃ in a logarithm.
    Source: Pagliardini et al. 2024, The AdEMAMix optimizer: better, faster, older, arXiv:2409.03137, Algorithm 1.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    beta3: float = 0.9999
    alpha: float = 5.0
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    warmup: int = 0
    buffers = {"m": 0.0, "s": 0.0, "v": 0.0}

    def __post_init__(self) -> None:
        require_decay_rates(self, "beta1", "beta2", "beta3")
        require_above_zero(self, "epsilon")
        require_at_least_zero(self, "alpha", "weight_decay", "warmup")
        needs = "with a warm-up, it must be above 0"
        for key in ("beta1", "beta3"):
            require(f"optimizer.{key}", getattr(self, key), getattr(self, key) > 0 or not self.warmup, needs)

    def scalars(self, step: Step, memory: dict[str, float]) -> dict[str, float]:
        t = step.number
        of_m, of_v = 1 - power(self.beta1, t), 1 - power(self.beta2, t)
        share = min(1.0, t / self.warmup) if self.warmup else 1.0
        slow = self._slow_rate(share) if share < 1 else self.beta3
        return {
            "keep": 1 - step.lr * self.weight_decay,
            "rate": step.lr / of_m,
            "rate_slow": step.lr * self.alpha * share,
            "root_correction": math.sqrt(of_v),
            "slow": slow,
            "one_minus_slow": 1 - slow,
        }

    def _slow_rate(self, share: float) -> float:
        """Return β₃ after a share of the warm-up: ln β₃ is then the harmonic interpolation from ln β₁ to its last value."""
        start, end = float(log(self.beta1)), float(log(self.beta3))
        return min(float(exp(start * end / ((1 - share) * end + share * start))), self.beta3)

    @staticmethod
    def rule(
        w, g, m, s, v, *, keep, rate, rate_slow, root_correction, slow, one_minus_slow,
        beta1, one_minus_beta1, beta2, one_minus_beta2, epsilon,
    ):  # fmt: skip
        m = beta1 * m + one_minus_beta1 * g
        s = slow * s + one_minus_slow * g
        v = beta2 * v + one_minus_beta2 * (g * g)
        return keep * w - (rate * m + rate_slow * s) / (np.sqrt(v) / root_correction + epsilon), m, s, v
