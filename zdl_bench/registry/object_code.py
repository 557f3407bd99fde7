"""The code of a class that was handed over as an object, with everything of the user's own that it uses.

A module of the user is hashed as a whole. A class of a notebook or a script has no such module. So its own statement is hashed,
as a syntax tree, with its base classes and attributes, and then whatever its code reads: functions and classes of the same
notebook, modules of the user, and values, by name, in closures and as defaults. An object counts with its class and with what
`pickle` would keep of it.
"""

import copyreg
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from inspect import unwrap
from types import CellType, FunctionType, MappingProxyType, ModuleType
from typing import Any

import numpy as np

from zdl_bench.errors import ConfigError, display
from zdl_bench.registry.module_files import is_own_module
from zdl_bench.registry.sources import beyond_engine, code_of, hash_of_module, syntax_text, text_hash
from zdl_bench.registry.statements import (
    MAIN,
    Statement,
    class_statement,
    function_statement,
    functions_in,
    importable_name,
    is_generated,
    is_method_of,
    names_read,
)

VALUES = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis))
PROTOCOL = 5
"""The protocol of `pickle` whose view of an object counts. Nothing is pickled."""


@dataclass(frozen=True)
class ClassCode:
    """The code of a class. modules: module → hash of the user's modules that it needs. identity: a hash of the rest."""

    modules: Mapping[str, str]
    identity: str

    @property
    def source(self) -> str | None:
        """16 hex digits that identify the code, or None if ENGINE_VERSION covers all of it.

        The modules are those of this process, which may have loaded others than the process that read the code.
        """
        current = {module: hash_of_module(module) for module in self.modules}
        return beyond_engine(current | {"class": self.identity})


def code_of_class(implementation: type) -> ClassCode:
    """Return the code of a class.

    Raise ConfigError if the code cannot be found, or if it reads something whose content cannot be identified.
    """
    reading = _Reading(implementation.__qualname__)
    try:
        text = reading.text_of(implementation.__qualname__, implementation)
    except RecursionError:
        raise reading.refusal(implementation.__qualname__, implementation) from None
    content = "\n".join([text, *reading.lines]) if reading.lines else implementation.__qualname__
    return ClassCode(reading.modules, text_hash(content))


