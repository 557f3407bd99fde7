"""Settings under which this machine computes like another one: other vector units, another kernel of the BLAS, no compiler."""

from collections.abc import Mapping
from typing import NamedTuple

import llvmlite.binding
import numpy as np

LEVELS: Mapping[str, tuple[str, ...]] = {
    "generic": (),
    "x86-64-v2": ("sse2", "sse3", "ssse3", "sse4.1", "sse4.2", "popcnt", "cx16"),
    "x86-64-v3": ("avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave"),
    "x86-64-v4": ("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"),
}
"""A level of x86-64 CPUs → the features that it adds to the level before. Every CPU is generic."""
BLAS_KERNELS = {
    "Prescott": "x86-64-v2",
    "Nehalem": "x86-64-v2",
    "Sandybridge": "x86-64-v3",
    "Haswell": "x86-64-v3",
    "Zen": "x86-64-v3",
    "SkylakeX": "x86-64-v4",
}
"""OPENBLAS_CORETYPE → the level that it needs."""


class Setting(NamedTuple):
    """Environment variables, which are read at import, and the level of the CPU that they need."""

    variables: Mapping[str, str]
    level: str = "generic"


def settings() -> dict[str, Setting]:
    """Return all settings by name. NumPy names the vector units that it found here and that can be switched off."""
    units = " ".join(np.show_config(mode="dicts")["SIMD Extensions"].get("found", []))
    compilers = {
        # without NUMBA_CPU_FEATURES, numba adds all features of this CPU to those of the level
        f"numba compiles for {level}": Setting({"NUMBA_CPU_NAME": level, "NUMBA_CPU_FEATURES": ""}, level)
        for level in LEVELS
    }
    kernels = {f"BLAS for {core}": Setting({"OPENBLAS_CORETYPE": core}, level) for core, level in BLAS_KERNELS.items()}
    return {
        **compilers,
        "NumPy without vector units": Setting({"NPY_DISABLE_CPU_FEATURES": units}),
        **kernels,
        "the definition in NumPy": Setting({"ZDL_BENCH_KERNELS": "numpy"}),
    }


def lacking(level: str) -> list[str]:
    """Return the features that this CPU lacks for a level."""
    here = {name for name, is_there in llvmlite.binding.get_host_cpu_features().items() if is_there}
    below = list(LEVELS)[: list(LEVELS).index(level) + 1]
    return [feature for one in below for feature in LEVELS[one] if feature not in here]
