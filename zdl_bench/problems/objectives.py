"""The losses of a network: what its outputs mean, and how far they are from the labels."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt

from zdl_bench.errors import ConfigError
from zdl_bench.kernels.definition import Kernels, ordered_sum
from zdl_bench.kernels.elementary import exp, log, tanh
from zdl_bench.kernels.exponentials import select
from zdl_bench.problems.problem import Examples, Splits
from zdl_bench.run.config import CLASSES, NUMBERS
from zdl_bench.run.run import Floats

MAX_FACTORS = 500
"""The largest number of factors up to 2 in a product, which stays far below the largest double."""
Labels = npt.NDArray[Any]
PREDICTIONS = {"cross_entropy": CLASSES, "mse": NUMBERS}
"""Each choice of `problem.loss` → what its network predicts."""


class Objective(ABC):
    """A loss of a network's outputs, (batch, width) in the run's dtype.

    width: number of outputs. trivial_loss: the loss of the best answer that ignores the inputs.
    """

    width: int
    trivial_loss: float

    @abstractmethod
    def total_loss(self, outputs: Floats, labels: Labels, totals: Floats) -> float:
        """Return the sum of the rows' losses. `outputs` and `totals`, (batch,), become what `delta` needs."""

    @abstractmethod
    def delta(self, outputs: Floats, totals: Floats, labels: Labels, scale: Any) -> None:
        """Replace `outputs` by the gradient of the summed loss with respect to the outputs, times `scale`."""

    def counts(self, outputs: Floats, labels: Labels) -> dict[str, int]:
        """Return the number of rows with a property, by the name of its share. `outputs` are as `total_loss` left them."""
        return {}


class CrossEntropy(Objective):
    """Softmax cross-entropy in nats, for labels (batch,) uint8. epsilon: added to the probability inside the logarithm."""

    def __init__(self, kernels: Kernels, classes: int, epsilon: float) -> None:
        self.width = classes
        self.trivial_loss = float(log(np.float64(classes)))
        self._kernels = kernels
        self._epsilon = epsilon

    def total_loss(self, outputs: Floats, labels: Labels, totals: Floats) -> float:
        return self._kernels.cross_entropy(outputs, labels, self._epsilon, totals)

    def delta(self, outputs: Floats, totals: Floats, labels: Labels, scale: Any) -> None:
        self._kernels.softmax_delta(outputs, totals, labels, scale)

    def counts(self, outputs: Floats, labels: Labels) -> dict[str, int]:
        return {"accuracy": int(np.count_nonzero(outputs.argmax(axis=1) == labels))}


class SquaredError(Objective):
    """Mean over the outputs of (output − label)², for labels (batch, width). The trivial answer is their mean.

    spread: the mean over the outputs of the variance of the training set's labels.
    """

    def __init__(self, width: int, spread: float) -> None:
        self.width, self.trivial_loss = width, spread

    def total_loss(self, outputs: Floats, labels: Labels, totals: Floats) -> float:
        outputs -= labels
        differences = outputs.astype(np.float64)
        return float(ordered_sum((differences * differences).ravel()) / self.width)

    def delta(self, outputs: Floats, totals: Floats, labels: Labels, scale: Any) -> None:
        outputs *= outputs.dtype.type(2 * scale / self.width)


class PixelSquaredError(SquaredError):
    """SquaredError for labels of many numbers, whose squares are summed side by side."""

    def __init__(self, kernels: Kernels, width: int, spread: float) -> None:
        super().__init__(width, spread)
        self._kernels = kernels

    def total_loss(self, outputs: Floats, labels: Labels, totals: Floats) -> float:
        outputs -= labels
        return self._kernels.dot(outputs.ravel(), outputs.ravel()) / self.width


class PixelCrossEntropy(Objective):
    """Mean over the pixels of −y ln σ(z) − (1 − y) ln(1 − σ(z)) in nats, for outputs z and labels y, (batch, pixels) in [0, 1].

    train: the images. The trivial answer is their mean.
    """

    def __init__(self, kernels: Kernels, train: Examples, dtype: np.dtype) -> None:
        self.width = train.images.shape[1]
        means = train.pixel_sums[0] / (255 * len(train))
        shares = np.concatenate([means, 1 - means])
        terms = select(shares > 0, -shares * log(select(shares > 0, shares, 1)), 0)
        self.trivial_loss = float(ordered_sum(terms) / self.width)
        self._kernels = kernels
        nothing = np.empty((0, 1), dtype)
        for function in (
            _above_label,
            _odds,
            _sigmoid_error,
        ):  # compiled or loaded now, before the time of a run's steps counts
            kernels.chain(function, nothing, nothing)

    def total_loss(self, outputs: Floats, labels: Labels, totals: Floats) -> float:
        """Sum max(z, 0) − zy + ln(1 + e^−|z|). The logarithm of a product is faster than the sum of logarithms."""
        slopes, odds = outputs.copy(), outputs.copy()
        self._kernels.chain(_above_label, slopes, labels)
        self._kernels.chain(_odds, odds, labels)
        total = self._kernels.dot(outputs.ravel(), slopes.ravel())
        for start in range(0, self.width, MAX_FACTORS):
            products = np.multiply.accumulate(odds[:, start : start + MAX_FACTORS].T, dtype=np.float64)[-1]
            total += float(ordered_sum(log(products)))
        return total / self.width

    def delta(self, outputs: Floats, totals: Floats, labels: Labels, scale: Any) -> None:
        self._kernels.chain(_sigmoid_error, outputs, labels)
        outputs *= outputs.dtype.type(scale / self.width)


def _above_label(z: Any, y: Any) -> Any:
    return select(z > 0, 1, 0) - y


def _odds(z: Any, y: Any) -> Any:
    return 1 + exp(-np.abs(z))


def _sigmoid_error(z: Any, y: Any) -> Any:
    """Return σ(z) − y, the derivative of the loss of a pixel with respect to z."""
    return (1 + tanh(z * 0.5)) * 0.5 - y


def spread_of_numbers(labels: Labels) -> float:
    """Return the mean over the columns of their variance, for labels (n, width)."""
    numbers = labels.astype(np.float64)
    deviations = numbers - ordered_sum(numbers) / len(numbers)
    return float(ordered_sum((deviations * deviations).ravel()) / numbers.size)


def spread_of_pixels(images: Examples) -> float:
    """Return the mean over the pixels of their variance, with values from 0 to 1. The sums are those of integers, and exact."""
    sums, squares = images.pixel_sums
    return float(ordered_sum((len(images) * squares - sums * sums) / (len(images) * len(images))) / len(sums) / 255**2)


def objective_for(loss: str, epsilon: float, splits: Splits, kernels: Kernels) -> Objective:
    """Return the objective for `problem.loss` on these splits. Raise ConfigError if their labels are of the other kind."""
    found = NUMBERS if splits.classes is None else CLASSES
    if PREDICTIONS[loss] != found:
        fitting = next(word for word, kind in PREDICTIONS.items() if kind == found)
        raise ConfigError(f"problem.loss={loss}: the labels of this data set are {found}; give problem.loss={fitting}")
    if splits.classes is None:
        return SquaredError(splits.train.labels.shape[1], spread_of_numbers(splits.train.labels))
    return CrossEntropy(kernels, splits.classes, epsilon)
