"""The numbers of an existing config do not change unless ENGINE_VERSION does; neither the CPU nor the libraries change them."""

import itertools
import os
import subprocess
import sys

import digests
import llvmlite.binding
import numpy as np
import pytest
from digests import full_set, legacy, products, short_set, stored

LEVELS = {
    "generic": (),
    "x86-64-v2": ("sse3", "ssse3", "sse4.1", "sse4.2", "popcnt", "cx16"),
    "x86-64-v3": ("avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave"),
    "x86-64-v4": ("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"),
}
"""CPU that numba compiles for → the features that it adds to the CPU before."""
BLAS_KERNELS = {
    "Prescott": "generic",
    "Nehalem": "x86-64-v2",
    "Sandybridge": "x86-64-v3",
    "Haswell": "x86-64-v3",
    "Zen": "x86-64-v3",
    "SkylakeX": "x86-64-v4",
}
"""OPENBLAS_CORETYPE → the level that it needs."""
CPU = {name for name, is_there in llvmlite.binding.get_host_cpu_features().items() if is_there}


def require_level(level):
    """Skip a test if this CPU lacks a feature of a level."""
    if level != "generic" and "sse2" not in CPU:
        pytest.skip(f"{level} is a level of x86 CPUs")
    needed = [
        feature for name, own in LEVELS.items() if list(LEVELS).index(name) <= list(LEVELS).index(level) for feature in own
    ]
    lacking = sorted(set(needed) - CPU)
    if lacking:
        pytest.skip(f"this CPU is no {level}: it lacks {', '.join(lacking)}")


def assert_same_bits(**environment):
    """Train the short set in a process with these variables, which are read at import."""
    command = [sys.executable, digests.__file__, "--check"]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, f"{environment}: {done.stdout[-4000:]}{done.stderr[-4000:]}"


def test_the_numbers_are_those_of_this_engine():
    assert digests.differences(digests.available(short_set())) == []


def test_legacy_runs_are_the_same_runs():
    _, entries = stored()
    assert {name: config.run_id for name, config in legacy().items()} == {name: entries[name]["run_id"] for name in legacy()}


def test_every_run_is_stored_and_every_stored_run_is_compared():
    assert list(stored()[1]) == [*full_set(), *legacy()]


@pytest.mark.parametrize("data", digests.DATA)
def test_the_short_set_covers_every_pair_of_values(data):
    axes = ({data}, digests.OPTIMIZERS, digests.ACTIVATIONS, digests.DTYPES, digests.REDUCTIONS)
    rows = [name.split(", ") for name in products(data)[0]]
    for one, other in itertools.combinations(range(len(axes)), 2):
        assert {(row[one], row[other]) for row in rows} == set(itertools.product(axes[one], axes[other]))
    assert sum(map(len, products(data))) == len(list(itertools.product(*axes)))


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_the_cpu_that_numba_compiles_for_changes_nothing(level):
    require_level(level)
    assert_same_bits(NUMBA_CPU_NAME=level, NUMBA_CPU_FEATURES="")  # without it, numba adds those of this CPU


@pytest.mark.slow
def test_the_vector_units_that_numpy_uses_change_nothing():
    features = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    assert_same_bits(NPY_DISABLE_CPU_FEATURES=" ".join(features))


@pytest.mark.slow
@pytest.mark.parametrize("kernel", BLAS_KERNELS)
def test_the_kernel_of_the_blas_changes_nothing(kernel):
    require_level(BLAS_KERNELS[kernel])
    assert_same_bits(OPENBLAS_CORETYPE=kernel)


@pytest.mark.slow
def test_the_definition_in_numpy_gives_the_same_bits():
    assert_same_bits(ZDL_BENCH_KERNELS="numpy")
