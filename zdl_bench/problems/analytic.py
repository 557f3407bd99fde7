"""The base classes of analytic problems: functions in closed form, with noise on the gradient and without data."""

import math
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from zdl_bench.errors import require
from zdl_bench.kernels.definition import ordered_sum
from zdl_bench.kernels.elementary import power
from zdl_bench.kernels.streams import Stream, Streams
from zdl_bench.problems.problem import Point, Problem, ProblemSpec, Splits
from zdl_bench.run.config import Choice
from zdl_bench.run.run import Floats, Tensor

MAX_DIMENSIONS = 1_000_000
NORMALS_PER_DRAW = 4_096
"""The number of normals drawn at once for the noise of some steps."""


@dataclass(frozen=True)
class AnalyticSpec(ProblemSpec):
    """A function in closed form. One point has the shape (dimension,); many points have the shape (dimension, …).

    gradient_noise: standard deviation of the normal noise that is added to each coordinate of the gradient in each step.
    start_std: standard deviation of the normal displacement that is added to each coordinate of the start, once per seed.
    """

    gradient_noise: float = field(default=0.0, kw_only=True)
    start_std: float = field(default=0.0, kw_only=True)

    needs_data = False

    def __post_init__(self) -> None:
        noise = 0 <= self.gradient_noise < math.inf
        require("problem.gradient_noise", self.gradient_noise, noise, "a standard deviation must be finite and at least 0")
        spread = 0 <= self.start_std < math.inf
        require("problem.start_std", self.start_std, spread, "a standard deviation must be finite and at least 0")

    @property
    @abstractmethod
    def start(self) -> Point:
        """The starting point of all runs, before the random displacement."""

    @property
    @abstractmethod
    def minima(self) -> tuple[Point, ...]:
        """The global minima, or an empty tuple if there are none."""

    @property
    def noise_std(self) -> float | Floats:
        """The standard deviation of the gradient noise: one for all coordinates, or one for each, (dimension,)."""
        return self.gradient_noise

    @abstractmethod
    def value(self, w: Floats) -> Floats:
        """Return the gap f − f*, or f if there is no minimum, at points of shape (dimension, …), as float64 of shape (…)."""

    @abstractmethod
    def gradient(self, w: Floats) -> Floats:
        """Return the gradient at points of shape (dimension, …), in the shape and dtype of `w`."""

    def draw_start(self, rng: Stream) -> Floats:
        """Return the starting point of one seed, shape (dimension,), float64."""
        start = np.array(self.start)
        return start + self.start_std * rng.standard_normal(len(start)) if self.start_std else start

    def trivial_loss(self, start: Floats) -> float:
        """Return the loss at the starting point, that is, without any training."""
        return float(self.value(start))

    def loss_name(self, dataset: Choice | None) -> str:
        return "gap to the minimum" if self.minima else "value of the function"

    def check(self, train_size: int | None) -> None:
        """Do nothing: an analytic problem has no data to check."""

    def build(self, splits: Splits | None, dtype: npt.DTypeLike) -> "AnalyticProblem":
        return AnalyticProblem(self, np.dtype(dtype))


class AnalyticProblem(Problem):
    """The problem of an AnalyticSpec, in the run's dtype. A batch is the gradient noise of one step, shape (dimension,)."""

    evaluated_splits = ()
    is_analytic = True

    def __init__(self, spec: AnalyticSpec, dtype: np.dtype) -> None:
        self._spec = spec
        self._dtype = dtype
        self._dimension = len(spec.start)
        self.layout = (Tensor(0, self._dimension, (self._dimension,)),)
        self._start_at(np.array(spec.start, dtype))

    def init(self, rng: Stream) -> Floats:
        """Return a randomly drawn starting point; set `trivial_loss` and `minimum`, which depend on the starting point."""
        start = self._spec.draw_start(rng).astype(self._dtype)
        self._start_at(start)
        return start

    def _start_at(self, start: Floats) -> None:
        self.trivial_loss = self._spec.trivial_loss(start)
        self.minimum = min(self._spec.minima, key=lambda minimum: _squared_distance(minimum, start), default=None)

    def batches(self, rng: Streams) -> Iterator[Floats]:
        steps = max(1, NORMALS_PER_DRAW // self._dimension)
        while True:
            yield from (self._spec.noise_std * rng.noise.standard_normal((steps, self._dimension))).astype(self._dtype)

    def loss_and_gradient(self, params: Floats, batch: Floats, grad: Floats) -> float:
        np.add(self._spec.gradient(params), batch, out=grad)
        return float(self._spec.value(params))

    def evaluate(self, params: Floats, split: str) -> dict[str, float]:
        return {"loss": float(self._spec.value(params))}


def _squared_distance(minimum: Point, start: Floats) -> float:
    return float(ordered_sum(power(np.array(minimum) - start.astype(np.float64), 2)))
