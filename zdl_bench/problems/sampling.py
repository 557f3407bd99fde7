"""Ways to choose the training images of a batch. Each choice of `problem.sampling` is a function of this module."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from zdl_bench.kernels.streams import Stream

IMAGES_PER_DRAW = 8_192
"""The number of images drawn at once. One draw per batch would give the same images, but take much longer."""


def sample_with_replacement(rng: Stream, examples: int, batch_size: int) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the row indices of each batch, shape (batch_size,). Every image is drawn independently of all others."""
    batches = max(1, IMAGES_PER_DRAW // batch_size)
    while True:
        yield from rng.integers(examples, size=batches * batch_size).reshape(batches, batch_size)


def sample_in_epochs(rng: Stream, examples: int, batch_size: int) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the row indices of each batch, shape (batch_size,). Each epoch is a new permutation.

    An incomplete last batch of an epoch is dropped.
    """
    while True:
        order = rng.permutation(examples)
        for start in range(0, examples - batch_size + 1, batch_size):
            yield order[start : start + batch_size]


SAMPLINGS = {"replacement": sample_with_replacement, "epochs": sample_in_epochs}
