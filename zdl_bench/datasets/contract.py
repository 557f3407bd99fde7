"""What a data set is, and the cache of decoded arrays that every worker maps."""

import hashlib
import json
import os
import shutil
from abc import ABC, abstractmethod
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zdl_bench.drafts import DRAFTS, draft_folder, remove_abandoned
from zdl_bench.errors import DataError


class Arrays(NamedTuple):
    """Images (n, pixels) uint8 and labels (n,) uint8 of the training and the test set."""

    train_images: npt.NDArray[np.uint8]
    train_labels: npt.NDArray[np.uint8]
    test_images: npt.NDArray[np.uint8]
    test_labels: npt.NDArray[np.uint8]


class DataSet(ABC):
    """Where the images of one `conf/dataset/` YAML come from."""

    name: str
    classes: int
    train_size: int
    """Training images, before the validation images are taken off their end."""
    test_size: int | None = None
    """Test images: how many an accuracy counts. None if that takes reading them."""

    @property
    @abstractmethod
    def checksum(self) -> str:
        """64 hex digits that change whenever the content does; known without reading the data."""

    @abstractmethod
    def decode(self) -> Arrays:
        """The arrays, read from their source and checked.

        Raises DataError where they cannot be had or are not what the checksum promises.
        """

    def is_at_hand(self) -> bool:
        """Whether the data can be had now: they are here, or somebody who serves them answers."""
        return True

    def decode_local(self) -> Arrays | None:
        """As decode, but from files that are on this machine; None where there are none, or none of this data set."""
        return None

    def require_location(self) -> None:
        """Raises DataError where a place was given, and the data are not there."""

    def must_be_decoded(self) -> bool:
        """Whether the source is to be read even where the decoded arrays are cached."""
        return False


def cache_folder() -> Path:
    """The user's cache of this project (honours XDG_CACHE_HOME)."""
    from platformdirs import user_cache_path

    return user_cache_path("zdl_bench", appauthor=False)


def ensure_decoded(dataset: DataSet) -> None:
    """Decodes a data set into the cache unless sound arrays are there already. The parent does this once per sweep.

    Raises DataError.
    """
    if dataset.must_be_decoded() or not has_sound_arrays(dataset):
        keep_decoded(dataset, dataset.decode())
    _mapped_and_checked(dataset)


def keep_decoded(dataset: DataSet, arrays: Arrays) -> None:
    """Writes arrays that are what the checksum promises into the cache, unless sound ones are there. Raises DataError."""
    folder = _decoded_folder(dataset.checksum)
    if _is_sound(folder):
        return
    if any(array.dtype != np.uint8 for array in arrays):
        raise DataError(f"dataset={dataset.name}: its images and labels are no bytes; decode() gives arrays of uint8")
    try:
        _write(arrays, folder)
    except OSError as error:
        raise DataError(
            f"the cache {folder} cannot be written ({error.strerror or error}); "
            "free some space, or name another place with the variable XDG_CACHE_HOME"
        ) from error


def load_decoded(dataset: DataSet) -> Arrays:
    """The decoded arrays, mapped read-only, so that all workers of a machine share their pages.

    Raises DataError, also for a label beyond the classes.
    """
    if not is_decoded(dataset):
        ensure_decoded(dataset)
    return _mapped_and_checked(dataset)


def _mapped_and_checked(dataset: DataSet) -> Arrays:
    arrays = _mapped(_decoded_folder(dataset.checksum))
    largest = max(int(labels.max(initial=0)) for labels in (arrays.train_labels, arrays.test_labels))
    if largest >= dataset.classes:
        raise DataError(
            f"dataset={dataset.name}: a label is {largest}, and labels go from 0 to {dataset.classes - 1}; "
            f"set classes in its YAML to {largest + 1}, or number the labels from 0"
        )
    return arrays


def _mapped(folder: Path) -> Arrays:
    return Arrays(*(np.load(folder / f"{field}.npy", mmap_mode="r", allow_pickle=False) for field in Arrays._fields))


def is_decoded(dataset: DataSet) -> bool:
    """Whether decoded arrays are in the cache."""
    return _decoded_folder(dataset.checksum).is_dir()


def has_sound_arrays(dataset: DataSet) -> bool:
    """Whether the arrays in the cache are those that were written there: reads all of them."""
    return _is_sound(_decoded_folder(dataset.checksum))


def _decoded_folder(checksum: str) -> Path:
    return cache_folder() / "decoded" / checksum[:16]


def _write(arrays: Arrays, folder: Path) -> None:
    """A folder is there whole or not at all: it is written beside its place and renamed."""
    remove_abandoned(folder.parent.glob(DRAFTS))
    with draft_folder(folder) as draft:
        for field, array in arrays._asdict().items():
            np.save(draft / f"{field}.npy", np.ascontiguousarray(array), allow_pickle=False)
        (draft / "sha256.json").write_text(json.dumps(content_hashes(arrays)))
        try:
            os.replace(draft, folder)
        except OSError:  # there is a folder already: unsound, or another process was faster
            if not _is_sound(folder):
                shutil.rmtree(folder)
                os.replace(draft, folder)


def _is_sound(folder: Path) -> bool:
    try:
        expected = json.loads((folder / "sha256.json").read_text())
        arrays = _mapped(folder)
    except (OSError, ValueError, EOFError):  # the last is numpy's word for an empty file
        return False
    return bool(expected == content_hashes(arrays))


def content_hashes(arrays: Arrays) -> dict[str, str]:
    """SHA-256 of each array's content, by its name."""
    return {field: hashlib.sha256(np.ascontiguousarray(array).data).hexdigest() for field, array in arrays._asdict().items()}
