"""Multinomial logistic regression with a penalty on the weights: convex, with a minimum that is known on the digits."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from zdl_bench.errors import require
from zdl_bench.kernels.streams import Streams
from zdl_bench.problems.inputs import Batch
from zdl_bench.problems.mlp import MLP, Network
from zdl_bench.problems.problem import Splits
from zdl_bench.run.config import Choice
from zdl_bench.run.run import Floats

DIGITS_CHECKSUM = "a19cb3d96bba7deace8ee5a513a6eb7bad0403d528f00bf4d351b6a7a55baa91"
VALIDATION = 300
"""The checksum of the digits, and the number of those that are not for training by default."""
ROUNDING = 1e-5
"""A gap below 0 by less than this is 0: in float32 the loss is rounded. The loss of a small batch may well be below f*."""


@dataclass(frozen=True)
class Logistic(MLP):
    """f(w) = mean softmax cross-entropy of the training images + ½·l2·‖w‖², with w all weights and biases

    l2: above 0, so that there is exactly one minimum. The start is 0, and the default batch is all 1,200 digits.
    On the digits the loss is the gap f − f* on all training images, without validation, since only f is minimized. f* is known
    for the l2 in MINIMA. Otherwise f* counts as 0, and the probe's images stand for all, as in other networks.
    Source: textbooks, for example Bishop 2006, Pattern recognition and machine learning (Springer), section 4.3.4.
    """

    hidden: tuple[int, ...] = ()
    init_std: float = 0.0
    loss_reduction: str = "mean"
    batch_size: int = 1200
    sampling: str = "epochs"
    l2: float = 0.001

    MINIMA: ClassVar[dict[float, float]] = {
        0.1: 1.65757895962767,
        0.01: 0.7139216487566051,
        0.001: 0.2335873449181322,
        0.0001: 0.06685610885087553,
    }
    """l2 → f* on the 1,200 digits for training. Found by Newton's method from 0 in float64, to slopes below 2e-15."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require("problem.l2", self.l2, 0 < self.l2 < math.inf, "l2 must be finite and above 0, or there may be no minimum")

    def known_minimum(self, checksum: object, validation_size: object) -> float | None:
        """Return f* on a data set, or None if it is not known."""
        return self.MINIMA.get(self.l2) if (checksum, validation_size) == (DIGITS_CHECKSUM, VALIDATION) else None

    def loss_name(self, dataset: Choice | None) -> str:
        values = dataset.values if dataset else {}
        is_known = self.known_minimum(values.get("checksum"), values.get("validation_size")) is not None
        return "gap to the minimum (nats)" if is_known else "penalized probe loss (nats)"

    def build(self, splits: Splits | None, dtype: npt.DTypeLike) -> "PenalizedNetwork":
        assert splits is not None, "a logistic regression needs a data set"
        return PenalizedNetwork(self, splits, np.dtype(dtype))


class PenalizedNetwork(Network):
    """A Network without hidden layers, with a penalty. Its loss is f − f*."""

    def __init__(self, spec: Logistic, splits: Splits, dtype: np.dtype) -> None:
        super().__init__(spec, splits, dtype)
        minimum = spec.known_minimum(splits.checksum, len(splits.validation))
        self._l2, self._minimum = spec.l2, minimum or 0.0
        self._probed = "probe" if minimum is None else "train"
        self.trivial_loss -= self._minimum
        self.evaluated_splits = ("test",)

    def batches(self, rng: Streams) -> Iterator[Batch]:
        """Yield the whole training set if it fits into a batch, always in the same order: seeds then change no bit."""
        train = self._splits.train
        if self.spec.sampling == "epochs" and self.spec.batch_size == len(train):
            return repeat(self._gather(self._inputs(len(train)), train, np.arange(len(train))))
        return super().batches(rng)

    def loss_and_gradient(self, params: Floats, batch: Batch, grad: Floats) -> float:
        loss = super().loss_and_gradient(params, batch, grad)
        grad += grad.dtype.type(self._l2 * self.gradient_scale) * params
        return self._penalized(loss, params)

    def evaluate(self, params: Floats, split: str) -> dict[str, float]:
        """Return the gap on the probe, and the cross-entropy without the penalty on any other split."""
        if split != "probe":
            return super().evaluate(params, split)
        found = super().evaluate(params, self._probed)
        return found | {"loss": self._penalized(found["loss"], params)}

    def _penalized(self, loss: float, params: Floats) -> float:
        gap = loss + 0.5 * self._l2 * self._kernels.dot(params, params) - self._minimum
        return 0.0 if -ROUNDING < gap < 0 else gap
