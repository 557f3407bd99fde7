"""A folder of IDX files of the user's, in the format of MNIST, compressed with gzip or not."""

import gzip
import io
import os
import struct
import zlib
from math import prod
from pathlib import Path

import numpy as np

from zdl_bench.datasets.own_arrays import MAX_DATA_BYTES, Anything, Content, content_of, part_of, read_bytes, require_size
from zdl_bench.datasets.own_data import OwnData
from zdl_bench.datasets.packings import GZIP
from zdl_bench.errors import DataError, abridge, display

IDX_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""The third byte of an IDX file → the type of its numbers. Source: LeCun's description of the format of MNIST."""
TEST_WORDS = ("t10k", "test")
KINDS = ("image", "label")


class IdxFolder(OwnData):
    """The files of a folder whose names contain `image` or `label`; those with `t10k` or `test` are for the test."""

    def read(self, path: Path, predicts: str) -> Content:
        where = self._where
        files = _files_by_role(where, path)
        arrays = {role: _read_array(path / file) for role, file in files.items()}
        parts = [
            part_of(
                (f"{where}: {files[use, 'image']}", f"{where}: {files[use, 'label']}"), images, arrays[use, "label"], predicts
            )
            for (use, kind), images in arrays.items()
            if kind == "image"
        ]
        return content_of(parts[0], parts[1] if len(parts) == 2 else None)


def _files_by_role(where: str, folder: Path) -> dict[tuple[str, str], str]:
    """Return (train or test, image or label) → the name of the file; those of the training set first."""
    try:
        names = sorted(os.listdir(folder))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"{where}: this folder cannot be read ({display(reason)}); name a folder of IDX files") from error
    found: dict[tuple[str, str], list[str]] = {}
    for name in names:
        use = "test" if any(word in name.lower() for word in TEST_WORDS) else "train"
        for kind in KINDS:
            if kind in name.lower() and "idx" in name.lower():
                found.setdefault((use, kind), []).append(name)
    wanted = [(use, kind) for use in ("train", "test") for kind in KINDS if use == "train" or ("test", "image") in found]
    for role in wanted:
        if len(found.get(role, [])) != 1:
            held = abridge("", names) or "nothing"
            raise DataError(
                f"{where}: found {held}; expected one file each like train-images-idx3-ubyte and train-labels-idx1-ubyte, "
                "and for a test set t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, with or without .gz"
            )
    return {role: found[role][0] for role in wanted}


def _read_array(path: Path) -> Anything:
    """Return the array of an IDX file. Raise DataError if the file is damaged, or larger than a data set may be."""
    raw = read_bytes(path)
    try:
        content = _unpacked(raw) if raw.startswith(GZIP) else raw
        zeros, kind, dimensions = struct.unpack(">HBB", content[:4])
        dtype = np.dtype(IDX_DTYPES[kind])
        shape = struct.unpack(f">{dimensions}I", content[4 : 4 + 4 * dimensions])
    except (struct.error, KeyError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{display(path)}: this is not an IDX file ({display(error)}); replace it") from error
    size = dtype.itemsize * prod(shape)
    body = content[4 + 4 * dimensions :]
    if zeros or size != len(body):
        raise DataError(f"{display(path)}: its header says {size:,} bytes, but {len(body):,} follow; replace the file")
    array = np.frombuffer(body, dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="))


def _unpacked(raw: bytes) -> bytes:
    with gzip.open(io.BytesIO(raw)) as stream:
        content = stream.read(MAX_DATA_BYTES + 1)
    require_size("an unpacked IDX file", len(content))
    return content
