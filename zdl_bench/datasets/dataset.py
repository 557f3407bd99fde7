"""The contract of a data set, and the cache of decoded arrays that every worker maps."""

import hashlib
import json
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zdl_bench.errors import DataError, display
from zdl_bench.run.atomic import DRAFTS, draft_folder, remove_abandoned


class Arrays(NamedTuple):
    """Images (n, pixels) uint8 and labels (n,) uint8 of the training and the test set."""

    train_images: npt.NDArray[np.uint8]
    train_labels: npt.NDArray[np.uint8]
    test_images: npt.NDArray[np.uint8]
    test_labels: npt.NDArray[np.uint8]


class DataSet(ABC):
    """The source of the images of one `conf/dataset/` YAML."""

    name: str
    classes: int
    train_size: int
    """Training images, before the validation images are taken off their end."""
    source: str | None = None
    """What identifies the code that decodes; None for the engine's. Arrays that other code decoded are not used."""
    test_size: int | None = None
    """Test images, the denominator of an accuracy; None if it is unknown before they are read."""
    passed_over: Sequence[str] = ()
    """What could not be read when the data were last looked for, and why, a sentence each."""

    @property
    @abstractmethod
    def checksum(self) -> str:
        """64 hex digits that change whenever the content does; known without reading the data."""

    @abstractmethod
    def decode(self) -> Arrays:
        """Read the arrays from their source and check them. Raise DataError if they are missing or have another checksum."""

    def require_at_hand(self) -> None:
        """Raise DataError with the reason unless the data are on this machine, or a mirror serves them now."""

    def decode_local(self) -> Arrays | None:
        """Decode from files on this machine; return None if there are none of this data set."""
        return None

    def require_location(self) -> None:
        """Raise DataError if the user named a place and the data are not there."""

    def must_be_decoded(self) -> bool:
        """Return whether to read the source even if the decoded arrays are cached."""
        return False


def cache_folder() -> Path:
    """Return the user's cache folder of this project (honours XDG_CACHE_HOME). Raise DataError without a home folder."""
    from platformdirs import user_cache_path

    try:
        path = user_cache_path("zdl_bench", appauthor=False)
    except RuntimeError:
        path = Path("~")  # as an older platformdirs leaves it
    if str(path).startswith("~"):
        raise DataError("there is no home folder for the cache of decoded images; name one with the variable XDG_CACHE_HOME")
    return path


def ensure_decoded(dataset: DataSet) -> None:
    """Decode a data set into the cache unless sound arrays are there; the parent does so once per sweep. Raise DataError."""
    if dataset.must_be_decoded() or not has_sound_arrays(dataset):
        write_decoded(dataset, dataset.decode())
    load_decoded(dataset)


def write_decoded(dataset: DataSet, arrays: Arrays) -> None:
    """Write arrays that match the checksum into the cache unless sound ones are there. Raise DataError."""
    folder = _decoded_folder(dataset)
    if _is_sound(folder):
        return
    if any(array.dtype != np.uint8 for array in arrays):
        raise DataError(f"dataset={dataset.name}: its images and labels are no bytes; decode() gives arrays of uint8")
    try:
        _write(arrays, folder)
    except OSError as error:
        raise DataError(
            f"the cache {display(folder)} cannot be written ({error.strerror or error}); "
            "free some space, or name another place with the variable XDG_CACHE_HOME"
        ) from error


def load_decoded(dataset: DataSet) -> Arrays:
    """Map the decoded arrays read-only, so that all workers of a machine share their pages.

    A process maps them once and hashes what it has mapped. Raise DataError, also for a label beyond the classes.
    """
    if not is_decoded(dataset):
        ensure_decoded(dataset)
    folder = _decoded_folder(dataset)
    arrays = _sound_arrays(folder)
    if arrays is None:
        raise DataError(f"dataset={dataset.name}: {folder} has changed since it was checked; start the command again")
    _require_classes(dataset, arrays)
    return arrays


def _sound_arrays(folder: Path) -> Arrays | None:
    """Return the arrays of a folder; None if they have changed there. Raise OSError, ValueError or EOFError."""
    found = [os.stat(folder / f"{field}.npy") for field in Arrays._fields]
    return _map_and_hash(folder, tuple((one.st_dev, one.st_ino, one.st_size, one.st_mtime_ns) for one in found))


@cache
def _map_and_hash(folder: Path, file_states: tuple[tuple[int, ...], ...]) -> Arrays | None:
    """Hash what is mapped, once per process and state of the files before they were mapped: an exchanged file changes it."""
    files = (np.load(folder / f"{field}.npy", mmap_mode="r", allow_pickle=False) for field in Arrays._fields)
    arrays = Arrays(*files)
    return arrays if json.loads((folder / "sha256.json").read_text()) == content_hashes(arrays) else None


def _require_classes(dataset: DataSet, arrays: Arrays) -> None:
    largest = max(int(labels.max(initial=0)) for labels in (arrays.train_labels, arrays.test_labels))
    if largest >= dataset.classes:
        raise DataError(
            f"dataset={dataset.name}: a label is {largest}, and labels go from 0 to {dataset.classes - 1}; "
            f"set classes in its YAML to {largest + 1}, or number the labels from 0"
        )


def is_decoded(dataset: DataSet) -> bool:
    """Return whether decoded arrays are in the cache."""
    try:
        return os.path.isdir(_decoded_folder(dataset))
    except DataError:  # no place for a cache
        return False


def has_sound_arrays(dataset: DataSet) -> bool:
    """Return whether the arrays in the cache are as they were written; reads all of them."""
    return is_decoded(dataset) and _is_sound(_decoded_folder(dataset))


def _decoded_folder(dataset: DataSet) -> Path:
    name = dataset.checksum[:16] if dataset.source is None else f"{dataset.checksum[:16]}-{dataset.source}"
    return cache_folder() / "decoded" / name


def _write(arrays: Arrays, folder: Path) -> None:
    """Write a folder whole or not at all: beside its place, then renamed."""
    remove_abandoned(folder.parent.glob(DRAFTS))
    with draft_folder(folder) as draft:
        for field, array in arrays._asdict().items():
            np.save(draft / f"{field}.npy", np.ascontiguousarray(array), allow_pickle=False)
        (draft / "sha256.json").write_text(json.dumps(content_hashes(arrays)))
        try:
            os.replace(draft, folder)
        except OSError:  # a folder exists: an unsound one, or another process was faster
            if not _is_sound(folder):
                shutil.rmtree(folder)
                os.replace(draft, folder)


def _is_sound(folder: Path) -> bool:
    try:
        return _sound_arrays(folder) is not None
    except (OSError, ValueError, EOFError):  # EOFError: numpy's error for an empty file
        return False


def content_hashes(arrays: Arrays) -> dict[str, str]:
    """Return the SHA-256 of each array's content, by its name."""
    return {field: hashlib.sha256(np.ascontiguousarray(array).data).hexdigest() for field, array in arrays._asdict().items()}
