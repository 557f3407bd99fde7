"""Reads IDX arrays from a file of any name and packing. Only the checksum of its content decides which array a file holds.

A file may be an IDX file, a gzip-compressed IDX file, or a ZIP archive of such files or of NumPy arrays (Keras's `mnist.npz`).
A file is read once, so the bytes that are hashed are the bytes that are decoded. Nothing is unpacked to disk. The size of the
data set limits how many bytes are unpacked into memory, so no archive can fill the memory.
"""

import gzip
import hashlib
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zdl_bench.errors import DataError, display

GZIP, ZIP, NPY_START, IDX = b"\x1f\x8b", b"PK\x03\x04", b"\x93NUMPY", b"\x00\x00\x08"
"""The first bytes of each format. IDX stands for an IDX file of unsigned bytes."""
NPY = re.compile(
    rb"\x93NUMPY(?:\x01\x00..|\x02\x00....)\{'descr': '\|u1', 'fortran_order': False, 'shape': \([\d, ]*\), \} *\n", re.DOTALL
)
"""The header of a NumPy file of unsigned bytes. NumPy's own reader would allocate any shape that the header claims."""
ZIP_ENTRY, MAX_ZIP_ENTRIES = b"PK\x01\x02", 32
"""The bytes that mark a file in a ZIP archive, and the largest number of files accepted. Usual archives hold 4 or 8 files."""
HEAD = 4096
"""The number of bytes at the start of a file that are read to detect its format."""
REMEDY = "replace the file, or delete it to have it downloaded"


class WrongChecksum(DataError):
    """The error for an array that has the right shape but the wrong content."""

    def __init__(self, message: str, file: str) -> None:
        super().__init__(message)
        self.file = file


@dataclass(frozen=True)
class IdxFile:
    """One IDX file of a data set.

    file: name on the mirrors, which serve the file compressed with gzip. shape: shape of the array.
    served: SHA-256 of the compressed file. content: SHA-256 of the uncompressed file, or None if it is not published.
    """

    file: str
    shape: tuple[int, ...]
    served: str
    content: str | None

    @property
    def header(self) -> bytes:
        return struct.pack(f">3sB{len(self.shape)}I", IDX, len(self.shape), *self.shape)

    @property
    def size(self) -> int:
        return len(self.header) + prod(self.shape)

    def hashes(self, content: bytes, packed: bytes) -> tuple[str, str]:
        """Return the actual and the expected SHA-256, of the content if its hash is published, or else of the served file."""
        if self.content is None:
            return hashlib.sha256(packed).hexdigest(), self.served
        return hashlib.sha256(content).hexdigest(), self.content

    def is_held_by(self, content: bytes, packed: bytes) -> bool:
        if len(content) != self.size or not content.startswith(self.header):
            return False
        actual, expected = self.hashes(content, packed)
        return actual == expected


def read_arrays(path: Path, files: Mapping[str, IdxFile]) -> dict[str, npt.NDArray[np.uint8]]:
    """Return the arrays that a file holds, by part. Raise a DataError that names the file if the file holds no part.

    At most twice the size of all parts is read, and no more than that is unpacked, whatever sizes the file claims.
    """
    found: dict[str, npt.NDArray[np.uint8]] = {}
    refusals: list[DataError] = []
    left = _max_bytes(files)
    with _errors_explained(path):
        for content, packed in _contents(_read(path, files), files):
            parts = [part for part, file in files.items() if file.is_held_by(content, packed)]
            array = np.frombuffer(content, np.uint8)
            found |= {part: array[len(files[part].header) :].reshape(files[part].shape) for part in parts}
            refusals += [] if parts else [_refusal(path, content, packed, files)]
            left -= len(content)
            if len(found) == len(files) or left < 0:
                break
    if not found:
        raise refusals[0] if refusals else DataError(f"{path} holds no array of the data set; {REMEDY}")
    return found


def _max_bytes(files: Mapping[str, IdxFile]) -> int:
    return 2 * sum(file.size for file in files.values()) + HEAD


@contextmanager
def _errors_explained(path: Path) -> Iterator[None]:
    try:
        yield
    except EOFError as error:
        raise DataError(f"{path} is truncated; {REMEDY}") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path} is not a valid gzip file ({error}); {REMEDY}") from error
    except (zipfile.BadZipFile, struct.error, RuntimeError, ValueError) as error:  # RuntimeError: the archive has a password
        raise DataError(f"{path} is not a valid archive ({display(error)}); {REMEDY}") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); {REMEDY}") from error


def _read(path: Path, files: Mapping[str, IdxFile]) -> bytes:
    limit = _max_bytes(files)
    with path.open("rb") as stream:
        raw = stream.read(limit + 1)
    if len(raw) > limit:
        raise DataError(f"{path} is not the expected IDX file: it is larger than the whole data set; {REMEDY}")
    return raw


def _contents(raw: bytes, files: Mapping[str, IdxFile]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the unpacked and the packed bytes of each IDX file that `raw`, the bytes of a file, may hold."""
    for packed in _members(raw, files) if raw.startswith(ZIP) else [raw]:
        if packed.startswith(GZIP):
            yield _decompress(packed, files), packed
        elif array := NPY.match(packed):
            body = packed[array.end() :]
            yield from ((file.header + body, packed) for file in files.values() if prod(file.shape) == len(body))
        else:
            yield packed, packed


def _members(raw: bytes, files: Mapping[str, IdxFile]) -> Iterator[bytes]:
    """Yield the files of an archive. Yield only the first bytes of a file if its format is unknown."""
    if raw.count(ZIP_ENTRY) > MAX_ZIP_ENTRIES:
        raise zipfile.BadZipFile(f"the archive has more than {MAX_ZIP_ENTRIES} files")
    limit = max(file.size for file in files.values())
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        for entry in archive.infolist():
            if entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # other methods may use unlimited memory
                with archive.open(entry) as stream:
                    head = stream.read(HEAD)
                    yield head + stream.read(limit) if head.startswith((GZIP, IDX, NPY_START)) else head


def _decompress(packed: bytes, files: Mapping[str, IdxFile]) -> bytes:
    """Return the decompressed bytes. Stop one byte after the length in the IDX header, which shows that a file is too long."""
    with gzip.open(io.BytesIO(packed)) as stream:
        head = stream.read(max(len(file.header) for file in files.values()))
        announced = [file.size for file in files.values() if head.startswith(file.header)]
        size = max(announced or [file.size for file in files.values()])
        return head + stream.read(size + 1 - len(head))


def _refusal(path: Path, content: bytes, packed: bytes, files: Mapping[str, IdxFile]) -> DataError:
    """Return the error that says why the content is not one of the expected files."""
    if not packed.startswith(GZIP) and not content.startswith(IDX):
        return DataError(f"{path} is not a valid gzip file, and not an IDX file either; {REMEDY}")
    announced = next((file for file in files.values() if content.startswith(file.header)), None)
    if announced and len(content) < announced.size:
        return DataError(f"{path} is truncated: {len(content)} of {announced.size} bytes; {REMEDY}")
    if announced and len(content) == announced.size:
        actual, expected = announced.hashes(content, packed)
        served = "" if announced.content else f"; only the compressed {announced.file} of the mirrors has a published checksum"
        return WrongChecksum(
            f"{path} has the wrong checksum (SHA-256 {actual[:16]}…, not {expected[:16]}…){served}; {REMEDY}", announced.file
        )
    shapes = " or ".join(str(file.shape) for file in files.values())
    return DataError(f"{path} is not the expected IDX file of shape {shapes}; {REMEDY}")
