"""The functions whose compiled form is known to round like NumPy: those that use nothing but portable operations.

A function is followed once with stand-ins for elements and numbers, which know the portable operations alone. Anything else
raises: a branch on a value, a power, another function, an operator that changes an array in place. Two numbers must not be
combined either: Python does so in float64 before NumPy rounds the result, and compiled code would in the run's dtype.
"""

from collections.abc import Callable
from types import CodeType, FunctionType, SimpleNamespace
from typing import Any

import numpy as np

from zdl_bench.kernels import elementary
from zdl_bench.kernels.exponentials import select

ELEMENTARY = tuple(getattr(elementary, name) for name in ("exp", "tanh", "cube_root", "log", "sin_pi", "cos_pi"))


def typed_for(function: Callable[..., Any], arguments: int, dtype: np.dtype) -> Callable[..., Any] | None:
    """Return the function with its literal numbers in `dtype`, as NumPy takes them beside an array of that dtype.

    Numba takes a literal as float64, and arguments by position. Return None if the function does more than portable arithmetic
    on its arguments.
    """
    if not isinstance(function, FunctionType) or not _is_complete(function.__code__):
        return None
    try:
        followed = _with_numbers(function, lambda number: _Number(), _stand_ins(function))
        results = followed(*(_Element() for _ in range(arguments)))
        for result in results if isinstance(results, tuple) else (results,):
            _check(result, _Element, _Number)
        return _with_numbers(function, dtype.type, function.__globals__)
    except Exception:  # whatever stand-ins cannot do
        return None


def _is_complete(code: CodeType) -> bool:
    """Return whether all that a function does is in its own code, and none of it is skipped silently."""
    has_inner = any(isinstance(value, CodeType) for value in code.co_consts)
    return not (has_inner or code.co_freevars or code.co_exceptiontable)


def _with_numbers(function: FunctionType, change: Callable[[Any], Any], names: dict[str, Any]) -> FunctionType:
    """Return the function with its literals and the numbers of its module changed. It reads nothing else but `names`."""

    def changed(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(changed, value))
        return change(value) if _is_number(value) else value

    own = function.__code__
    code = own.replace(
        co_consts=tuple(map(changed, own.co_consts)),
        co_argcount=own.co_argcount + own.co_kwonlyargcount,
        co_kwonlyargcount=0,
    )
    numbers = {name: change(value) for name, value in _names_read(function).items() if _is_number(value)}
    copy = FunctionType(code, names | numbers, function.__name__)
    copy.__qualname__ = function.__qualname__
    return copy


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool | np.floating)


def _names_read(function: FunctionType) -> dict[str, Any]:
    return {name: function.__globals__[name] for name in function.__code__.co_names if name in function.__globals__}


def _stand_ins(function: FunctionType) -> dict[str, Any]:
    """Return stand-ins for NumPy and the elementary functions. Numba gives NumPy's bits for the functions named here."""
    numpy = SimpleNamespace(sqrt=_one, abs=_one, square=_one)
    known = [(np, numpy), (select, _select), *((own, _one) for own in ELEMENTARY)]
    read = _names_read(function).items()
    return {name: other for name, value in read for own, other in known if value is own} | {"__builtins__": {"abs": abs}}


class _StandIn:
    def __bool__(self) -> bool:
        raise TypeError("a branch on a value")


class _Condition(_StandIn):
    """The result of a comparison."""

    def __and__(self, other: Any) -> "_Condition":
        _check(other, _Condition)
        return self

    __or__ = __and__


class _Number(_StandIn):
    """A number in the source."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> Any:
        return NotImplemented if isinstance(other, _Element) else bool(self)

    __ne__ = __eq__


class _Element(_StandIn):
    """An element of an array, or a scalar, of the run's dtype."""

    def __add__(self, other: Any) -> "_Element":
        _check(other, _Element, _Number)
        return _Element()

    __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __add__

    def __iadd__(self, other: Any) -> "_Element":
        raise TypeError("an array that other names may share changes in place")

    __isub__ = __imul__ = __itruediv__ = __iadd__

    def __lt__(self, other: Any) -> Any:
        _check(other, _Element, _Number)
        return _Condition()

    __le__ = __gt__ = __ge__ = __eq__ = __ne__ = __lt__

    def __neg__(self) -> "_Element":
        return _Element()

    __abs__ = __neg__


def _check(value: Any, *kinds: type) -> None:
    if type(value) not in kinds:
        raise TypeError("not a portable operand")


def _one(value: Any) -> _Element:
    _check(value, _Element)
    return _Element()


def _select(condition: Any, chosen: Any, other: Any) -> _Element:
    """Of two numbers NumPy makes an array of float64."""
    _check(condition, _Condition)
    _check(chosen, _Element, _Number)
    _check(other, *((_Element,) if isinstance(chosen, _Number) else (_Element, _Number)))
    return _Element()
