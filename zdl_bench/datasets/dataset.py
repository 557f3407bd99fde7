"""The interface of data sets."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy.typing as npt

from zdl_bench.errors import ConfigError, DataError
from zdl_bench.run.config import NUMBERS, Value


class Arrays(NamedTuple):
    """The training set and the test set. Equal only to itself.

    images: (n, pixels) uint8, or features (n, features) float32. labels: (n,) uint8, or numbers to predict, (n, width) float32.
    """

    train_images: npt.NDArray[Any]
    train_labels: npt.NDArray[Any]
    test_images: npt.NDArray[Any]
    test_labels: npt.NDArray[Any]

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


class DataSet(ABC):
    """A data set, as one YAML of `conf/dataset/` describes it."""

    name: str
    classes: int | None
    """The number of classes. None if the labels are numbers, or if the labels alone tell how many classes there are."""
    train_size: int
    """The number of training images, including the validation images, which are later taken from their end."""
    source: str | None = None
    """An identifier of the decoding code, or None if ENGINE_VERSION covers it. Arrays that other code decoded are not used."""
    test_size: int | None = None
    """The number of test images, the denominator of a test accuracy. None if it is not known before the images are read."""
    remarks: Sequence[str] = ()
    """What the user should know of data that were read just now, in sentences for the start of a sweep."""
    passed_over: Sequence[str] = ()
    """The reasons why places could not be used when the data were last searched for, one sentence per place."""

    @property
    @abstractmethod
    def checksum(self) -> str:
        """64 hex digits that identify the content of the data and are known before the data are read."""

    @property
    def cache_name(self) -> str:
        """The name of the folder of the decoded arrays in the cache."""
        return self.checksum[:16] if self.source is None else f"{self.checksum[:16]}-{self.source}"

    def open(self, predicts: str) -> None:
        """Look for the data before runs are planned, with labels of the kind that a problem predicts.

        Raise DataError if the user named a place that does not hold the data, ConfigError if the labels are of another kind.
        """
        if predicts == NUMBERS:
            raise ConfigError(f"dataset={self.name}: its labels are classes; leave out problem.loss=mse, or name other data")
        self.require_location()

    def default_validation_size(self) -> int | None:
        """Return how many training images validate if neither the user nor the YAML says it, or None if one has to."""
        return None

    def keep(self, validation_size: int) -> dict[str, Value]:
        """Return the values that identify the data in the config of a run. The last training images validate."""
        return {"checksum": self.checksum, "validation_size": validation_size}

    def of_run(self, values: Mapping[str, Value]) -> "DataSet":
        """Return the data set of a run, whose config has these values. Raise DataError if this is not the data of the run."""
        if values.get("checksum") != self.checksum:
            raise DataError(
                f"dataset={self.name}: its YAML names other data than the run was trained on; restore that YAML, "
                "or install the zdl_bench that planned the run"
            )
        return self

    def changes(self) -> str:
        """Return a sentence if the files of the data have changed since they were read; else an empty text."""
        return ""

    @abstractmethod
    def decode(self) -> Arrays:
        """Read, check and return the arrays. Raise DataError if the data are missing or have a wrong checksum."""

    def require_at_hand(self) -> None:
        """Raise DataError with the reason unless the data are on this machine or can be downloaded from a mirror now."""

    def decode_local(self) -> Arrays | None:
        """Return the arrays decoded from files on this machine, or None if there are no files of this data set."""
        return None

    def require_location(self) -> None:
        """Raise DataError if the user named a place that does not hold the data."""

    def must_be_decoded(self) -> bool:
        """Return whether to read the source even if the cache holds decoded arrays."""
        return False
