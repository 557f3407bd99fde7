"""A NumPy archive of the user's: `numpy.savez("my.npz", x=…, y=…)`."""

import io
import math
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from zdl_bench.datasets.own_arrays import Anything, Content, content_of, part_of, read_bytes, require_size
from zdl_bench.datasets.own_data import OwnData
from zdl_bench.datasets.packings import ZIP_ENTRY
from zdl_bench.errors import DataError, abridge, display

WITH_TEST = (("x_train", "y_train", "x_test", "y_test"), ("train_images", "train_labels", "test_images", "test_labels"))
WITHOUT_TEST = (("x", "y"), ("images", "labels"), ("features", "targets"), ("data", "target"))
"""The names that arrays may have, in any case. The first names that are all there are taken."""
MAX_ENTRIES = 1_000
"""The largest number of files accepted in an archive."""
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class NpzFile(OwnData):
    """Arrays in a NumPy archive. No pickle is read, and an array takes no more memory than its header says."""

    def read(self, path: Path, predicts: str) -> Content:
        raw = read_bytes(path)
        where = self._where
        if raw.count(ZIP_ENTRY) > MAX_ENTRIES:
            raise DataError(f"{where}: this archive has more than {MAX_ENTRIES:,} files; save the arrays alone")
        try:
            with zipfile.ZipFile(io.BytesIO(raw)) as archive:
                keys = {name.removesuffix(".npy"): name for name in archive.namelist()}
                chosen = _chosen_names(where, keys)
                arrays = _read_arrays(where, archive, {name: keys[name] for name in chosen})
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OverflowError) as error:
            raise DataError(
                f"{where}: this is not a NumPy archive ({display(error)}); write one with numpy.savez(FILE, x=…, y=…)"
            ) from error
        parts = [
            part_of((f"{where}: {first}", f"{where}: {second}"), arrays[first], arrays[second], predicts)
            for first, second in zip(chosen[::2], chosen[1::2], strict=True)
        ]
        return content_of(parts[0], parts[1] if len(parts) == 2 else None)


def _chosen_names(where: str, keys: Iterable[str]) -> list[str]:
    """Return the names of the arrays to read, in the order images, labels, or these twice: for training, for the test."""
    folded = {key.lower(): key for key in keys}
    for names in (*WITH_TEST, *WITHOUT_TEST):
        if folded.keys() >= {*names}:
            return [folded[name] for name in names]
    expected = " or ".join(", ".join(names) for names in (*WITH_TEST[:1], *WITHOUT_TEST[:2]))
    raise DataError(f"{where}: found the arrays {abridge('x', list(folded.values())) or 'of none'}; name them {expected}")


def _read_arrays(where: str, archive: zipfile.ZipFile, members: dict[str, str]) -> dict[str, Anything]:
    found: dict[str, Anything] = {}
    for name, member in members.items():
        if archive.getinfo(member).compress_type not in PACKINGS:  # other methods may use unlimited memory
            raise DataError(f"{where}: {name} has an unusual compression; write it with numpy.savez or savez_compressed")
        with archive.open(member) as stream:
            major, _ = np.lib.format.read_magic(stream)
            read_header = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
            shape, _, dtype = read_header(stream)
        if dtype.hasobject:
            raise DataError(f"{where}: {name} holds Python objects (a pickle), which are not read; save numbers instead")
        require_size(f"{where}: {name}", dtype.itemsize * math.prod(shape))
        with archive.open(member) as stream:
            found[name] = np.lib.format.read_array(stream, allow_pickle=False)
    require_size(where, sum(array.nbytes for array in found.values()))
    return found
