"""The functions whose compiled form is known to round like NumPy: those that use nothing but portable operations."""

import dis
from collections.abc import Callable
from types import FunctionType
from typing import Any, cast

import numpy as np

from zdl_bench.kernels import elementary

NUMPY_NAMES = frozenset({"sqrt", "abs", "maximum", "minimum", "square"})
"""Functions of NumPy that numba computes with the same bits. (Its sign of −0 is −0, NumPy's is 0.)"""
ELEMENTARY = tuple(getattr(elementary, name) for name in ("exp", "tanh", "log", "sin_pi", "cos_pi", "select"))


def typed_for(function: Callable[..., Any], dtype: np.dtype) -> Callable[..., Any] | None:
    """Return the function with its literal numbers in `dtype`, as NumPy takes them beside an array of that dtype.

    Numba takes a literal as float64. Return None if the function does more than portable arithmetic: if it reads something
    other than arguments, numbers, NUMPY_NAMES and elementary functions, or raises to a power.
    """
    own = cast("FunctionType", function)
    code = own.__code__
    names = {name: own.__globals__.get(name, name) for name in code.co_names}
    if code.co_freevars or not all(map(_is_portable, names.values())) or _has_power(code):
        return None
    typed = code.replace(co_consts=tuple(_typed(value, dtype) for value in code.co_consts))
    globals_read = own.__globals__ | {name: _typed(value, dtype) for name, value in names.items() if name in own.__globals__}
    copy = FunctionType(typed, globals_read, own.__name__, own.__defaults__)
    copy.__qualname__ = own.__qualname__
    return copy


def _is_portable(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value is np or is_number or value in ELEMENTARY or (isinstance(value, str) and value in NUMPY_NAMES)


def _typed(value: Any, dtype: np.dtype) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return dtype.type(value) if is_number else value


def _has_power(code: Any) -> bool:
    return any(line.opname == "BINARY_OP" and "**" in line.argrepr for line in dis.get_instructions(code))
