"""Finds the files of modules, without executing them, and tells the user's own modules from those of distributions."""

import importlib.util
import sysconfig
from contextlib import suppress
from importlib.machinery import ModuleSpec
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
ROOMS = ("optimizers", "problems", "schedules", "datasets", "transforms")
"""The rooms of this package that hold the parts of runs."""
STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib")).resolve()
INSTALLED = {"site-packages", "dist-packages"}
"""Names of folders whose code belongs to an installed distribution."""


def is_own_module(module: str) -> bool:
    """Return whether a module is in no distribution, or holds parts of this package, so that its code has to be hashed."""
    return part_file(module) is not None


def part_file(module: str) -> Path | None:
    """Return the file of a module that is in no distribution or that holds parts of this package. Return None for others."""
    package, _, below = module.partition(".")
    if package == PACKAGE.name:
        return _python_file(module) if below.partition(".")[0] in ROOMS else None
    file = _python_file(package)  # checked first, since a search for a module imports its parents
    if file is None and _is_namespace(package):
        file = _python_file(module)
    if file is None or file.is_relative_to(STANDARD_LIBRARY) or INSTALLED & {*file.parts}:
        return None
    return _python_file(module)


def module_spec(module: str) -> ModuleSpec | None:
    """Return where Python finds a module, or None if it finds none. Parent packages are imported."""
    with suppress(ImportError, AttributeError, ValueError):
        return importlib.util.find_spec(module)
    return None


def _is_namespace(package: str) -> bool:
    """Return whether a package is only a folder, such as `optimizer` in a user's folder, which runs no code when imported."""
    spec = module_spec(package)
    return spec is not None and spec.origin is None and spec.submodule_search_locations is not None


def _python_file(module: str) -> Path | None:
    """Return the Python file of a module, or None if the module has none or if the name is not that of a module."""
    spec = module_spec(module)
    return Path(spec.origin).resolve() if spec and spec.origin and spec.origin.endswith(".py") else None
