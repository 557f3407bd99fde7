"""The cache of decoded arrays, which every worker maps into memory."""

import hashlib
import json
import os
import shutil
from functools import cache
from pathlib import Path

import numpy as np

from zdl_bench.datasets.dataset import Arrays, DataSet
from zdl_bench.errors import DataError, display
from zdl_bench.run.atomic import DRAFTS, draft_folder, remove_abandoned


def cache_folder() -> Path:
    """Return the user's cache folder for the project, respecting XDG_CACHE_HOME. Raise DataError if there is no home folder."""
    from platformdirs import user_cache_path

    try:
        path = user_cache_path("zdl_bench", appauthor=False)
    except RuntimeError:
        path = Path("~")  # older versions of platformdirs return ~ instead
    if str(path).startswith("~"):
        raise DataError("there is no home folder for the cache of decoded images; set the variable XDG_CACHE_HOME to a folder")
    return path


def ensure_decoded(dataset: DataSet) -> None:
    """Decode a data set into the cache unless the cache holds intact arrays. Raise DataError if decoding or writing fails.

    The parent process calls this once per sweep.
    """
    if dataset.must_be_decoded() or not has_sound_arrays(dataset):
        write_decoded(dataset, dataset.decode())
    load_decoded(dataset)


def write_decoded(dataset: DataSet, arrays: Arrays) -> None:
    """Write arrays into the cache unless the cache holds intact arrays. Raise DataError if writing fails or a dtype differs."""
    folder = _decoded_folder(dataset)
    if _is_sound(folder):
        return
    if any(array.dtype not in (np.uint8, np.float32) for array in arrays):
        raise DataError(
            f"dataset={dataset.name}: decode() returned images or labels that are neither uint8 nor float32; return such arrays"
        )
    try:
        _write(arrays, folder)
    except OSError as error:
        raise DataError(
            f"the cache {display(folder)} cannot be written ({error.strerror or error}); "
            "free some space, or set the variable XDG_CACHE_HOME to another folder"
        ) from error


def load_decoded(dataset: DataSet) -> Arrays:
    """Return the decoded arrays, mapped read-only so that all workers on a machine share the same memory pages.

    Each process maps and hashes the arrays once. Raise DataError if the arrays have changed, or if a label is not a class.
    """
    if not is_decoded(dataset):
        ensure_decoded(dataset)
    folder = _decoded_folder(dataset)
    arrays = _sound_arrays(folder)
    if arrays is None:
        raise DataError(f"dataset={dataset.name}: the cached arrays in {folder} have changed; start the command again")
    _require_classes(dataset, arrays)
    return arrays


def _sound_arrays(folder: Path) -> Arrays | None:
    """Return the arrays of a folder, or None if they have changed. Raise OSError, ValueError or EOFError for a damaged file."""
    found = [os.stat(folder / f"{field}.npy") for field in Arrays._fields]
    return _map_and_hash(folder, tuple((one.st_dev, one.st_ino, one.st_size, one.st_mtime_ns) for one in found))


@cache
def _map_and_hash(folder: Path, file_states: tuple[tuple[int, ...], ...]) -> Arrays | None:
    """Return the mapped arrays, or None if their content has changed. Each process hashes them once per state of the files.

    `file_states` identifies the files and is read before they are mapped. After a change of state, all files are hashed again.
    """
    files = (np.load(folder / f"{field}.npy", mmap_mode="r", allow_pickle=False) for field in Arrays._fields)
    arrays = Arrays(*files)
    return arrays if json.loads((folder / "sha256.json").read_text()) == content_hashes(arrays) else None


def class_count(dataset: DataSet, arrays: Arrays) -> int | None:
    """Return the number of classes, or None if the labels are numbers."""
    if arrays.train_labels.dtype != np.uint8:
        return None
    return _largest_label(arrays) + 1 if dataset.classes is None else dataset.classes


def _largest_label(arrays: Arrays) -> int:
    return max(int(labels.max(initial=0)) for labels in (arrays.train_labels, arrays.test_labels))


def _require_classes(dataset: DataSet, arrays: Arrays) -> None:
    if dataset.classes is None:
        return
    largest = _largest_label(arrays)
    if largest >= dataset.classes:
        raise DataError(
            f"dataset={dataset.name}: a label is {largest}, but labels must be from 0 to {dataset.classes - 1}; "
            f"set classes in the YAML of the data set to {largest + 1}, or number the labels from 0"
        )


def is_decoded(dataset: DataSet) -> bool:
    """Return whether the cache has a folder for the arrays of this data set. The arrays are not checked."""
    try:
        return os.path.isdir(_decoded_folder(dataset))
    except DataError:  # there is no cache folder
        return False


def has_sound_arrays(dataset: DataSet) -> bool:
    """Return whether the cached arrays are unchanged since they were written. The check reads all arrays."""
    return is_decoded(dataset) and _is_sound(_decoded_folder(dataset))


def _decoded_folder(dataset: DataSet) -> Path:
    return cache_folder() / "decoded" / dataset.cache_name


def _write(arrays: Arrays, folder: Path) -> None:
    """Write the arrays to a draft folder, then rename the draft. The folder is thus written completely or not at all."""
    remove_abandoned(folder.parent.glob(DRAFTS))
    with draft_folder(folder) as draft:
        for field, array in arrays._asdict().items():
            np.save(draft / f"{field}.npy", np.ascontiguousarray(array), allow_pickle=False)
        (draft / "sha256.json").write_text(json.dumps(content_hashes(arrays)))
        try:
            os.replace(draft, folder)
        except OSError:  # the folder exists: it is damaged, or another process was faster
            if not _is_sound(folder):
                shutil.rmtree(folder)
                os.replace(draft, folder)


def _is_sound(folder: Path) -> bool:
    try:
        return _sound_arrays(folder) is not None
    except (OSError, ValueError, EOFError):  # EOFError: numpy's error for an empty file
        return False


def content_hashes(arrays: Arrays) -> dict[str, str]:
    """Return the SHA-256 of each array's content, by the name of the array."""
    return {field: hashlib.sha256(np.ascontiguousarray(array).data).hexdigest() for field, array in arrays._asdict().items()}
