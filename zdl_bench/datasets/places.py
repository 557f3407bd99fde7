"""Where the files of a data set may lie: in a folder, in those of its subfolders that people use, or all in one file."""

import os
from collections.abc import Callable
from itertools import islice
from pathlib import Path

MAX_FILES = 200
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
    namesakes = [root / folder for folder in inside if plain(folder) == plain(name)]
    raw = [folder / "raw" for folder in [*namesakes, root, *(root / folder for folder in inside)]]
    return [*namesakes, root, *filter(os.path.isdir, dict.fromkeys(raw))]


def plain(name: str) -> str:
    """A name as it is compared: torchvision writes FashionMNIST for fashion_mnist, others .idx3 for -idx3."""
    return name.lower().replace("_", "").replace(".", "-")


def files_in(place: Path, rank: Callable[[str], int]) -> list[Path]:
    """The files of a place, by the rank of their names, the lowest first. Raises OSError if it cannot be read."""
    try:
        names = sorted(os.listdir(place), key=lambda name: (rank(name), name))
    except FileNotFoundError:
        return []
    except NotADirectoryError:
        return [place] if place.is_file() else []
    return list(islice((place / name for name in names if os.path.isfile(place / name)), MAX_FILES))
