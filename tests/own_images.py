"""Data sets of the tests' own: real IDX files and a YAML for them, in a copy of conf/."""

import gzip
import hashlib
import shutil
import struct
from pathlib import Path

import numpy as np
import yaml

from zdl_bench.datasets.dataset import Arrays
from zdl_bench.registry import conf_files

VALIDATION_SIZE = 10
TEST_SIZE = 10


def copy_conf(folder: Path) -> Path:
    return Path(shutil.copytree(conf_files.CONF, folder / "conf"))


def add_dataset(conf: Path, name: str, images: np.ndarray, labels: np.ndarray, classes: int = 10) -> None:
    """Makes `dataset=NAME` of that conf/. The last images are the test set, those before them the validation images."""
    cut = len(labels) - TEST_SIZE
    arrays = Arrays(images[:cut], labels[:cut], images[cut:], labels[cut:])
    folder = conf.parent / "data" / name
    folder.mkdir(parents=True)
    files = {part: _written(folder / f"{part}.gz", array) for part, array in arrays._asdict().items()}
    about = {
        "_target_": "zdl_bench.datasets.idx.IdxDataSet",
        "name": name,
        "dir": str(folder),
        "validation_size": VALIDATION_SIZE,
        "targets": [1.0, 0.5],
        "mirrors": [],
        "classes": classes,
        "files": files,
    }
    (conf / "dataset" / f"{name}.yaml").write_text(yaml.safe_dump(about))


def _written(path: Path, array: np.ndarray) -> dict[str, object]:
    content = struct.pack(f">HBB{array.ndim}I", 0, 0x08, array.ndim, *array.shape) + array.tobytes()
    served = gzip.compress(content, mtime=0)
    path.write_bytes(served)
    return {
        "file": path.name,
        "shape": list(array.shape),
        "served": hashlib.sha256(served).hexdigest(),
        "content": hashlib.sha256(content).hexdigest(),
    }
