"""Where the files of a data set may lie: in a folder, in those of its subfolders that people use, or all in one file."""

import os
from collections.abc import Callable
from pathlib import Path

MAX_FILES = 200
"""Files of other names that are looked into: the folder may be anything."""


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
    namesakes = [root / folder for folder in inside if _plain(folder) == _plain(name)]
    raw = [folder / "raw" for folder in [*namesakes, root, *(root / folder for folder in inside)]]
    return [*namesakes, root, *filter(os.path.isdir, dict.fromkeys(raw))]


def _plain(name: str) -> str:
    """torchvision writes FashionMNIST for fashion_mnist."""
    return name.lower().replace("_", "")


def files_in(place: Path, is_usual: Callable[[str], bool]) -> list[Path]:
    """The files of a place, those of a usual name first. Raises OSError if it cannot be read."""
    try:
        names = sorted(os.listdir(place), key=lambda name: (not is_usual(name), name))
    except FileNotFoundError:
        return []
    except NotADirectoryError:
        return [place] if place.is_file() else []
    paths = [place / name for name in names]
    usual = [path for path in paths if is_usual(path.name)]
    return [path for path in [*usual, *paths[len(usual) :][:MAX_FILES]] if os.path.isfile(path)]
