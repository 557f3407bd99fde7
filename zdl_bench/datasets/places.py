"""Where the files of a data set may lie: in a folder, in its usual subfolders, or all in one file."""

import os
import zlib
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from zdl_bench.datasets.packings import GZIP, HEAD, ZIP, IdxFile

MAX_FILES = 100
"""Files of a place that are looked into, since it may be any folder."""
UNTOLD = 2
"""The rank of a file whose name says nothing."""


class Candidate(NamedTuple):
    """A file and the parts that it may hold. is_telling: its name, or the user who named it, says that it is one of them."""

    path: Path
    parts: set[str]
    is_telling: bool


def find_places(root: Path, name: str) -> list[Path]:
    """Return what may hold the files, the likeliest first: namesakes of the data set, the root, torchvision's `*/raw`.

    The list is empty if there is no such root, and the root itself if that is a file. Raise OSError if it cannot be read.
    """
    try:
        inside = sorted(os.listdir(root))
    except FileNotFoundError:
        return []
    except NotADirectoryError:
        return [root] if root.is_file() else []
    namesakes = [root / one for one in inside if _folded(one) == _folded(name) and os.path.isdir(root / one)]
    raw = [folder / "raw" for folder in [*namesakes, root, *(root / folder for folder in inside)]]
    return [*namesakes, root, *filter(os.path.isdir, dict.fromkeys(raw))]


def find_candidates(place: Path, name: str, files: Mapping[str, IdxFile], is_given: bool) -> list[Candidate]:
    """Return the files of a place that may be those of a data set, the likeliest first. Raise OSError if it cannot be read.

    is_given: the user named the place, so that a file in its stead is telling.
    """
    try:
        names = sorted(os.listdir(place), key=lambda one: (_rank(one, name, files), one))
    except FileNotFoundError:
        return []
    except NotADirectoryError:
        return [Candidate(place, _possible_parts(place, files), is_given)]
    paths = islice((place / one for one in names if os.path.isfile(place / one)), MAX_FILES)
    found = [Candidate(path, _possible_parts(path, files), _rank(path.name, name, files) < UNTOLD) for path in paths]
    return [candidate for candidate in found if candidate.parts]


def has_usual_name(name: str, file: IdxFile) -> bool:
    """Return whether a name is that of the served file: with `.gz` or without, with `-idx` or `.idx`."""
    return _stem(name) == _stem(file.file)


def _stem(name: str) -> str:
    return name.lower().removesuffix(".gz").replace(".", "-")


def _folded(name: str) -> str:
    """Fold spellings: torchvision writes FashionMNIST for fashion_mnist, others .idx3 for -idx3."""
    return name.lower().replace("_", "").replace(".", "-")


def _possible_parts(path: Path, files: Mapping[str, IdxFile]) -> set[str]:
    """Return the parts that a file could hold, by its name or its first bytes."""
    named = {part for part, file in files.items() if has_usual_name(path.name, file)}
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD)
        if head.startswith(GZIP):
            head = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, HEAD)
    except (OSError, zlib.error):
        return named
    if head.startswith(ZIP):
        return set(files)
    return named | {part for part, file in files.items() if head.startswith(file.header)}


def _rank(file: str, name: str, files: Mapping[str, IdxFile]) -> int:
    """Return 0 for a usual name; 1 for one that contains it, or the data set's, such as mnist.npz; else UNTOLD."""
    if any(has_usual_name(file, one) for one in files.values()):
        return 0
    telling = [name, *(one.file.removesuffix(".gz") for one in files.values())]
    return 1 if any(_folded(word) in _folded(file) for word in telling) else UNTOLD
