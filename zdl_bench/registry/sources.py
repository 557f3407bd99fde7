"""Hashes of the code of parts. They belong to the identity of a run.

`ENGINE_VERSION` covers the code that `covered.json` lists: the syntax tree of each module with parts, and what each YAML fixes.
Any other code, such as an edited part or a part from another package, is identified by a hash.
"""

import ast
import hashlib
import importlib.util
import json
import sysconfig
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parents[1]
COVERED_CODE = Path(__file__).with_name("covered.json")
ROOMS = ("optimizers", "problems", "schedules", "datasets")
"""The rooms of this package that hold the parts of runs."""
STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib")).resolve()
INSTALLED = {"site-packages", "dist-packages"}
"""Names of folders whose code belongs to an installed distribution."""
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
    if _part_file(module) is None:
        return {module: _installed_version(module)}
    found: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        file = _part_file(name)
        if name not in found and file is not None:
            tree = ast.parse(file.read_bytes())
            found[name] = text_hash(_syntax(tree))
            waiting += _imported_names(tree, name if file.stem == "__init__" else name.rpartition(".")[0])
    return found


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


def _syntax(node: Any) -> str:
    """Return a syntax tree as text without layout, comments and docstrings. All versions of Python give the same text."""
    if isinstance(node, ast.AST):
        fields = [(name, value) for name, value in ast.iter_fields(node) if value not in (None, [])]
        return f"{type(node).__name__}({', '.join(f'{name}={_syntax(value)}' for name, value in fields)})"
    if isinstance(node, list):
        return f"[{', '.join(_syntax(item) for item in node if not _is_docstring(item))}]"
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


def _part_file(module: str) -> Path | None:
    """Return the file of a module that is in no distribution or that holds parts of this package. Return None for others."""
    package, _, below = module.partition(".")
    if package == PACKAGE.name:
        return _python_file(module) if below.partition(".")[0] in ROOMS else None
    file = _python_file(package)  # checked first, since a search for a module imports its parents
    if file is None or file.is_relative_to(STANDARD_LIBRARY) or INSTALLED & {*file.parts}:
        return None
    return _python_file(module)


def _python_file(module: str) -> Path | None:
    """Return the Python file of a module, or None if the module has none or if the name is not that of a module."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, AttributeError, ValueError):
        return None
    return Path(spec.origin).resolve() if spec and spec.origin and spec.origin.endswith(".py") else None


def _installed_version(module: str) -> str:
    """Return the distributions that contain a module, with versions, or the hash of the module's file if there are none."""
    names = packages_distributions().get(module.partition(".")[0], [])
    if names:
        return ", ".join(f"{name} {version(name)}" for name in sorted({*names}))
    spec = importlib.util.find_spec(module)
    return hashlib.sha256(Path(spec.origin).read_bytes()).hexdigest() if spec and spec.origin else ""
