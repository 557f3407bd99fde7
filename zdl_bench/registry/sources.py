"""The code of a part, as far as it belongs to the identity of a run.

`ENGINE_VERSION` covers the parts of this package as `covered.json` lists them: the syntax tree of each module, and what each
YAML fixes. Whatever differs from that list, an edited part or one from elsewhere, is told apart by a hash.
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
COVERED = Path(__file__).with_name("covered.json")
ROOMS = ("optimizers", "problems", "schedules", "datasets")
"""Where this package has the parts of runs."""
STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib")).resolve()
INSTALLED = {"site-packages", "dist-packages"}
"""Folders whose code belongs to a distribution."""
PARTS = "all parts, byte by byte"
DIGITS = 16


def beyond_engine(code: Mapping[str, str]) -> str | None:
    """What identifies the code of a part, as `code_of` gives it: 16 hex digits, None if ENGINE_VERSION covers all of it."""
    listed = covered()
    others = sorted(value for key, value in code.items() if listed.get(key) != value)
    return hash_of("\n".join(others))[:DIGITS] if others else None


def code_of(module: str) -> dict[str, str]:
    """A hash for the module and each that it imports, directly or not, unless a distribution has it.

    If the module itself belongs to a distribution, its version stands for all of them.
    """
    if _file_of(module) is None:
        return {module: _installed(module)}
    found: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        file = _file_of(name)
        if name not in found and file is not None:
            tree = ast.parse(file.read_bytes())
            found[name] = hash_of(canonical(tree))
            waiting += _imported(tree, name if file.stem == "__init__" else name.rpartition(".")[0])
    return found


def is_untouched(module: str) -> bool:
    """Whether a module is one of this package, and no byte of its parts has changed: then nothing has to be parsed."""
    return module.startswith(f"{PACKAGE.name}.") and hash_of_parts() == covered()[PARTS]


@cache
def hash_of_parts() -> str:
    """SHA-256 of all modules of this package that hold parts."""
    files = sorted(file for room in ROOMS for file in PACKAGE.glob(f"{room}/*.py"))
    return hashlib.sha256(b"\n".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).hexdigest()


@cache
def hash_of_sources(*patterns: str) -> str:
    """SHA-256 of the package's files of these patterns."""
    total = hashlib.sha256()
    for path in (path for pattern in patterns for path in sorted(PACKAGE.rglob(pattern))):
        total.update(path.read_bytes())
    return total.hexdigest()


def canonical(node: Any) -> str:
    """A syntax tree as text: layout, comments and docstrings are not in it, and every Python writes the same."""
    if isinstance(node, ast.AST):
        fields = [(name, value) for name, value in ast.iter_fields(node) if value not in (None, [])]
        return f"{type(node).__name__}({', '.join(f'{name}={canonical(value)}' for name, value in fields)})"
    if isinstance(node, list):
        return f"[{', '.join(canonical(item) for item in node if not _is_docstring(item))}]"
    return repr(node)


@cache
def covered() -> Mapping[str, str]:
    """Module or part → its hash, as it was when ENGINE_VERSION was raised last, or written anew since with the same numbers."""
    listed: dict[str, str] = json.loads(COVERED.read_text(encoding="utf-8"))
    return listed


def _is_docstring(node: Any) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _imported(tree: ast.AST, package: str) -> Iterator[str]:
    """Names of modules that a module of the package may import; some are names inside of modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: package.count(".") + 2 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (base, *(f"{base}.{alias.name}" for alias in node.names))


def _file_of(module: str) -> Path | None:
    """The source of a module that no distribution has, or of a part of this package; None for any other name."""
    package, _, below = module.partition(".")
    if package == PACKAGE.name:
        return _found(module) if below.partition(".")[0] in ROOMS else None
    file = _found(package)  # looked at first: to look for a module imports the packages above it
    return _found(module) if file and not _is_installed(file) else None


def _found(module: str) -> Path | None:
    """The Python file of a module, None if it has none, or the name is one inside of a module."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, AttributeError, ValueError):
        return None
    return Path(spec.origin).resolve() if spec and spec.origin and spec.origin.endswith(".py") else None


def _is_installed(file: Path) -> bool:
    return file.is_relative_to(STANDARD_LIBRARY) or bool(INSTALLED & {*file.parts})


def _installed(module: str) -> str:
    """The distributions that a module comes from, with their versions; the bytes of its file if there is none."""
    names = packages_distributions().get(module.partition(".")[0], [])
    if names:
        return ", ".join(f"{name} {version(name)}" for name in sorted({*names}))
    spec = importlib.util.find_spec(module)
    return hashlib.sha256(Path(spec.origin).read_bytes()).hexdigest() if spec and spec.origin else ""


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
