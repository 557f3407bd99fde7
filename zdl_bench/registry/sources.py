"""Hashes of the code of parts. They belong to the identity of a run.

`ENGINE_VERSION` covers the code that `covered.json` lists: the syntax tree of each module with parts, and what each YAML fixes.
Any other code, such as an edited part or a part from another package, is identified by a hash.
"""

import ast
import hashlib
import importlib.util
import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

from zdl_bench.errors import ConfigError
from zdl_bench.registry.module_files import PACKAGE, ROOMS, part_file

COVERED_CODE = Path(__file__).with_name("covered.json")
ALL_PARTS = "all parts, byte by byte"
DIGITS = 16


def beyond_engine(code: Mapping[str, str]) -> str | None:
    """Return 16 hex digits that identify the code of a part, or None if ENGINE_VERSION covers all of this code.

    code: hashes as `code_of` returns them.
    """
    others = sorted(value for key, value in code.items() if covered_code().get(key) != value)
    return text_hash("\n".join(others))[:DIGITS] if others else None


def code_of(module: str) -> dict[str, str]:
    """Return module → hash, for a module and all modules that it imports, directly or indirectly.

    Modules of installed distributions are left out. If the given module itself belongs to a distribution, the version of the
    distribution stands for all modules.
    """
    if part_file(module) is None:
        return {module: _installed_version(module)}
    found: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        file = part_file(name)
        if name not in found and file is not None:
            found[name], imported = _reading_of(name, file)
            waiting += imported
    return found


def hash_of_module(module: str) -> str:
    """Return the hash of a module's own code, without what it imports; an empty text if there is no such module."""
    file = part_file(module)
    return "" if file is None else _reading_of(module, file)[0]


class _Load:
    """One load of a module. A module that is loaded again, as by importlib.reload, gets another spec."""

    def __init__(self, spec: ModuleSpec) -> None:
        self._spec = spec

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Load) and self._spec is other._spec

    def __hash__(self) -> int:
        return id(self._spec)


def _reading_of(module: str, file: Path) -> tuple[str, tuple[str, ...]]:
    """Return the hash of a module's code, and all names that it imports.

    Raise ConfigError if this process has loaded the module and has read other code in its file since then.
    """
    spec = getattr(sys.modules.get(module), "__spec__", None)
    if spec is None:
        return _read(module, file)
    reading = _read_once(module, file, _Load(spec))
    if file.is_file() and _read(module, file) != reading:
        raise ConfigError(
            f"{file}: this module was changed after it was loaded; load it again with importlib.reload, or start the program "
            "(in a notebook, the kernel) anew"
        )
    return reading


@cache
def _read_once(module: str, file: Path, load: _Load) -> tuple[str, tuple[str, ...]]:
    return _read(module, file)


def _read(module: str, file: Path) -> tuple[str, tuple[str, ...]]:
    tree = ast.parse(file.read_bytes())
    imported = _imported_names(tree, module if file.stem == "__init__" else module.rpartition(".")[0])
    return text_hash(syntax_text(tree)), tuple(imported)


def is_untouched(module: str) -> bool:
    """Return whether a module is in this package and no byte of the package's parts has changed.

    In this case, no module has to be parsed to identify its code.
    """
    return module.startswith(f"{PACKAGE.name}.") and hash_of_parts() == covered_code()[ALL_PARTS]


@cache
def hash_of_parts() -> str:
    """Return the SHA-256 of all modules of this package that hold parts."""
    files = sorted(file for room in ROOMS for file in PACKAGE.glob(f"{room}/*.py"))
    return hashlib.sha256(b"\n".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).hexdigest()


@cache
def hash_of_sources(*patterns: str) -> str:
    """Return the SHA-256 of the package's files that match one of the patterns."""
    total = hashlib.sha256()
    for path in (path for pattern in patterns for path in sorted(PACKAGE.rglob(pattern))):
        total.update(path.read_bytes())
    return total.hexdigest()


@cache
def covered_code() -> Mapping[str, str]:
    """Return module or part → hash, from `covered.json`.

    The list is updated with each change that raises ENGINE_VERSION or leaves all results unchanged.
    """
    listed: dict[str, str] = json.loads(COVERED_CODE.read_text(encoding="utf-8"))
    return listed


def text_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def syntax_text(node: Any) -> str:
    """Return a syntax tree as text without layout, comments and docstrings. All versions of Python give the same text."""
    if isinstance(node, ast.AST):
        fields = [(name, value) for name, value in ast.iter_fields(node) if value not in (None, [])]
        return f"{type(node).__name__}({', '.join(f'{name}={syntax_text(value)}' for name, value in fields)})"
    if isinstance(node, list):
        return f"[{', '.join(syntax_text(item) for item in node if not _is_docstring(item))}]"
    return repr(node)


def _is_docstring(node: Any) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _imported_names(tree: ast.AST, package: str) -> Iterator[str]:
    """Yield all names that a module of the package imports. The name of an object is included, since it may be a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: package.count(".") + 2 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (base, *(f"{base}.{alias.name}" for alias in node.names))


@cache
def _distributions() -> Mapping[str, list[str]]:
    """Return package → the distributions that contain it. To look for them takes half a second."""
    return packages_distributions()


def _installed_version(module: str) -> str:
    """Return the distributions that contain a module, with versions, or the hash of the module's file if there are none."""
    package = module.partition(".")[0]
    if package not in _distributions():  # it may have been installed just now
        _distributions.cache_clear()
    names = _distributions().get(package, [])
    if names:
        return ", ".join(f"{name} {version(name)}" for name in sorted({*names}))
    spec = importlib.util.find_spec(module)
    return hashlib.sha256(Path(spec.origin).read_bytes()).hexdigest() if spec and spec.origin else ""
