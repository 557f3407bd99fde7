"""Adam in both forms of its paper: a moving average of gradients, divided by the root of one of squared gradients."""

import math
from dataclasses import dataclass

import numpy as np

from zdl_bench.errors import require
from zdl_bench.kernels.elementary import power
from zdl_bench.optimizers.optimizer import ElementwiseOptimizer


@dataclass(frozen=True)
class Adam(ElementwiseOptimizer):
    """m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²,  w ← w − lr·m̂ / (√v̂ + ε)

    with the bias corrections m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) at step t; m and v start at 0.

    beta1, beta2: decay rates of m and v, in [0, 1).
    epsilon: ε > 0, added after the bias correction.
    bias_correction: if False, m̂ = m and v̂ = v, which multiplies step t by (1 − β₁ᵗ)/√(1 − β₂ᵗ). For the first step, this
        factor is 3.2 with the default β, and less than 1 if β₂ is small.
    Source: Kingma & Ba 2015, Adam: a method for stochastic optimization, arXiv:1412.6980, Algorithm 1; also PyTorch and optax.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    bias_correction: bool = True
    buffers = 2

    def __post_init__(self) -> None:
        require("optimizer.beta1", self.beta1, 0 <= self.beta1 < 1, "beta1 must be in [0, 1)")
        require("optimizer.beta2", self.beta2, 0 <= self.beta2 < 1, "beta2 must be in [0, 1)")
        require("optimizer.epsilon", self.epsilon, self.epsilon > 0, "epsilon must be above 0")

    def coefficients(self, lr: float, step: int) -> tuple[float, ...]:
        corrections = (1 - power(self.beta1, step), 1 - power(self.beta2, step)) if self.bias_correction else (1.0, 1.0)
        rate, root_correction = lr / corrections[0], math.sqrt(corrections[1])
        return rate, root_correction, self.beta1, 1 - self.beta1, self.beta2, 1 - self.beta2, self.epsilon

    @staticmethod
    def rule(w, g, m, v, rate, root_correction, beta1, rest1, beta2, rest2, epsilon):  # type: ignore[no-untyped-def]
        m = beta1 * m + rest1 * g
        v = beta2 * v + rest2 * (g * g)
        return w - rate * m / (np.sqrt(v) / root_correction + epsilon), m, v


@dataclass(frozen=True)
class AdamHat(Adam):
    """Adam with ε̂ added before the bias correction: w ← w − lr·√(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + ε̂)

    This equals Adam with ε = ε̂/√(1 − β₂ᵗ), which is about 32 ε̂ in the first step if β₂ = 0.999.

    beta1, beta2, bias_correction: as in Adam. epsilon: ε̂ > 0.
    Source: Kingma & Ba 2015, arXiv:1412.6980, end of section 2; also the form in the book (Saito 2016) and in Keras.
    """

    epsilon: float = 1e-7

    def coefficients(self, lr: float, step: int) -> tuple[float, ...]:
        rate, root_correction, *others = super().coefficients(lr, step)
        return rate * root_correction, 1.0, *others
