"""Functions compiled by numba. Their machine code is kept on disk, so that only the first start on a machine compiles.

Numba writes its cache beside the source, or into the user's cache folder if the folder of the source is read-only. It writes
an index of a function's signatures, which processes overwrite for each other, and then the code. Two processes that start
together could leave the code of one signature under the name of another. A process that is killed could leave the code of an
old source under the name of a new one. The index also misses changes of the rule's own file and of imported numbers. So here
each combination of signature, source, CPU and numba version has its own files, whose content does not depend on the process
that writes them. Separate folders would need numba's one global setting, NUMBA_CACHE_DIR, which belongs to the user.
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
"""The numba types of a function's arguments."""


def compile_cached(function: Callable[..., Any], signature: Signature, *sources: Callable[..., Any]) -> Callable[..., None]:
    """Compile a function for one signature. Its code comes from its own file and the files of `sources`.

    Operations round as NumPy's do: fast-math is off, and a division by 0 follows NumPy. Raise NumbaError if numba cannot
    compile the function, or if NUMBA_DISABLE_JIT is set.
    """
    if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        raise NumbaError("NUMBA_DISABLE_JIT is set")
    functions = [cast("FunctionType", each) for each in (function, *sources)]
    own, identity = functions[0], _identity(signature, functions)
    names = "-".join(each.__qualname__.rpartition("<locals>.")[2] for each in functions)
    renamed = FunctionType(own.__code__, own.__globals__, own.__name__, own.__defaults__, own.__closure__)
    renamed.__qualname__ = f"{names}-{identity}".replace("<", "").replace(">", "")  # numba names its files after this name
    # a damaged file is deleted by the first attempt
    cached = (_load_or_compile(renamed, signature) or _load_or_compile(renamed, signature)) if identity else None
    dispatcher = cached or numba.njit(error_model="numpy")(renamed)
    dispatcher.compile(signature)  # does nothing the second time
    dispatcher.disable_compile()
    return dispatcher


def _load_or_compile(function: FunctionType, signature: Signature) -> Any:
    """Return the compiled function, or None if no cache folder is writable or a file was damaged (it is then deleted)."""
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
    """Return 16 hex digits that identify the code, without functions in other files; empty if a function has no file."""
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
