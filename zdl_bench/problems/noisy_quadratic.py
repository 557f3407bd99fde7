"""The noisy quadratic model, in which SGD on a network is understood: how far noise lets a learning rate and a batch get."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from zdl_bench.errors import require
from zdl_bench.kernels.definition import ordered_sum
from zdl_bench.problems.analytic import MAX_DIMENSIONS, AnalyticSpec
from zdl_bench.problems.problem import Point
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class NoisyQuadratic(AnalyticSpec):
    """f(x) = ½ Σ λᵢxᵢ² with λᵢ = 1/i, and gradients λᵢxᵢ + σ√λᵢ·ε with ε normal: the noise has the covariance σ²H

    The minimum is 0 at the origin, and the start is normal with the standard deviation `start_std`, per seed. Noise keeps every
    rule away from the minimum unless its learning rate falls. For SGD with the learning rate α, the expected loss after t
    steps is ½ Σ λᵢvᵢ with vᵢ = ρᵗ·start_std² + (1 − ρᵗ)·σ²α/(2 − αλᵢ) and ρ = (1 − αλᵢ)².

    dimension: number of parameters, 1 to 1,000,000. gradient_noise: σ, which is 1/√B for a batch of B.
    Source: Zhang et al. 2019, Which algorithmic choices matter at which batch sizes?, arXiv:1907.04164, section 3.
    """

    dimension: int = 1000
    gradient_noise: float = field(default=1.0, kw_only=True)
    start_std: float = field(default=1.0, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        sensible = 1 <= self.dimension <= MAX_DIMENSIONS
        require("problem.dimension", self.dimension, sensible, f"choose 1 to {MAX_DIMENSIONS:,} dimensions")

    @property
    def start(self) -> Point:
        return (0.0,) * self.dimension

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((0.0,) * self.dimension,)

    @property
    def noise_std(self) -> Floats:
        return self.gradient_noise * np.sqrt(self._eigenvalues)

    def value(self, w: Floats) -> Floats:
        return 0.5 * np.asarray(ordered_sum(np.multiply(self.gradient(w), w, dtype=np.float64)))

    def gradient(self, w: Floats) -> Floats:
        return np.asarray((self._eigenvalues.astype(w.dtype) * w.T).T)

    @cached_property
    def _eigenvalues(self) -> Floats:
        return 1 / np.arange(1, self.dimension + 1)
