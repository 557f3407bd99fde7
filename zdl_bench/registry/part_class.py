"""Imports the class that the YAML of a part names, from this package, a module beside a user's YAMLs, or an installed one."""

import importlib
import sys
from pathlib import Path
from typing import Any

from zdl_bench.errors import ConfigError
from zdl_bench.registry.conf_places import ConfPlace
from zdl_bench.registry.module_files import module_spec


def import_class(target: str, place: ConfPlace) -> Any:
    """Return the class MODULE.CLASS that `target` names.

    place: where the YAML was found. If the module stands there, the folder is put behind all others on Python's path. Raise
    ConfigError if another module has its name. Pass on whatever the import raises.
    """
    module, _, attribute = target.rpartition(".")
    let_import(module, place)
    return getattr(importlib.import_module(module), attribute)


def let_import(module: str, place: ConfPlace) -> None:
    """Put the folder of a YAML on Python's path if the module stands in it. Raise ConfigError if another one has its name."""
    file = _file_beside(module, place)
    if file is not None:
        if str(place.folder) not in sys.path:
            sys.path.append(str(place.folder))
        importlib.invalidate_caches()  # a file may have been written just now
        _require_found(module, file)


def _file_beside(module: str, place: ConfPlace) -> Path | None:
    """Return the file of a module beside the YAMLs, or None if there is none."""
    path = place.folder.joinpath(*module.split("."))
    files = (path.with_suffix(".py"), path / "__init__.py") if place.has_modules else ()
    return next((file for file in files if file.is_file()), None)


def _require_found(module: str, file: Path) -> None:
    """Raise ConfigError if Python finds the module in another file, or a package that hides it."""
    specs = module_spec(module), module_spec(module.partition(".")[0])
    found = next((spec.origin for spec in specs if spec and spec.origin), None)
    if found and Path(found).resolve() != file.resolve():  # a user's module may be a link
        raise ConfigError(f"two modules have the same name, {file} and {found}; rename one of them")
