"""An autoencoder: a network that has to give back its inputs through a narrow layer."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from zdl_bench.errors import ConfigError
from zdl_bench.problems.mlp import MLP, Network
from zdl_bench.problems.objectives import Objective, PixelCrossEntropy, PixelSquaredError, spread_of_numbers, spread_of_pixels
from zdl_bench.problems.problem import Examples, Splits
from zdl_bench.run.config import INPUTS


@dataclass(frozen=True)
class Autoencoder(MLP):
    """An MLP whose outputs should be its inputs: pixels in [0, 1], or features as they are. Labels play no part.

    loss: mse, the mean squared error of linear outputs; or binary_cross_entropy of sigmoid outputs, for images only. Both are
    means over the pixels. Sums over the pixels, as often published, are this times the number of pixels, and so are gradients.
    Source: Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks, Science 313; as a test of
    optimizers: Martens 2010, Deep learning via Hessian-free optimization (ICML).
    """

    hidden: tuple[int, ...] = (100, 20, 100)
    activation: str = "tanh"
    init: str = "xavier"
    loss: str = "mse"

    losses: ClassVar[Collection[str]] = ("mse", "binary_cross_entropy")

    @property
    def predicts(self) -> str:  # type: ignore[override]
        return INPUTS

    def build(self, splits: Splits | None, dtype: npt.DTypeLike) -> "AutoencoderNetwork":
        assert splits is not None, "an autoencoder needs a data set"
        return AutoencoderNetwork(self, splits, np.dtype(dtype))


class AutoencoderNetwork(Network):
    """A Network whose labels are the inputs, (batch, pixels), in the run's dtype."""

    def _objective_on(self, splits: Splits) -> Objective:
        train = splits.train
        self._values = None if train.images.dtype != np.uint8 else np.arange(256, dtype=np.float32) / np.float32(255)
        if self.spec.loss == "mse":
            spread = spread_of_numbers(train.images) if self._values is None else spread_of_pixels(train)
            return PixelSquaredError(self._kernels, train.images.shape[1], spread)
        if self._values is None:
            raise ConfigError("problem.loss=binary_cross_entropy: the inputs are no pixels in [0, 1]; give problem.loss=mse")
        return PixelCrossEntropy(self._kernels, train, self.dtype)

    def _labels(self, examples: Examples, rows: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        chosen = examples.images[rows]
        return (chosen if self._values is None else self._values[chosen]).astype(self.dtype)
