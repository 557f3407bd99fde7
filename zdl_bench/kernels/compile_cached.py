"""Functions compiled by numba, with their machine code kept on disk, so that only the first start on a machine compiles.

Numba keeps code beside the source, or in the user's cache folder if that is read-only: an index of a function's signatures,
which processes overwrite for each other, and then the code. Two that start together could leave the code of one signature
under the name of another; one that is killed, the code of an old source under the name of a new one. Its index also misses
changes of the rule's own file and of numbers imported from elsewhere. So each signature, source, CPU and numba has files of
its own here, whose content is the same whoever writes them. A folder of its own for each would need numba's one global
setting, NUMBA_CACHE_DIR, which belongs to the user.
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


def compile_cached(function: Callable[..., Any], signature: Signature, *sources: Callable[..., Any]) -> Callable[..., None]:
    """Compile a function, whose code comes from its own file and those of `sources`, for one signature.

    Without fast-math, and with NumPy's division by 0, an operation rounds as NumPy's does. Raise NumbaError if numba cannot
    compile the function, or is told not to compile.
    """
    if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        raise NumbaError("NUMBA_DISABLE_JIT is set")
    functions = [cast("FunctionType", each) for each in (function, *sources)]
    own, identity = functions[0], _identity(signature, functions)
    names = "-".join(each.__qualname__.rpartition("<locals>.")[2] for each in functions)
    renamed = FunctionType(own.__code__, own.__globals__, own.__name__, own.__defaults__, own.__closure__)
    renamed.__qualname__ = f"{names}-{identity}".replace("<", "").replace(">", "")  # numba names its files after it
    # a damaged file is gone by the second attempt
    cached = (_load_or_compile(renamed, signature) or _load_or_compile(renamed, signature)) if identity else None
    dispatcher = cached or numba.njit(error_model="numpy")(renamed)
    dispatcher.compile(signature)  # does nothing the second time
    dispatcher.disable_compile()
    return dispatcher


def _load_or_compile(function: FunctionType, signature: Signature) -> Any:
    """Return None if no folder can be written, or if a file was damaged, which is deleted."""
    try:
        dispatcher = numba.njit(error_model="numpy", cache=True)(function)
    except RuntimeError:
        return None
    try:
        dispatcher.compile(signature)
    except NumbaError:
        raise
    except Exception:
        if dispatcher.signatures:  # compiled, but not written
            return dispatcher
        for path in Path(str(dispatcher.stats.cache_path)).glob(f"*{function.__qualname__}*.nb[ci]"):
            with suppress(OSError):
                path.unlink()
        return None
    return dispatcher


def _identity(signature: Signature, functions: Sequence[FunctionType]) -> str:
    """Return 16 hex digits of what the code depends on, except functions of other files; empty if a function has no file."""
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
