"""Checks of a user's arrays: which inputs and labels a network can learn from. Each error names the array and the remedy."""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from zdl_bench.errors import DataError, display
from zdl_bench.run.config import CLASSES

Anything = npt.NDArray[Any]
MAX_DATA_BYTES = 2**30
"""The largest size of a file, of its content when unpacked, and of the arrays in it."""
MAX_CLASSES = 256


class Part(NamedTuple):
    """The training set or the test set. images: (n, columns) uint8 or float32. labels: (n,) int64, or (n, width) float32."""

    images: Anything
    labels: Anything


class Content(NamedTuple):
    """What the files of a user hold. test: None if they do not say which examples are for the test."""

    train: Part
    test: Part | None


def read_bytes(path: Path) -> bytes:
    """Return the content of a file. Raise DataError if it is missing, empty, unreadable or larger than MAX_DATA_BYTES."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_DATA_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: no file can have such a name
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"{display(path)}: this file cannot be read ({display(reason)}); check dataset.path") from error
    if not content:
        raise DataError(f"{display(path)}: this file is empty; name another with dataset.path=FILE")
    require_size(str(path), len(content))
    return content


def require_size(what: str, size: int) -> None:
    """Raise DataError if something takes more bytes than a data set may have."""
    if size > MAX_DATA_BYTES:
        raise DataError(f"{display(what)}: this takes more than {MAX_DATA_BYTES >> 20:,} MiB; give fewer examples")


def part_of(names: tuple[str, str], images: Anything, labels: Anything, predicts: str) -> Part:
    """Return the inputs and labels of a part. names: what the user calls them. predicts: the kind of labels.

    Raise DataError if no network can learn from them.
    """
    found = Part(as_images(names[0], images), as_labels(names[1], labels, predicts))
    sizes = [len(found.images), len(found.labels)]
    if sizes[0] != sizes[1]:
        raise DataError(f"{names[0]} has {sizes[0]:,} rows, but {names[1]} has {sizes[1]:,}; give a label for each row")
    return found


def content_of(train: Part, test: Part | None) -> Content:
    """Return both parts. Raise DataError if a row of one has another number of columns than a row of the other."""
    for ours, theirs in zip(train, test or (), strict=False):
        if ours.shape[1:] != theirs.shape[1:] or ours.dtype != theirs.dtype:
            raise DataError(
                f"the training set has {ours.dtype} {ours.shape}, but the test set {theirs.dtype} {theirs.shape}; "
                "give both the same columns and type"
            )
    return Content(train, test)


def content_checksum(content: Content) -> str:
    """Return the SHA-256 of the arrays, with their types and shapes. How a file packs or names them does not matter."""
    total = hashlib.sha256()
    for array in (*content.train, *(content.test or ())):
        total.update(f"{array.dtype.str} {array.shape}\n".encode())
        total.update(np.ascontiguousarray(array).data)
    return total.hexdigest()


def as_images(name: str, array: Anything) -> Anything:
    """Return uint8 pixels or float32 features, (n, columns). Bytes stay bytes; all other numbers become float32."""
    _require_numbers(name, array)
    if array.ndim < 2 or 0 in array.shape:
        raise DataError(
            f"{name} has the shape {array.shape}; give a row for each example, with at least one number in it: (n, columns)"
        )
    rows = array.reshape(len(array), -1)
    return np.ascontiguousarray(rows) if rows.dtype == np.uint8 else _finite_float32(name, rows)


def as_labels(name: str, array: Anything, predicts: str) -> Anything:
    """Return labels: the integers of classes, (n,) int64, or the numbers to predict, (n, width) float32."""
    _require_numbers(name, array)
    if predicts != CLASSES:
        if array.ndim not in (1, 2) or 0 in array.shape:
            raise DataError(f"{name} has the shape {array.shape}; give a number for each row, (n,), or several, (n, width)")
        return _finite_float32(name, array.reshape(len(array), -1))
    column = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
    if column.ndim != 1 or not len(column):
        raise DataError(f"{name} has the shape {array.shape}; give the class of each row as an integer, (n,), not one-hot")
    with np.errstate(invalid="ignore"):
        whole = column.astype(np.int64)
    odd = np.flatnonzero(whole.astype(column.dtype) != column)
    if len(odd):
        raise DataError(
            f"{name} holds {column[odd[0]]} (row {odd[0] + 1}), but a class is an integer; "
            "for a regression on numbers, give problem.loss=mse"
        )
    return whole


def classes_of(name: str, *labels: Anything) -> Anything:
    """Return the distinct labels in ascending order. Raise DataError unless there are 2 to MAX_CLASSES."""
    distinct = np.unique(np.concatenate(labels))
    if len(distinct) == 1:
        raise DataError(f"{name}: all labels are {distinct[0]}, so there is nothing to learn; give at least two classes")
    if len(distinct) > MAX_CLASSES:
        raise DataError(
            f"{name}: there are {len(distinct):,} different labels, but at most {MAX_CLASSES} classes; "
            "for a regression on numbers, give problem.loss=mse"
        )
    return distinct


def _require_numbers(name: str, array: Anything) -> None:
    if array.dtype.kind not in "biuf":
        raise DataError(f"{name} holds {display(array.dtype)}, not numbers; give integers or floating-point numbers")


def _finite_float32(name: str, array: Anything) -> Anything:
    require_size(name, 4 * array.size)
    with np.errstate(over="ignore"):
        numbers = np.ascontiguousarray(array, dtype=np.float32)
    odd = np.argwhere(~np.isfinite(numbers))
    if len(odd):
        row, column = odd[0]
        raise DataError(
            f"{name} holds {array[row, column]} (row {row + 1}, column {column + 1}); "
            "fill in or drop what is missing or not finite in float32"
        )
    return numbers
