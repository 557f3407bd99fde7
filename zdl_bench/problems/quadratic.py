"""A quadratic bowl with any condition number and gradient noise. The results of runs are known in closed form."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from zdl_bench.errors import require
from zdl_bench.kernels.definition import ordered_sum
from zdl_bench.kernels.elementary import geometric
from zdl_bench.problems.analytic import MAX_DIMENSIONS, AnalyticSpec
from zdl_bench.problems.problem import Point
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class Quadratic(AnalyticSpec):
    """f(x) = ½ Σ λᵢ xᵢ² with λ evenly spaced on a logarithmic scale from 1/condition_number to 1. The start is (1, …, 1).

    The minimum is 0 at the origin, so the loss equals the gap f − f*. The start favours rules that move equally far in every
    coordinate, since one step of length 1 per coordinate reaches the minimum. A start_std above 0 removes that advantage.

    dimension: number of parameters, 1 to 1,000,000. condition_number: largest over smallest λ, at least 1.
    Source: textbooks of optimization, for example Nesterov 2004, Introductory lectures on convex optimization (Kluwer).
    """

    dimension: int = 2
    condition_number: float = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        sensible = 1 <= self.dimension <= MAX_DIMENSIONS
        require("problem.dimension", self.dimension, sensible, f"choose 1 to {MAX_DIMENSIONS:,} dimensions")
        finite = 1 <= self.condition_number < math.inf
        require("problem.condition_number", self.condition_number, finite, "a condition number must be finite and at least 1")

    @property
    def start(self) -> Point:
        return (1.0,) * self.dimension

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((0.0,) * self.dimension,)

    def value(self, w: Floats) -> Floats:
        return 0.5 * np.asarray(ordered_sum(np.multiply(self.gradient(w), w, dtype=np.float64)))

    def gradient(self, w: Floats) -> Floats:
        return np.asarray((self._eigenvalues.astype(w.dtype) * w.T).T)

    @cached_property
    def _eigenvalues(self) -> Floats:
        return geometric(1 / self.condition_number, 1, self.dimension)
