"""Where the files of a data set may lie: in a folder, in those of its subfolders that people use, or all in one file."""

import os
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from zdl_bench.datasets.packings import IdxFile, may_hold

MAX_FILES = 100
"""Of a place that are looked into: it may be any folder."""


def places_of(root: Path, name: str) -> list[Path]:
    """What may have the files, the likeliest first: a subfolder named after the data set, the root, torchvision's `*/raw`.

    Empty if there is no such root, itself if it is a file. Raises OSError if it cannot be read.
    """
    try:
        inside = sorted(os.listdir(root))
    except FileNotFoundError:
        return []
    except NotADirectoryError:
        return [root] if root.is_file() else []
    namesakes = [root / one for one in inside if _plain(one) == _plain(name) and os.path.isdir(root / one)]
    raw = [folder / "raw" for folder in [*namesakes, root, *(root / folder for folder in inside)]]
    return [*namesakes, root, *filter(os.path.isdir, dict.fromkeys(raw))]


def _plain(name: str) -> str:
    """A name as it is compared: torchvision writes FashionMNIST for fashion_mnist, others .idx3 for -idx3."""
    return name.lower().replace("_", "").replace(".", "-")


class Candidate(NamedTuple):
    """A file, the parts that it may hold, and whether its name says that it is one of them, or the user who named it."""

    path: Path
    parts: set[str]
    is_telling: bool


def candidates_in(place: Path, name: str, files: Mapping[str, IdxFile], is_given: bool) -> list[Candidate]:
    """The files of a place that may be those of a data set, the likeliest first. Raises OSError if it cannot be read.

    is_given: whether the user named the place, so that a file in its stead tells.
    """
    try:
        names = sorted(os.listdir(place), key=lambda one: (_rank(one, name, files), one))
    except FileNotFoundError:
        return []
    except NotADirectoryError:
        return [Candidate(place, may_hold(place, files), is_given)]
    paths = list(islice((place / one for one in names if os.path.isfile(place / one)), MAX_FILES))
    found = [Candidate(path, may_hold(path, files), _rank(path.name, name, files) < UNTOLD) for path in paths]
    return [candidate for candidate in found if candidate.parts]


UNTOLD = 2
"""The rank of a file whose name says nothing."""


def _rank(file: str, name: str, files: Mapping[str, IdxFile]) -> int:
    """0 for the usual name of a file; 1 for one that has it, or that of the data set, in it, such as mnist.npz; else UNTOLD."""
    if any(one.is_named(file) for one in files.values()):
        return 0
    telling = [name, *(one.file.removesuffix(".gz") for one in files.values())]
    return 1 if any(_plain(word) in _plain(file) for word in telling) else UNTOLD
