"""The interface of problems: a ProblemSpec holds and checks the hyper-parameters, and builds a Problem."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from zdl_bench.kernels.definition import SparseRows, sparse_rows
from zdl_bench.kernels.streams import Stream, Streams
from zdl_bench.run.config import CLASSES, Choice
from zdl_bench.run.run import VALIDATION_PROBE, Floats, Layout

RECORDED_PARAMETERS = 16
"""The largest number of parameters for which the iterates of an analytic problem are recorded."""

Point = tuple[float, ...]
Domain = tuple[tuple[float, float], tuple[float, float]]
"""A rectangle: (x_low, x_high), (y_low, y_high)."""


@dataclass(frozen=True)
class Examples:
    """Labelled images. images: (n, pixels) uint8, or features (n, features) float32. labels: (n,) uint8, the classes, or
    (n, width) float32, the numbers to predict.
    """

    images: npt.NDArray[Any]
    labels: npt.NDArray[Any]

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def sparse_images(self) -> SparseRows:
        """The pixels that are not 0, as bytes."""
        return sparse_rows(self.images)

    @cached_property
    def density(self) -> float:
        """The share of pixels that are not 0."""
        return np.count_nonzero(self.images) / max(1, self.images.size)

    @cached_property
    def pixel_sums(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The sums of each pixel and of its square over the images, as bytes, each (pixels,)."""
        wide = (self.images[start : start + 1_000].astype(np.int64) for start in range(0, len(self), 1_000))
        sums = [(chunk.sum(axis=0), (chunk * chunk).sum(axis=0)) for chunk in wide]
        return sum(one for one, _ in sums), sum(square for _, square in sums)

    def part(self, start: int, stop: int) -> "Examples":
        return Examples(self.images[start:stop], self.labels[start:stop])

    def spread(self, count: int) -> "Examples":
        """Return `count` evenly spaced examples. No random number is drawn. No class is lost if the labels are sorted."""
        rows = np.arange(count) * len(self) // count
        return Examples(self.images[rows], self.labels[rows])


@dataclass(frozen=True)
class Splits:
    """The examples for training and evaluation.

    `probe` is part of `train`, `validation_sample` of `validation`, and `validation_probe` of `validation_sample`.
    classes: the number of classes, or None if the labels are numbers. checksum: that of the data set.
    """

    train: Examples
    validation: Examples
    test: Examples
    probe: Examples
    validation_sample: Examples
    classes: int | None
    checksum: str = ""

    @cached_property
    def validation_probe(self) -> Examples:
        """The validation images of each probe, evenly spread: few, so that evaluation takes little of a run's time."""
        return self.validation_sample.spread(min(VALIDATION_PROBE, len(self.validation_sample)))


class Problem(ABC):
    """A loss to minimize over a flat parameter vector of shape (n,) in the run's dtype."""

    layout: Layout
    trivial_loss: float
    """The loss without training: the loss of the best answer that ignores the inputs, or the loss at the start of an analytic
    problem.
    """
    evaluated_splits: tuple[str, ...]
    """The splits to evaluate at the end of a run."""
    is_analytic: bool
    gradient_scale: float = 1.0
    """The factor between the gradient and that of the recorded loss."""
    minimum: Point | None = None
    """The global minimum nearest to the start, or None if no minimum is known."""

    @abstractmethod
    def init(self, rng: Stream) -> Floats:
        """Return the initial parameters, shape (n,): drawn in float64, then cast to the run's dtype."""

    @abstractmethod
    def batches(self, rng: Streams) -> Iterator[Any]:
        """Yield batches endlessly, drawn from the streams for batches and for noise.

        A batch is valid until the next batch is drawn.
        """

    @abstractmethod
    def loss_and_gradient(self, params: Floats, batch: Any, grad: Floats) -> float:
        """Return the loss on the batch, and fill `grad`, shape (n,), with the gradient."""

    @abstractmethod
    def evaluate(self, params: Floats, split: str) -> dict[str, float]:
        """Return the metrics on a split, by name. The metric `loss` is always included."""


class ProblemSpec(ABC):
    """A frozen dataclass of a problem's hyper-parameters, validated when it is created."""

    needs_data: ClassVar[bool]
    predicts: str = CLASSES
    """The kind of labels that the problem needs, if it needs data."""
    domain: ClassVar[Domain | None] = None
    """The region in which a figure shows a function of two parameters; None for any other problem."""

    def loss_name(self, dataset: Choice | None) -> str:
        """Return the name of the loss of a run on a data set, for readers, with its unit."""
        return "probe loss (nats)"

    @abstractmethod
    def check(self, train_size: int | None) -> None:
        """Raise ConfigError if the problem does not fit the number of training examples, which is None without data."""

    @abstractmethod
    def build(self, splits: Splits | None, dtype: npt.DTypeLike) -> Problem:
        """Return the problem with these hyper-parameters; `splits` is None if and only if `needs_data` is False."""
