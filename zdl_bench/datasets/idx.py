"""Data sets as four IDX files (MNIST and its relatives): found on this machine, or downloaded from a mirror."""

import gzip
import hashlib
import json
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zdl_bench.datasets import mirrors
from zdl_bench.datasets.contract import Arrays, DataSet, cache_folder, is_decoded
from zdl_bench.errors import DataError

DATA_VARIABLE = "ZDL_BENCH_DATA"
"""Environment variable: folders (separated as in PATH) that hold data sets, or subfolders named after them."""


class WrongChecksum(DataError):
    """A sound IDX file of the right shape, with other content than promised."""

    def __init__(self, message: str, file: str) -> None:
        super().__init__(message)
        self.file = file


@dataclass(frozen=True)
class IdxFile:
    """One gzip-compressed IDX file.

    file: its name. shape: of the array. served: SHA-256 of the file as the mirrors serve it. content: SHA-256 of its
    decompressed content, None where that is not published.
    """

    file: str
    shape: tuple[int, ...]
    served: str
    content: str | None


class IdxDataSet(DataSet):
    """Four IDX files, looked for in `dir` (if given, only there), else in the folders of ZDL_BENCH_DATA, else in the cache,
    else downloaded from the first of the `mirrors` that serves them."""

    def __init__(
        self, name: str, classes: int, files: Mapping[str, Mapping[str, Any]], mirrors: list[str], dir: str | None
    ) -> None:
        self.name = name
        self.classes = classes
        self.dir = dir
        self.mirrors = tuple(mirrors)
        self.files = {
            part: IdxFile(spec["file"], tuple(spec["shape"]), spec["served"], spec.get("content"))
            for part, spec in files.items()
        }
        self.train_size = self.files["train_labels"].shape[0]
        self.test_size = self.files["test_labels"].shape[0]

    @property
    def checksum(self) -> str:
        hashes = {part: self.files[part].content or self.files[part].served for part in Arrays._fields}
        return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()

    def must_be_decoded(self) -> bool:
        return self.dir is not None

    def require_location(self) -> None:
        if self.dir is not None:
            next(self._folders())

    def is_at_hand(self) -> bool:
        return next(self._folders(), None) is not None or is_decoded(self) or self._can_be_reached()

    def decode(self) -> Arrays:
        passed_over: list[str] = []
        return self._decoded_from_folders(passed_over) or self._read(self._download(passed_over))

    def decode_local(self) -> Arrays | None:
        return self._decoded_from_folders([])

    def _decoded_from_folders(self, passed_over: list[str]) -> Arrays | None:
        """The arrays of the first folder that has them; notes of the others are added to `passed_over`."""
        for folder in self._folders():
            try:
                return self._read(folder)
            except WrongChecksum as error:  # a folder of another data set has files of the same names
                if self.dir is not None:
                    raise
                passed_over.append(f"{folder} was passed over: its files are not {self.name} ({error.file})")
        return None

    def _folders(self) -> Iterator[Path]:
        """The folders that have all four files, in order. Raises DataError where `dir` names one that does not."""
        if self.dir is not None:
            missing = [file.file for file in self.files.values() if not (Path(self.dir) / file.file).is_file()]
            if missing:
                raise DataError(f"dataset.dir={self.dir}: there is no {missing[0]}; name the folder with the IDX files")
            yield Path(self.dir)
            return
        for folder in self._candidates():
            if all((folder / file.file).is_file() for file in self.files.values()):
                yield folder

    def _candidates(self) -> Iterator[Path]:
        for folder in os.environ.get(DATA_VARIABLE, "").split(os.pathsep):
            if folder:
                yield from (Path(folder) / self.name, Path(folder))
        yield self._cache

    @property
    def _cache(self) -> Path:
        return cache_folder() / self.name

    def _read(self, folder: Path) -> Arrays:
        parts = {part: read_idx(folder / file.file, file) for part, file in self.files.items()}
        return Arrays(**{part: _flat_images(array) for part, array in parts.items()})

    def _can_be_reached(self) -> bool:
        return mirrors.first_reachable(self.mirrors, next(iter(self.files.values())).file) is not None

    def _download(self, passed_over: list[str]) -> Path:
        hashes = {file.file: file.served for file in self.files.values()}
        try:
            return mirrors.download(self.mirrors, hashes, self._cache)
        except DataError as error:
            reasons = "\n".join([f"dataset={self.name}: {error}", *passed_over])
            raise DataError(
                f"{reasons}\nPut its IDX files into a folder and name it in {DATA_VARIABLE}, or use dataset=digits."
            ) from error


def read_idx(path: Path, file: IdxFile) -> npt.NDArray[np.uint8]:
    """Reads and checks one gzip-compressed IDX file of unsigned bytes. Raises DataError that names the file.

    At most one byte more than the shape needs is decompressed, whatever the file says of itself.
    """
    header = struct.pack(f">HBB{len(file.shape)}I", 0, 0x08, len(file.shape), *file.shape)
    size = len(header) + int(np.prod(file.shape))
    remedy = "replace the file, or delete it to have it downloaded"
    try:
        with gzip.open(path, "rb") as stream:
            content = stream.read(size + 1)
    except EOFError as error:
        raise DataError(f"{path} is truncated; {remedy}") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path} is no sound gzip file ({error}); {remedy}") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); {remedy}") from error
    if len(content) < size:
        raise DataError(f"{path} is truncated: {len(content)} of {size} bytes; {remedy}")
    if len(content) > size or not content.startswith(header):
        raise DataError(f"{path} is not the IDX file of shape {file.shape} that it should be; {remedy}")
    _require_checksum(path, content, file, remedy)
    return np.frombuffer(content, np.uint8, offset=len(header)).reshape(file.shape)


def _require_checksum(path: Path, content: bytes, file: IdxFile, remedy: str) -> None:
    expected, found = file.content, hashlib.sha256(content).hexdigest()
    if expected is None:
        expected, found = file.served, hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise WrongChecksum(f"{path} has the wrong checksum (SHA-256 {found[:16]}…, not {expected[:16]}…); {remedy}", file.file)


def _flat_images(array: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return array.reshape(len(array), -1) if array.ndim > 1 else array
