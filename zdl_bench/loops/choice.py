"""Which loops a run has."""

import os
from functools import cache
from importlib.util import find_spec

import numpy as np

from zdl_bench.errors import ConfigError, require
from zdl_bench.interrupts import signals_deferred
from zdl_bench.loops.contract import Loops
from zdl_bench.loops.plain import NumpyLoops

SMALLEST = 20_000
"""Elements from which compiled loops are worth the import of their compiler."""
VARIABLE = "ZDL_BENCH_LOOPS"
CHOICES = ("", "numpy", "numba")


def loops_for(elements: int, dtype: np.dtype) -> Loops:
    """The loops for vectors of so many elements: compiled ones where they are installed (extra `fast`) and pay."""
    return fastest(dtype) if elements >= SMALLEST else plain()


def wanted() -> str:
    """What the environment variable ZDL_BENCH_LOOPS asks for, empty for the fastest.

    Raises ConfigError for what is not to be had.
    """
    asked = os.environ.get(VARIABLE, "")
    require(VARIABLE, asked, asked in CHOICES, "choose numpy or numba, or leave it out")
    if asked == "numba" and find_spec("numba") is None:
        raise ConfigError(f"{VARIABLE}=numba: it is not installed; pip install 'zdl-bench[fast]', or leave the variable out")
    return asked


@cache
def fastest(dtype: np.dtype) -> Loops:
    """The fastest loops that there are here, or those that are wanted."""
    asked = wanted()
    if asked == "numpy" or find_spec("numba") is None:
        return plain()
    try:
        with signals_deferred():
            from zdl_bench.loops.compiled import NumbaLoops
    except ImportError as error:  # a numba that does not know this NumPy
        if asked:
            raise ConfigError(f"{VARIABLE}=numba: {error}; install another numba, or leave the variable out") from error
        return plain()
    return NumbaLoops(dtype)


@cache
def plain() -> Loops:
    return NumpyLoops()
