"""Functions compiled by numba. Their machine code is kept on disk, so that only the first start on a machine compiles.

Numba writes its cache beside the source, or into the user's cache folder if the folder of the source is read-only. It writes
an index of a function's signatures, which processes overwrite for each other, and then the code. Two processes that start
together could leave the code of one signature under the name of another. A process that is killed could leave the code of an
old source under the name of a new one. The index also misses changes of the rule's own file and of imported numbers. So here
each combination of signature, source, CPU and numba version has its own files, whose content does not depend on the process
that writes them. Separate folders would need numba's one global setting, NUMBA_CACHE_DIR, which belongs to the user.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any, cast

import llvmlite.binding
import numba
from numba.core.errors import NumbaError

from zdl_bench.run.atomic import folder_locked

Signature = tuple[Any, ...]
"""The numba types of a function's arguments."""


def compile_cached(
    functions: Mapping[Callable[..., Any], Signature], *sources: Callable[..., Any]
) -> dict[str, Callable[..., Any]]:
    """Compile functions for one signature each, and return them by name. Their code comes from their files and `sources`.

    The first process on a machine to need a function compiles it and says so; other processes wait and then load its code.
    Operations round as NumPy's do: fast-math is off, and a division by 0 follows NumPy. Raise NumbaError if numba cannot
    compile a function, or if NUMBA_DISABLE_JIT is set.
    """
    if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        raise NumbaError("NUMBA_DISABLE_JIT is set")
    renamed = {own: _rename(own, signature, sources) for own, signature in functions.items()}
    folder = next((_cache_folder(function) for function in renamed.values() if function), None)
    with _first_compiler(folder, [function for function in renamed.values() if function]):
        return {own.__name__: _compile(own, renamed[own], signature) for own, signature in functions.items()}


def _compile(own: Callable[..., Any], renamed: FunctionType | None, signature: Signature) -> Callable[..., Any]:
    # a damaged file is deleted by the first attempt
    cached = renamed and (_load_or_compile(renamed, signature) or _load_or_compile(renamed, signature))
    dispatcher = cached or numba.njit(error_model="numpy")(renamed or own)
    dispatcher.compile(signature)  # does nothing the second time
    dispatcher.disable_compile()
    return cast("Callable[..., Any]", dispatcher)


def _rename(own: Callable[..., Any], signature: Signature, sources: Sequence[Callable[..., Any]]) -> FunctionType | None:
    """Return the function under a name of its own, after which numba names its files; None if its code is in no file."""
    functions = [cast("FunctionType", each) for each in (own, *sources)]
    first, identity = functions[0], _identity(signature, functions)
    names = "-".join(each.__qualname__.rpartition("<locals>.")[2] for each in functions)
    renamed = FunctionType(first.__code__, first.__globals__, first.__name__, first.__defaults__, first.__closure__)
    renamed.__qualname__ = f"{names}-{identity}".replace("<", "").replace(">", "")
    return renamed if identity else None


def _cache_folder(function: FunctionType) -> Path | None:
    """Return numba's folder for the code of a function, or None if no folder is writable."""
    try:
        return Path(str(numba.njit(cache=True)(function).stats.cache_path))
    except RuntimeError:
        return None


@contextmanager
def _first_compiler(folder: Path | None, functions: Sequence[FunctionType]) -> Iterator[None]:
    """Wait until no other process compiles, unless the code of all functions is stored; say so if some is still missing."""
    if folder is None or _are_stored(folder, functions):
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    with folder_locked(folder):
        if len(functions) > 1 and not _are_stored(folder, functions):
            logging.getLogger(__name__).warning("compiling the arithmetic for this machine, once: this takes about 8 seconds")
        yield


def _are_stored(folder: Path, functions: Sequence[FunctionType]) -> bool:
    stored = [path.name for path in folder.glob("*.nbi")]
    return all(any(function.__qualname__ in name for name in stored) for function in functions)


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
    """Return 16 hex digits that identify the code of functions and of what they call in this room; empty without a file."""
    content = hashlib.sha256(f"{signature} {numba.__version__} {_cpu()} {_hash_of_room()}".encode())
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
def _hash_of_room() -> str:
    content = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        content.update(path.read_bytes())
    return content.hexdigest()


@cache
def _cpu() -> str:
    host = f"{llvmlite.binding.get_host_cpu_name()} {llvmlite.binding.get_host_cpu_features().flatten()}"
    return f"{host} {numba.config.CPU_NAME} {numba.config.CPU_FEATURES}"  # type: ignore[attr-defined]
