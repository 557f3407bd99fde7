"""The folders outside this package in which parts and experiments are found.

Users name folders with `--config-dir DIR` or in the environment variable ZDL_BENCH_CONF, which worker processes inherit. An
installed package names its folder with an entry point of the group `zdl_bench.conf`.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, distributions
from pathlib import Path

from zdl_bench.errors import ConfigError, display
from zdl_bench.registry.module_files import module_spec

CONF_VARIABLE = "ZDL_BENCH_CONF"
ENTRY_POINTS = "zdl_bench.conf"
EXPERIMENT = "experiment"
"""The subfolder of the experiments, beside those of the groups."""


@dataclass(frozen=True)
class ConfPlace:
    """A folder with a subfolder of YAMLs for each group.

    experiments: the folder of its experiments. has_modules: whether classes may stand in modules beside the YAMLs.
    """

    folder: Path
    experiments: Path
    has_modules: bool = False


def outside_places() -> tuple[ConfPlace, ...]:
    """Return the folders of installed packages, and then those that the user names. Raise ConfigError if one does not exist."""
    return _outside_places(tuple(map(str, sys.path)), _conf_value(), os.getcwd())


def named_folders() -> list[Path]:
    """Return the folders in ZDL_BENCH_CONF, which are separated as in PATH. Raise ConfigError if one does not exist."""
    texts = filter(None, _conf_value().split(os.pathsep))
    folders = [Path(text).expanduser().resolve() for text in texts]
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError(
                f"--config-dir (or {CONF_VARIABLE})={display(folder)}: there is no such folder; name one with your own YAMLs, "
                "or make one with zdl-bench new optimizer NAME --config-dir DIR"
            )
    return folders


def unusable_entry_points() -> list[str]:
    """Return a line for each entry point of an installed package that leads to no folder."""
    return [
        f"{point.dist.name if point.dist else point.name}: its entry point {ENTRY_POINTS}: {point.name} = {point.value} leads "
        "to no folder; correct it in that package"
        for folder, point in _installed(tuple(map(str, sys.path)), os.getcwd())
        if folder is None
    ]


@contextmanager
def conf_folder(folder: str | os.PathLike[str] | None) -> Iterator[None]:
    """Find parts in this folder, too, here and in all processes that are started in the block. None adds no folder.

    Raise ConfigError for a name that ZDL_BENCH_CONF cannot hold.
    """
    named = "" if folder is None else str(Path(folder).expanduser().absolute())
    if os.pathsep in named:
        raise ConfigError(f"--config-dir={display(folder)}: the name of a folder cannot hold {os.pathsep}; rename the folder")
    with conf_variable(os.pathsep.join(filter(None, (named, _conf_value())))):
        yield


@contextmanager
def conf_variable(value: str) -> Iterator[None]:
    """Set ZDL_BENCH_CONF in the block, here and in all processes that are started in it."""
    before = os.environ.get(CONF_VARIABLE)
    os.environ[CONF_VARIABLE] = value
    try:
        yield
    finally:
        os.environ.pop(CONF_VARIABLE)
        if before is not None:
            os.environ[CONF_VARIABLE] = before


def _conf_value() -> str:
    return os.environ.get(CONF_VARIABLE, "")


@cache
def _outside_places(import_path: tuple[str, ...], conf_value: str, current_folder: str) -> tuple[ConfPlace, ...]:
    """Return the places. The arguments are all that they depend on."""
    installed = [ConfPlace(folder, folder / EXPERIMENT) for folder, _ in _installed(import_path, current_folder) if folder]
    return (*installed, *(ConfPlace(folder, folder / EXPERIMENT, has_modules=True) for folder in named_folders()))


@cache
def _installed(import_path: tuple[str, ...], current_folder: str) -> list[tuple[Path | None, EntryPoint]]:
    """Return the folder of each entry point, or None if it leads to none.

    The current folder, which may be somebody's store, is on Python's path but has no installed packages.
    """
    path = [one for one in import_path if one not in ("", current_folder)]
    points = [point for one in distributions(path=path) for point in one.entry_points if point.group == ENTRY_POINTS]
    named = {(point.name, point.value): point for point in points}
    return [(_folder_of(point), point) for _, point in sorted(named.items())]


def _folder_of(point: EntryPoint) -> Path | None:
    """Return the folder of the package or module that an entry point names. No code of the package is executed."""
    top, *below = point.module.split(".")
    spec = module_spec(top)
    if spec is None:
        return None
    parents = [*(spec.submodule_search_locations or ())]
    if not below and not parents and spec.origin:  # a single module
        return Path(spec.origin).parent
    for path in (Path(parent, *below) for parent in parents):
        if path.is_dir() or path.with_suffix(".py").is_file():
            return path if path.is_dir() else path.parent
    return None
