"""Functions compiled by numba, whose code is kept on disk, so that only the first start on a machine compiles.

Numba keeps code beside the source, or in its folder of the user where that cannot be written: an index of a function's
signatures, which processes write one over the other, and then the code. Two that start together could leave the code of one
signature under the name of another, and one that is killed the code of an old source under the name of a new one. So here
each signature, source, CPU and numba has files of its own, whose content is the same whoever writes them.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any, cast

import llvmlite.binding
import numba
from numba.core.errors import NumbaError

Signature = tuple[Any, ...]
"""Numba's types of the arguments."""


def compiled(function: Callable[..., Any], signature: Signature, *sources: Callable[..., Any]) -> Callable[..., None]:
    """`function`, whose code comes from its own file and those of `sources`, compiled for one signature.

    Without fast-math, and with NumPy's division by 0, an operation rounds as NumPy's does. Raises NumbaError for a function
    that numba cannot compile, and for any where it compiles none.
    """
    if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        raise NumbaError("NUMBA_DISABLE_JIT is set")
    functions = [cast("FunctionType", each) for each in (function, *sources)]
    own, identity = functions[0], _identity(signature, functions)
    names = "-".join(each.__qualname__.rpartition("<locals>.")[2] for each in functions)
    named = FunctionType(own.__code__, own.__globals__, own.__name__, own.__defaults__, own.__closure__)
    named.__qualname__ = f"{names}-{identity}".replace("<", "").replace(">", "")  # which names the files
    # by the second time, a damaged file is gone
    kept = (_kept(named, signature) or _kept(named, signature)) if identity else None
    dispatcher = kept or numba.njit(error_model="numpy")(named)
    dispatcher.compile(signature)  # once more is nothing
    dispatcher.disable_compile()
    return dispatcher


def _kept(function: FunctionType, signature: Signature) -> Any:
    """None where there is no folder to keep it in, or a damaged file, which is gone then."""
    try:
        dispatcher = numba.njit(error_model="numpy", cache=True)(function)
    except RuntimeError:
        return None
    try:
        dispatcher.compile(signature)
    except NumbaError:
        raise
    except Exception:
        if dispatcher.signatures:  # compiled, and only not kept
            return dispatcher
        for path in Path(str(dispatcher.stats.cache_path)).glob(f"*{function.__qualname__}*.nb[ci]"):
            with suppress(OSError):
                path.unlink()
        return None
    return dispatcher


def _identity(signature: Signature, functions: Sequence[FunctionType]) -> str:
    """16 hex digits of what the code depends on, but for functions in other files; empty where a function has no file."""
    content = hashlib.sha256(f"{signature} {numba.__version__} {_cpu()}".encode())
    for function in functions:
        # numbers of the module become part of the code, wherever they were imported from
        globals_read = {name: function.__globals__.get(name) for name in function.__code__.co_names}
        content.update(repr([item for item in globals_read.items() if isinstance(item[1], int | float)]).encode())
        try:
            content.update(Path(function.__code__.co_filename).read_bytes())
        except OSError:
            return ""
    return content.hexdigest()[:16]


@cache
def _cpu() -> str:
    return f"{llvmlite.binding.get_host_cpu_name()} {llvmlite.binding.get_host_cpu_features().flatten()}"
