"""The 1,797 handwritten digits of 8 × 8 pixels that scikit-learn contains. Unlike MNIST, they need no download."""

import hashlib

import numpy as np

from zdl_bench.datasets.dataset import Arrays, DataSet
from zdl_bench.errors import DataError

IMAGES = 1797


class Digits(DataSet):
    """Scikit-learn's digits: the first `train_size` images are the training set, the others the test set.

    Pixel values from 0 to 16 are scaled to 0 to 255.

    train_size: number of training images, out of 1,797. sha256: expected SHA-256 of all images and labels.
    Source: scikit-learn's `load_digits`, a copy of the test set of Alpaydin & Kaynak 1998, UCI "Optical Recognition of
    Handwritten Digits", CC BY 4.0.
    """

    def __init__(self, name: str, classes: int, train_size: int, sha256: str) -> None:
        self.name = name
        self.classes = classes
        self.train_size = train_size
        self.test_size = IMAGES - train_size
        self._sha256 = sha256

    @property
    def checksum(self) -> str:
        return self._sha256

    def decode(self) -> Arrays:
        from sklearn.datasets import load_digits

        bunch = load_digits()
        images = np.rint(bunch.data * (255 / 16)).astype(np.uint8)
        labels = bunch.target.astype(np.uint8)
        found = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
        if found != self._sha256:
            raise DataError(
                f"dataset={self.name}: the digits in the installed scikit-learn have the wrong checksum "
                f"(SHA-256 {found[:16]}…, not {self._sha256[:16]}…); install a scikit-learn version that pyproject.toml allows"
            )
        n = self.train_size
        return Arrays(images[:n], labels[:n], images[n:], labels[n:])
