"""Files of a user's own data: small, and learnable."""

import gzip
from pathlib import Path

import numpy as np
from tiny_images import idx_bytes

RNG = np.random.default_rng(1)
FEATURES = RNG.normal(size=(60, 3)).astype(np.float32)
LABELS = np.where(FEATURES[:, 0] > 0.3, 12, np.where(FEATURES[:, 1] > 0, 5, -7))
NUMBERS = (100 + 10 * FEATURES[:, 0] - FEATURES[:, 2]).astype(np.float32)
PIXELS = RNG.integers(0, 256, (60, 4, 4), dtype=np.uint8)


def npz(path: Path, **arrays) -> Path:
    np.savez(path, **arrays)
    return path


def csv(path: Path, labels=LABELS, features=FEATURES, header="a,b,c,y") -> Path:
    rows = [",".join(map(repr, [*map(float, row), label])) for row, label in zip(features, labels.tolist(), strict=True)]
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def idx_folder(folder: Path, test: bool = True) -> Path:
    folder.mkdir()
    labels = np.arange(60, dtype=np.uint8) % 3 + 4
    parts = {"train": slice(0, 45), "t10k": slice(45, 60)} if test else {"train": slice(0, 60)}
    for name, rows in parts.items():
        (folder / f"{name}-images-idx3-ubyte").write_bytes(idx_bytes(PIXELS[rows]))
        (folder / f"{name}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(labels[rows])))
    return folder
