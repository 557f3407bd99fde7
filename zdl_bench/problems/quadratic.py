"""A quadratic bowl with chosen conditioning and gradient noise: every answer is known in closed form."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zdl_bench.errors import require
from zdl_bench.problems.contract import Problem, ProblemSpec, Splits
from zdl_bench.run import Floats, Tensor
from zdl_bench.streams import Stream, Streams


@dataclass(frozen=True)
class Quadratic(ProblemSpec):
    """f(x) = ½ Σ λᵢ xᵢ² with λ from 1/condition_number to 1 at logarithmic distances; the start is (1, …, 1).

    gradient_noise: standard deviation of the normal noise that is added to each coordinate of the gradient in each step.
    The minimum is 0, so that the loss is the gap.
    """

    dimension: int = 2
    condition_number: float = 10.0
    gradient_noise: float = 0.0

    needs_data = False

    def __post_init__(self) -> None:
        require("problem.dimension", self.dimension, self.dimension >= 1, "there is at least 1 dimension")
        finite = 1 <= self.condition_number < math.inf
        require("problem.condition_number", self.condition_number, finite, "a condition number is 1 or more")
        noise = 0 <= self.gradient_noise < math.inf
        require("problem.gradient_noise", self.gradient_noise, noise, "a standard deviation is 0 or more")

    def check(self, train_size: int | None) -> None:
        """Nothing to check: there is no data."""

    def build(self, splits: Splits | None, dtype: npt.DTypeLike) -> "QuadraticBowl":
        return QuadraticBowl(self, np.dtype(dtype))


class QuadraticBowl(Problem):
    """A Quadratic in the run's dtype. A batch is the noise of the step, shape (dimension,)."""

    evaluated_splits = ()
    is_analytic = True

    def __init__(self, spec: Quadratic, dtype: np.dtype) -> None:
        self._noise = spec.gradient_noise
        self._eigenvalues = np.geomspace(1 / spec.condition_number, 1, spec.dimension).astype(dtype)
        self.layout = (Tensor(0, spec.dimension, (spec.dimension,)),)
        self.trivial_loss = 0.5 * float(self._eigenvalues.sum(dtype=np.float64))

    def init(self, rng: Stream) -> Floats:
        return np.ones_like(self._eigenvalues)

    def batches(self, rng: Streams) -> Iterator[Floats]:
        dtype = self._eigenvalues.dtype
        while True:
            yield (self._noise * rng.noise.standard_normal(len(self._eigenvalues))).astype(dtype)

    def loss_and_gradient(self, params: Floats, batch: Floats, grad: Floats) -> float:
        np.multiply(self._eigenvalues, params, out=grad)
        loss = 0.5 * float(np.dot(grad, params))
        grad += batch
        return loss

    def evaluate(self, params: Floats, split: str) -> dict[str, float]:
        return {"loss": 0.5 * float(np.dot(self._eigenvalues * params, params))}
