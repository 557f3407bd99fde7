"""Places that may hold the files of a data set: a folder, its usual subfolders, or one file that holds everything."""

import os
import zlib
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from zdl_bench.datasets.packings import GZIP, HEAD, ZIP, IdxFile

MAX_FILES = 100
"""The largest number of files that are opened in a place, since a place may be a folder with many unrelated files."""
UNTOLD = 2
"""The rank of a file whose name does not hint at its content."""


class Candidate(NamedTuple):
    """A file, with the parts of a data set that it may hold.

    is_telling: whether the file's name, or the user, says that the file belongs to the data set.
    """

    path: Path
    parts: set[str]
    is_telling: bool


def find_places(root: Path, name: str) -> list[Path]:
    """Return the places that may hold a data set, likeliest first: subfolders of that name, the root, torchvision's `*/raw`.

    If the root does not exist, the list is empty. If the root is a file, the list holds only the root. Raise OSError if the
    root cannot be read.
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
    """Return the files of a place that may belong to a data set, likeliest first. Raise OSError if the place is unreadable.

    is_given: whether the user named the place. A file that the user named counts as telling.
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
    """Return whether a file has the name of the served file, with or without `.gz` and with either `-idx` or `.idx`."""
    return _stem(name) == _stem(file.file)


def _stem(name: str) -> str:
    return name.lower().removesuffix(".gz").replace(".", "-")


def _folded(name: str) -> str:
    """Return a name in a unified spelling: torchvision writes FashionMNIST for fashion_mnist, others write .idx3 for -idx3."""
    return name.lower().replace("_", "").replace(".", "-")


def _possible_parts(path: Path, files: Mapping[str, IdxFile]) -> set[str]:
    """Return the parts that a file may hold, judged by its name or its first bytes."""
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
    """Return 0 for a usual file name, 1 if the name contains a usual one or the data set's name (mnist.npz), or else UNTOLD."""
    if any(has_usual_name(file, one) for one in files.values()):
        return 0
    telling = [name, *(one.file.removesuffix(".gz") for one in files.values())]
    return 1 if any(_folded(word) in _folded(file) for word in telling) else UNTOLD
