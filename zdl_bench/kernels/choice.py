"""Which loops a run uses."""

import os
from functools import cache
from importlib.util import find_spec

import numpy as np

from zdl_bench.errors import ConfigError, display, require
from zdl_bench.interrupts import signals_deferred
from zdl_bench.kernels.loops import Loops

MIN_COMPILED = 20_000
"""Elements from which compiled loops are worth the import of their compiler."""
VARIABLE = "ZDL_BENCH_LOOPS"
CHOICES = ("", "numpy", "numba")


def loops_for(elements: int, dtype: np.dtype) -> Loops:
    """Return the loops for vectors of so many elements: compiled ones if they are installed (extra `fast`) and pay."""
    return fastest_loops(dtype) if elements >= MIN_COMPILED else numpy_loops()


def require_wanted() -> None:
    """Raise ConfigError if the environment asks for loops that are not available."""
    if _wanted() == "numba":
        fastest_loops(np.dtype(np.float32))


@cache
def fastest_loops(dtype: np.dtype) -> Loops:
    """Return the fastest loops available, or those that the environment asks for. Raise ConfigError."""
    wanted = _wanted()
    if wanted == "numpy":
        return numpy_loops()
    try:
        return _compile_loops(dtype)
    except ConfigError:
        if wanted:
            raise
        return numpy_loops()


@cache
def numpy_loops() -> Loops:
    return Loops()


def _wanted() -> str:
    wanted = os.environ.get(VARIABLE, "")
    require(VARIABLE, wanted, wanted in CHOICES, "choose numpy or numba, or leave it out")
    return wanted


def _compile_loops(dtype: np.dtype) -> Loops:
    """Raise ConfigError if there is no numba that works."""
    if find_spec("numba") is None:
        raise ConfigError(f"{VARIABLE}=numba: it is not installed; pip install 'zdl-bench[fast]', or leave the variable out")
    try:
        with signals_deferred():
            from zdl_bench.kernels.numba_loops import NumbaLoops
        return NumbaLoops(dtype)
    except Exception as error:  # a numba that does not know this NumPy, or misses a library
        raise ConfigError(
            f"{VARIABLE}=numba: it does not work here ({display(error)}); install another numba, or leave the variable out"
        ) from error
