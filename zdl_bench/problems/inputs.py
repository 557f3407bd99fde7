"""The inputs of a network: a batch of examples as a matrix, dense, or sparse if most pixels of the images are 0."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from zdl_bench.kernels.definition import Kernels, SparseRows
from zdl_bench.problems.problem import Examples
from zdl_bench.run.run import Floats

MAX_SPARSE_DENSITY = 0.40
"""Sparse products are faster than dense ones below this share of pixels that are not 0. It is 0.19 for MNIST."""
MAX_SPARSE_SIZE = 65_535
"""The largest number of pixels or rows that the indices of sparse rows can count."""


@dataclass
class Inputs(ABC):
    """A buffer for the pixels of up to `size` images of `pixels` pixels. Pixel values are float32(byte) / float32(255)."""

    kernels: Kernels
    size: int
    pixels: int
    dtype: np.dtype

    def __post_init__(self) -> None:
        self.values = (np.arange(256, dtype=np.float32) / np.float32(255)).astype(self.dtype)

    @abstractmethod
    def gather(self, examples: Examples, rows: npt.NDArray[np.int64]) -> None:
        """Fill the buffer with the images of these rows."""

    @abstractmethod
    def scale_columns(self, scales: Floats) -> None:
        """Multiply each pixel by the scale of its column, for scales (pixels,)."""

    @abstractmethod
    def product(self, w: Floats, out: Floats) -> None:
        """Set out ← inputs · w, for w (pixels, units) and out (images, units)."""

    @abstractmethod
    def transposed_product(self, d: Floats, out: Floats) -> None:
        """Set out ← inputsᵀ · d, for d (images, units) and out (pixels, units)."""


class Batch(NamedTuple):
    """The inputs and labels of a batch. labels: as in Examples."""

    inputs: Inputs
    labels: npt.NDArray[Any]


class DenseInputs(Inputs):
    def __post_init__(self) -> None:
        super().__post_init__()
        self._buffer = np.empty((self.size, self.pixels), self.dtype)
        self.matrix = self._buffer

    def gather(self, examples: Examples, rows: npt.NDArray[np.int64]) -> None:
        self.matrix = self._buffer[: len(rows)]
        self.kernels.gather(examples.images, rows, self.values, self.matrix)

    def scale_columns(self, scales: Floats) -> None:
        self.matrix *= scales

    def product(self, w: Floats, out: Floats) -> None:
        self.kernels.product(self.matrix, w, out)

    def transposed_product(self, d: Floats, out: Floats) -> None:
        self.kernels.transposed_product(self.matrix, d, out)


class FeatureInputs(DenseInputs):
    """Float32 features, which are taken as they are."""

    def gather(self, examples: Examples, rows: npt.NDArray[np.int64]) -> None:
        self.matrix = self._buffer[: len(rows)]
        self.matrix[:] = examples.images[rows]


class SparseInputs(Inputs):
    def __post_init__(self) -> None:
        super().__post_init__()
        room = self.size * self.pixels
        self._buffer = SparseRows(np.zeros(self.size + 1, np.int64), np.empty(room, np.uint16), np.empty(room, self.dtype))
        self.matrix = self._buffer

    def gather(self, examples: Examples, rows: npt.NDArray[np.int64]) -> None:
        self.matrix = self._buffer._replace(start=self._buffer.start[: len(rows) + 1])
        self.kernels.gather_sparse(examples.sparse_images, rows, self.values, self.matrix)

    def scale_columns(self, scales: Floats) -> None:
        start, column, value = self.matrix
        value[: start[-1]] *= scales[column[: start[-1]]]

    def product(self, w: Floats, out: Floats) -> None:
        self.kernels.sparse_product(self.matrix, w, out)

    def transposed_product(self, d: Floats, out: Floats) -> None:
        self.kernels.transposed_sparse_product(self.matrix, d, out)


def kind_of_inputs(train: Examples, batch_size: int) -> type[Inputs]:
    """Return the kind of inputs for a data set. It follows from the data and the config, so it is the same everywhere."""
    if train.images.dtype != np.uint8:
        return FeatureInputs
    fits = max(train.images.shape[1], batch_size) <= MAX_SPARSE_SIZE
    return SparseInputs if fits and train.density < MAX_SPARSE_DENSITY else DenseInputs
