"""The choice between NumPy's loops and compiled loops for a run."""

import os
from functools import cache
from importlib.util import find_spec

import numpy as np

from zdl_bench.errors import ConfigError, display, require
from zdl_bench.interrupts import signals_deferred
from zdl_bench.kernels.loops import Loops

MIN_COMPILED = 20_000
"""Vectors of at least this many elements make compiled loops worth the import of their compiler."""
VARIABLE = "ZDL_BENCH_LOOPS"
CHOICES = ("", "numpy", "numba")


def loops_for(elements: int, dtype: np.dtype) -> Loops:
    """Return the loops for vectors of `elements` elements: compiled if numba works (extra `fast`) and the vectors are long."""
    return fastest_loops(dtype) if elements >= MIN_COMPILED else numpy_loops()


def require_wanted() -> None:
    """Raise ConfigError if the environment asks for loops that are not available."""
    if _wanted() == "numba":
        fastest_loops(np.dtype(np.float32))


@cache
def fastest_loops(dtype: np.dtype) -> Loops:
    """Return the loops that the environment asks for, else the fastest. Raise ConfigError if it asks for unavailable loops."""
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
    require(VARIABLE, wanted, wanted in CHOICES, "choose numpy or numba, or unset the variable")
    return wanted


def _compile_loops(dtype: np.dtype) -> Loops:
    """Return loops compiled by numba. Raise ConfigError if numba is not installed or does not work."""
    if find_spec("numba") is None:
        raise ConfigError(f"{VARIABLE}=numba: numba is not installed; pip install 'zdl-bench[fast]', or unset the variable")
    try:
        with signals_deferred():
            from zdl_bench.kernels.numba_loops import NumbaLoops
        return NumbaLoops(dtype)
    except Exception as error:  # numba does not support this NumPy, or lacks a library
        raise ConfigError(
            f"{VARIABLE}=numba: numba does not work here ({display(error)}); install another version, or unset the variable"
        ) from error
