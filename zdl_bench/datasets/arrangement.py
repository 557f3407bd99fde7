"""The order of a user's examples, which ones are for the test, and their scale."""

from collections.abc import Callable

import numpy as np

from zdl_bench.datasets.dataset import Arrays
from zdl_bench.datasets.own_arrays import Anything, Content, Part
from zdl_bench.kernels.definition import ordered_sum
from zdl_bench.kernels.streams import PortableStream
from zdl_bench.language import translatable, translate

ROWS_PER_SUM = 1_000
LARGE = 100.0
"""Features or labels beyond this make most networks diverge at the usual learning rates."""


def describe_data(arrays: Arrays, validation_size: int) -> str:
    """Return what was found, in words. Features that are far from 1 get a hint, since they make most networks diverge."""
    images, labels = arrays.train_images, arrays.train_labels
    has_pixels, has_classes = images.dtype == np.uint8, labels.dtype == np.uint8
    classes = len(np.unique(np.concatenate([labels, arrays.test_labels])))
    inputs, outputs = images.shape[1], classes if has_classes else labels.shape[1]
    found = translate(
        "{inputs}, {outputs}; {train:,} to train, {validation:,} to validate, {test:,} to test",
        inputs=translate("{count:,} pixels", count=inputs) if has_pixels else translate("{count:,} features", count=inputs),
        outputs=translate("{count} classes", count=outputs) if has_classes else translate("{count} to predict", count=outputs),
        train=len(labels) - validation_size,
        validation=validation_size,
        test=len(arrays.test_labels),
    )
    largest = max(float(np.abs(one).max()) for one in (images, labels) if one.dtype != np.uint8 or one is images)
    if has_pixels or largest <= LARGE:
        return found
    advice = translatable("{found}; numbers up to {largest:.3g}, dataset.standardize=true scales them")
    return translate(advice, found=found, largest=largest)


def split_content(content: Content, seed: int, test_size: int) -> tuple[Part, Part]:
    """Return the training and the test set. Without a given test set, the last examples of a random order are the test set.

    The training examples are always put into a random order, since files are often sorted by label.
    """
    order = PortableStream(np.random.SeedSequence(seed)).permutation(len(content.train.labels))
    everything = Part(content.train.images[order], content.train.labels[order])
    if content.test is not None:
        return everything, content.test
    cut = len(order) - test_size
    return Part(*(array[:cut] for array in everything)), Part(*(array[cut:] for array in everything))


def standardized(arrays: list[Anything], rows: int) -> list[Anything]:
    """Return (x − mean)/sd of each column in float32, by the first `rows` rows of the first array. A constant becomes 0."""
    train = arrays[0][:rows]
    mean = _column_sums(train, lambda x: x) / rows
    sd = np.sqrt(_column_sums(train, lambda x: (x - mean) * (x - mean)) / rows)
    sd[sd == 0] = 1
    made = [np.empty(array.shape, np.float32) for array in arrays]
    for array, out in zip(arrays, made, strict=True):
        for start in range(0, len(array), ROWS_PER_SUM):
            out[start : start + ROWS_PER_SUM] = (array[start : start + ROWS_PER_SUM] - mean) / sd
    return made


def _column_sums(array: Anything, term: Callable[[Anything], Anything]) -> Anything:
    """Return the sums of term(x) over the rows in float64, added in order, so that they have the same bits everywhere."""
    total = np.zeros(array.shape[1])
    for start in range(0, len(array), ROWS_PER_SUM):
        total = ordered_sum(np.vstack([total, term(array[start : start + ROWS_PER_SUM].astype(np.float64))]))
    return total
