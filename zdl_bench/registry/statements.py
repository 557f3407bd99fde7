"""The statements that define the classes and functions of a notebook or a script, and the names that these statements read."""

import ast
import dis
import functools
import linecache
import sys
from collections.abc import Sequence
from inspect import unwrap
from types import CodeType, FunctionType, UnionType
from typing import Any, NamedTuple

from zdl_bench.errors import ConfigError, display

READS = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_GLOBALS"}
MAIN = "__main__"
"""The module of a notebook and of a script."""
GENERATED = "<string>"
"""The file of the methods that `dataclass` writes."""


class Statement(NamedTuple):
    """A statement that defines a class or a function, and the file in which it stands."""

    tree: ast.stmt
    file: str

    def holds(self, function: FunctionType) -> bool:
        """Return whether a function was written inside this statement."""
        return function.__code__.co_filename == self.file and _surrounds(self.tree, function.__code__.co_firstlineno)


def class_statement(name: str, implementation: type, method: FunctionType) -> Statement:
    """Return the statement that defines a class with this method. Raise ConfigError if no file and no cell holds it."""
    found = _definitions(method.__code__, implementation.__name__, ast.ClassDef)
    return _last(found, name, method.__code__, "class")


def function_statement(name: str, code: CodeType) -> Statement:
    """Return the statement that defines a function. Raise ConfigError if no file and no cell holds it."""
    found = _definitions(code, code.co_name, ast.FunctionDef | ast.AsyncFunctionDef)
    return _last([node for node in found if _first_line(node) == code.co_firstlineno], name, code, "function")


def names_read(statement: ast.stmt) -> list[str]:
    """Return the names, sorted, that a statement reads from around it, in its own body and in functions inside it."""
    names: set[str] = set()
    waiting = [compile(ast.Module([statement], []), "<code>", "exec")]
    while waiting:
        code = waiting.pop()
        names |= {str(one.argval) for one in dis.get_instructions(code) if one.opname in READS}
        waiting += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return sorted(names)


def _definitions(code: CodeType, name: str, kinds: type | UnionType) -> list[ast.stmt]:
    """Return the statements around a line of code that define something of this name, from the outermost to the innermost."""
    try:
        nodes = [*ast.walk(ast.parse("".join(linecache.getlines(code.co_filename))))]
    except (SyntaxError, ValueError):
        return []
    named = [
        node for node in nodes if isinstance(node, ast.stmt) and isinstance(node, kinds) and getattr(node, "name", "") == name
    ]
    return [node for node in named if _surrounds(node, code.co_firstlineno)]


def _last(found: Sequence[ast.stmt], name: str, code: CodeType, kind: str) -> Statement:
    if not found:
        raise ConfigError(
            f"{display(name)}: the code of this {kind} cannot be found, so its runs cannot be told from those of other code; "
            "define it in a cell of a notebook, in a script, or in a module"
        )
    return Statement(found[-1], code.co_filename)


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])


def _surrounds(node: ast.stmt, line: int) -> bool:
    return _first_line(node) <= line <= (node.end_lineno or 0)


def functions_in(attribute: Any) -> list[FunctionType]:
    """Return the functions in an attribute of a class: a method, a static or class method, or those of a property."""
    inner = attribute.func if isinstance(attribute, functools.cached_property) else getattr(attribute, "__func__", attribute)
    inside = [attribute.fget, attribute.fset, attribute.fdel] if isinstance(attribute, property) else [inner]
    return [one for one in inside if isinstance(one, FunctionType)]


def is_method_of(implementation: type, function: FunctionType) -> bool:
    """Return whether a function has the name and module of a method of the class and was written, not made by `dataclass`."""
    is_named = function.__qualname__.startswith(f"{implementation.__qualname__}.")
    return is_named and function.__globals__.get("__name__") == implementation.__module__ and not is_generated(function)


def is_generated(function: FunctionType) -> bool:
    written: FunctionType = unwrap(function)
    return written.__code__.co_filename == GENERATED


def importable_name(value: Any) -> tuple[str, str] | None:
    """Return the module and the name by which any process finds this value, or None if there is none."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", getattr(value, "__name__", None))
    if not (isinstance(module, str) and isinstance(name, str)) or module == MAIN:
        return None
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return (module, name) if found is value else None
