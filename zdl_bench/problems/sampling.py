"""Which training images are in a batch. One function of this module per choice of `problem.sampling`."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from zdl_bench.run.streams import Stream

IMAGES_PER_DRAW = 8_192
"""Images: the numbers are those of one draw per batch, in a fraction of the time."""


def sample_with_replacement(rng: Stream, examples: int, batch_size: int) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the rows of each batch, (batch,), every image drawn independently of all others."""
    batches = max(1, IMAGES_PER_DRAW // batch_size)
    while True:
        yield from rng.integers(examples, size=batches * batch_size).reshape(batches, batch_size)


def sample_in_epochs(rng: Stream, examples: int, batch_size: int) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the rows of each batch, (batch,), from a new permutation in each epoch; an incomplete last batch is left out."""
    while True:
        order = rng.permutation(examples)
        for start in range(0, examples - batch_size + 1, batch_size):
            yield order[start : start + batch_size]


SAMPLINGS = {"replacement": sample_with_replacement, "epochs": sample_in_epochs}