@dataclass
class _Reading:
    """What was read of a class so far.

    modules: module → hash. lines: the text of each object, by its number. numbers: id of an object → its number.
    kept: these objects, so that no other object gets the id of one.
    """

    reader: str
    modules: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)
    kept: list[Any] = field(default_factory=list)

    def text_of(self, name: str, value: Any) -> str:
        """Return a text that differs for values with different content or code. name: under which the value was read."""
        plain = self._text_of_value(name, value)
        if plain is not None:
            return plain
        if isinstance(value, ModuleType):
            loaded = [one for one in sorted(sys.modules) if f"{one}.".startswith(f"{value.__name__}.")]
            return self._in_modules(value.__name__, *loaded)
        if place := importable_name(value):
            self._in_modules(place[0])
            return ".".join(place)
        if id(value) not in self.numbers:
            self.numbers[id(value)] = len(self.numbers)
            self.kept.append(value)
            self.lines.append(f"#{self.numbers[id(value)]}: {' '.join(self._parts(name, value))}")
        return f"#{self.numbers[id(value)]}"

    def _text_of_value(self, name: str, value: Any) -> str | None:
        """Return the text of a number, a text, an array, or a collection of any values; None for anything else."""
        kind, items = type(value), None
        if kind in VALUES:
            return repr(value)
        if (kind is np.ndarray or isinstance(value, np.generic)) and not value.dtype.hasobject:
            return f"{value.dtype} {value.shape} {value.tobytes().hex()}"
        if kind in (tuple, list, dict, MappingProxyType):
            items = [self.text_of(name, item) for item in (value if kind in (tuple, list) else value.items())]
        elif kind in (set, frozenset):  # every process may have another order, so each member is read as if it were alone
            alone = [(item, _Reading(self.reader, self.modules)) for item in value]
            items = sorted("\n".join([one.text_of(name, item), *one.lines]) for item, one in alone)
        return None if items is None else f"{kind.__name__} {items}"

    def refusal(self, name: str, value: Any) -> ConfigError:
        return ConfigError(
            f"{self.reader}: its code reads {display(name)}, a {type(value).__name__} whose content cannot be identified; "
            "make it a field of the class or a number, text, list or array, or put the class into a module"
        )

    def _in_modules(self, *modules: str) -> str:
        """Take note of the code of the first module and, if it is the user's own, of the others. Return the first name."""
        for module in filter(is_own_module, modules if is_own_module(modules[0]) else ()):
            self.modules |= code_of(module)
        return modules[0]

    def _parts(self, name: str, value: Any) -> Iterator[str]:
        """Yield what an object consists of that cannot be imported by its name."""
        if isinstance(value, type):
            yield from self._parts_of_class(name, value)
        elif isinstance(value, FunctionType):
            yield from self._parts_of_function(name, value)
        elif isinstance(wrapped := getattr(value, "__wrapped__", None), FunctionType):  # by functools.cache or numba
            yield f"{type(value).__qualname__} {self.text_of(name, wrapped)}"
        else:
            yield self._kept_by_pickle(name, value)

    def _parts_of_class(self, name: str, value: type) -> Iterator[str]:
        yield f"class {value.__qualname__} of {self.text_of(name, type(value))}"
        yield self.text_of(name, list(value.__bases__))
        functions = [(key, one) for key, each in vars(value).items() for one in functions_in(each) if not is_generated(one)]
        written = (unwrap(one) for _, one in functions)  # a decorator may stand elsewhere
        method, statement = next((one for one in written if is_method_of(value, one)), None), None
        if value.__module__ != MAIN:
            self._require_current(name, value.__module__, value.__qualname__)
            self._in_modules(value.__module__)
        elif method:
            statement = class_statement(name, value, method)
            closed = {read for _, one in functions if statement.holds(one) for read in one.__code__.co_freevars}
            yield from self._statement(statement, method.__globals__, closed)
        for key, one in functions:
            is_inside = statement and statement.holds(one)
            yield from self._closed_over(one) if is_inside else [f"{key}={self.text_of(key, one)}"]
        for key, one in sorted(vars(value).items()):
            if not (functions_in(one) or key.startswith("__") or key == "_abc_impl"):
                yield f"{key}={self.text_of(key, getattr(one, '__func__', one))}"

    def _parts_of_function(self, name: str, function: FunctionType) -> Iterator[str]:
        module = str(function.__globals__.get("__name__", MAIN))
        yield f"function {function.__qualname__}"
        if module == MAIN:
            yield from self._statement(
                function_statement(name, function.__code__), function.__globals__, function.__code__.co_freevars
            )
        else:
            self._require_current(name, module, function.__code__.co_qualname)
            self._in_modules(module)
        yield from self._closed_over(function)

    def _statement(self, statement: Statement, space: Mapping[str, Any], closed: Iterable[str]) -> Iterator[str]:
        yield syntax_text(statement.tree)
        for read in names_read(statement.tree):
            if read in space and read not in closed:
                yield f"{read}={self.text_of(read, space[read])}"

    def _closed_over(self, function: FunctionType) -> Iterator[str]:
        """Yield the values that a function got when it was defined."""
        for read, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            if cell != CellType():  # an empty one
                yield f"{read}={self.text_of(read, cell.cell_contents)}"
        for defaults in filter(None, (function.__defaults__, function.__kwdefaults__)):
            yield self.text_of(function.__name__, defaults)

    def _kept_by_pickle(self, name: str, value: Any) -> str:
        reduce: Any = copyreg.dispatch_table.get(type(value))
        try:
            kept = reduce(value) if reduce else value.__reduce_ex__(PROTOCOL)
        except Exception:  # code of the user, or an object that no pickle keeps
            raise self.refusal(name, value) from None
        if type(value) is object or isinstance(kept, str):
            raise self.refusal(name, value)
        return self.text_of(name, [*kept[:3], *(list(items or ()) for items in kept[3:5])])

    def _require_current(self, name: str, module: str, own_name: str) -> None:
        """Raise ConfigError if a module has something else under the own name of a class or function, as after a reload."""
        if "<locals>" not in own_name:
            raise ConfigError(
                f"{display(name)}: {module} has something else under the name {own_name}, perhaps because it was loaded again; "
                "import it again, and make the object anew"
            )
