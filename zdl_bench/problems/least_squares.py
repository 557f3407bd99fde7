"""Ill-conditioned linear least squares, with a design from a seed and gradients of all rows or of some."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from zdl_bench.errors import require
from zdl_bench.kernels.definition import ordered_sum
from zdl_bench.kernels.elementary import geometric
from zdl_bench.kernels.streams import Stream, Streams, spawned_streams
from zdl_bench.problems.analytic import AnalyticProblem, AnalyticSpec
from zdl_bench.problems.problem import Point, Splits
from zdl_bench.problems.sampling import sample_with_replacement
from zdl_bench.run.run import Floats

MAX_DESIGN_ROWS = 10_000


class Design(NamedTuple):
    """features: (rows, dimension). numbers: those to predict, (rows,). best: the weights at the minimum, (dimension,)."""

    features: Floats
    numbers: Floats
    best: Floats


@dataclass(frozen=True)
class LeastSquares(AnalyticSpec):
    """f(w) = ‖Xw − y‖²/2n for n rows. The start is 0, and the minimum is known from the way in which X and y are made.

    X = Q·diag(√(nλᵢ))·Vᵀ with orthonormal Q and V, so the Hessian VᵀXᵀXV/n has the eigenvalues λᵢ: evenly spaced on a
    logarithmic scale from 1/condition_number to 1, in directions oblique to the axes. y = Xw* + r with normal w*, and r
    orthogonal to the columns of X. The loss is the gap f(w) − f(w*) = ‖X(w − w*)‖²/2n, over all rows in every step.

    rows: n, at most 10,000. dimension: number of weights, at most n. condition_number: at least 1. residual_std: standard
    deviation of r before it is made orthogonal; with it, gradients of some rows have noise at the minimum. batch_size: rows per
    step, drawn with replacement; n takes each row once, so there is no noise. design_seed: seed of Q, V, w* and r.
    Source: textbooks of numerical linear algebra, for example Björck 1996, Numerical methods for least squares problems (SIAM).
    """

    rows: int = 200
    dimension: int = 20
    condition_number: float = 1e3
    residual_std: float = 0.1
    batch_size: int = 200
    design_seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        require("problem.rows", self.rows, 1 <= self.rows <= MAX_DESIGN_ROWS, f"choose 1 to {MAX_DESIGN_ROWS:,} rows")
        fits = 1 <= self.dimension <= self.rows
        require("problem.dimension", self.dimension, fits, "choose at least 1 and at most problem.rows")
        finite = 1 <= self.condition_number < math.inf
        require("problem.condition_number", self.condition_number, finite, "a condition number must be finite and at least 1")
        spread = 0 <= self.residual_std < math.inf
        require("problem.residual_std", self.residual_std, spread, "a standard deviation must be finite and at least 0")
        fits = 1 <= self.batch_size <= self.rows
        require("problem.batch_size", self.batch_size, fits, "choose at least 1 and at most problem.rows")
        require("problem.design_seed", self.design_seed, 0 <= self.design_seed < 2**63, "a seed is an integer of at least 0")

    @property
    def start(self) -> Point:
        return (0.0,) * self.dimension

    @property
    def minima(self) -> tuple[Point, ...]:
        return (tuple(self.design.best.tolist()),)

    @cached_property
    def design(self) -> Design:
        rng = spawned_streams(self.design_seed).weights
        rows, directions = _orthonormal(rng, self.rows, self.dimension), _orthonormal(rng, self.dimension, self.dimension)
        scales = np.sqrt(self.rows * geometric(1 / self.condition_number, 1, self.dimension))
        features = _product(rows * scales, directions.T)
        best, residuals = rng.standard_normal(self.dimension), self.residual_std * rng.standard_normal(self.rows)
        within = _product(rows, _product(rows.T, residuals))
        return Design(features, _product(features, best) + residuals - within, best)

    def value(self, w: Floats) -> Floats:
        away = w.reshape(self.dimension, -1) - self.design.best[:, np.newaxis]
        errors = _product(self.design.features, away)
        return np.asarray(ordered_sum(errors * errors) / (2 * self.rows)).reshape(w.shape[1:])

    def gradient(self, w: Floats) -> Floats:
        flat = w.reshape(self.dimension, -1)
        features, numbers = (array.astype(w.dtype) for array in self.design[:2])
        errors = _product(features, flat) - numbers[:, np.newaxis]
        return (_product(features.T, errors) / w.dtype.type(self.rows)).reshape(w.shape)

    def build(self, splits: Splits | None, dtype: npt.DTypeLike) -> "RowsProblem":
        return RowsProblem(self, np.dtype(dtype))


class RowsProblem(AnalyticProblem):
    """The problem of LeastSquares, in the run's dtype. A batch is the indices of rows, (batch_size,)."""

    def __init__(self, spec: LeastSquares, dtype: np.dtype) -> None:
        super().__init__(spec, dtype)
        self._rows, self._size = spec.rows, spec.batch_size
        self._features, self._numbers = (array.astype(dtype) for array in spec.design[:2])

    def batches(self, rng: Streams) -> Iterator[Any]:
        if self._size == self._rows:
            return repeat(np.arange(self._rows))
        return sample_with_replacement(rng.batches, self._rows, self._size)

    def loss_and_gradient(self, params: Floats, batch: Any, grad: Floats) -> float:
        features = self._features[batch]
        errors = _product(features, params) - self._numbers[batch]
        np.divide(_product(features.T, errors), grad.dtype.type(self._size), out=grad)
        return self.evaluate(params, "probe")["loss"]


def _product(a: Floats, b: Floats) -> Floats:
    """Return a·b for a (m, k) and b (k,) or (k, n), the terms added by ascending index."""
    columns = a.T[:, :, np.newaxis] * b.reshape(len(b), 1, -1)
    return np.asarray(ordered_sum(columns)).reshape(len(a), *b.shape[1:])


def _orthonormal(rng: Stream, rows: int, columns: int) -> Floats:
    """Return random orthonormal columns, (rows, columns): normals, made orthogonal to those before them, twice for rounding."""
    drawn = rng.standard_normal((columns, rows))
    for number in range(columns):
        for other in [*drawn[:number]] * 2:
            drawn[number] -= ordered_sum(drawn[number] * other) * other
        drawn[number] /= np.sqrt(ordered_sum(drawn[number] * drawn[number]))
    return drawn.T
