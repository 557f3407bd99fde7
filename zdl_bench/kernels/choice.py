"""The choice between the compiled kernels and their definition in NumPy. It never changes a bit."""

import logging
import os
from functools import cache

import numpy as np

from zdl_bench.errors import ConfigError, display, require
from zdl_bench.interrupts import signals_deferred
from zdl_bench.kernels.definition import Kernels

MIN_COMPILED = 20_000
"""Vectors of at least this many elements make compiled kernels worth the import of their compiler."""
VARIABLE = "ZDL_BENCH_KERNELS"
CHOICES = ("", "numpy", "numba")
DEFINITION = Kernels()


def kernels_for_vectors(elements: int, dtype: np.dtype) -> Kernels:
    """Return the kernels for vectors of `elements` elements, without matrix products: compiled if the vectors are long."""
    return kernels_for(dtype) if elements >= MIN_COMPILED else DEFINITION


@cache
def kernels_for(dtype: np.dtype) -> Kernels:
    """Return the kernels that the environment asks for, else compiled ones if numba works.

    Raise ConfigError if the environment asks for kernels that are not available.
    """
    wanted = _wanted()
    if wanted == "numpy":
        return Kernels()
    try:
        with signals_deferred():
            from zdl_bench.kernels.compiled import CompiledKernels
        return CompiledKernels(dtype)
    except Exception as error:  # numba is missing, lacks a library or does not support this NumPy
        problem = f"numba does not work here ({display(error)}); install a version that does"
        if wanted:
            raise ConfigError(f"{VARIABLE}={wanted}: {problem}") from error
        _warn_once(problem)
        return Kernels()


def require_wanted() -> None:
    """Raise ConfigError if the environment asks for kernels that are not available."""
    if _wanted() == "numba":
        kernels_for(np.dtype(np.float32))


@cache
def _warn_once(problem: str) -> None:
    logging.getLogger(__name__).warning("%s; NumPy does the arithmetic: the same bits, but 30 times slower", problem)


def _wanted() -> str:
    wanted = os.environ.get(VARIABLE, "")
    require(VARIABLE, wanted, wanted in CHOICES, "choose numpy or numba, or unset the variable")
    return wanted
