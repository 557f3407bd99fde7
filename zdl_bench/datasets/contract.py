"""What a data set is, and the cache of decoded arrays that every worker maps."""

import hashlib
import json
import os
import shutil
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

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
    folder = _decoded_folder(dataset.checksum)
    if not dataset.must_be_decoded() and _is_sound(folder):
        return
    arrays = dataset.decode()
    if _is_sound(folder):
        return
    try:
        _write(arrays, folder)
    except OSError as error:
        raise DataError(
            f"the cache {folder} cannot be written ({error.strerror}); "
            "free some space, or name another place with the variable XDG_CACHE_HOME"
        ) from error


def load_decoded(dataset: DataSet) -> Arrays:
    """The decoded arrays, mapped read-only, so that all workers of a machine share their pages."""
    if not is_decoded(dataset):
        ensure_decoded(dataset)
    folder = _decoded_folder(dataset.checksum)
    return Arrays(*(np.load(folder / f"{field}.npy", mmap_mode="r", allow_pickle=False) for field in Arrays._fields))


def is_decoded(dataset: DataSet) -> bool:
    """Whether decoded arrays are in the cache."""
    return _decoded_folder(dataset.checksum).is_dir()


def _decoded_folder(checksum: str) -> Path:
    return cache_folder() / "decoded" / checksum[:16]


def _write(arrays: Arrays, folder: Path) -> None:
    """A folder is there whole or not at all: it is written beside its place and renamed."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".draft-"))
    try:
        for field, array in arrays._asdict().items():
            np.save(draft / f"{field}.npy", array, allow_pickle=False)
        (draft / "sha256.json").write_text(json.dumps({f: _content_hash(a) for f, a in arrays._asdict().items()}))
        try:
            os.replace(draft, folder)
        except OSError:  # there is a folder already: unsound, or another process was faster
            if not _is_sound(folder):
                shutil.rmtree(folder)
                os.replace(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _is_sound(folder: Path) -> bool:
    try:
        expected = json.loads((folder / "sha256.json").read_text())
        arrays = {field: np.load(folder / f"{field}.npy", mmap_mode="r", allow_pickle=False) for field in Arrays._fields}
    except (OSError, ValueError):
        return False
    return bool(expected == {field: _content_hash(array) for field, array in arrays.items()})


def _content_hash(array: npt.NDArray[np.uint8]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()
