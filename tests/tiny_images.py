"""A data set of 40 random images of 4 × 4 pixels, as four IDX files."""

import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np

from zdl_bench.datasets.dataset import Arrays
from zdl_bench.datasets.idx import IdxDataSet

RNG = np.random.default_rng(0)
CONTENT = Arrays(
    RNG.integers(0, 256, (30, 4, 4), dtype=np.uint8),
    RNG.integers(0, 10, 30, dtype=np.uint8),
    RNG.integers(0, 256, (10, 4, 4), dtype=np.uint8),
    RNG.integers(0, 10, 10, dtype=np.uint8),
)
NOBODY = "http://127.0.0.1:9/"  # the discard port: refused at once


def idx_bytes(array):
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def tiny_files(place: Path) -> Path:
    """Makes a folder of four sound files."""
    place.mkdir()
    for part, array in CONTENT._asdict().items():
        (place / f"{part}.gz").write_bytes(gzip.compress(idx_bytes(array), mtime=0))
    return place


def dataset_of(folder, mirrors=(), dir=None, with_content=True, name="tiny"):
    """A data set whose files are served as they lie in the folder."""
    files = {
        part: {
            "file": f"{part}.gz",
            "shape": list(array.shape),
            "served": hashlib.sha256((folder / f"{part}.gz").read_bytes()).hexdigest(),
            "content": hashlib.sha256(idx_bytes(array)).hexdigest() if with_content else None,
        }
        for part, array in CONTENT._asdict().items()
    }
    return IdxDataSet(name, 10, files, list(mirrors), dir)


def assert_content(arrays):
    for ours, expected in zip(arrays, CONTENT, strict=True):
        assert np.array_equal(ours, expected.reshape(len(expected), -1) if expected.ndim > 1 else expected)
