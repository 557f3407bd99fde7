"""Measurements of this machine, and warnings of conditions that slow it down."""

import os
import time
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from zdl_bench.kernels.choice import kernels_for
from zdl_bench.kernels.definition import SparseRows
from zdl_bench.language import translatable, translate
from zdl_bench.optimizers.sgd import SGD

SECONDS = 0.02
"""The time that a measurement takes. It counts the fastest call, which no other process has interrupted."""
MIN_CALLS = 5
VECTOR_BYTES = 64
"""The width of a product whose sums stay in registers."""
ROW_BYTES = 768
"""Bytes of a row that compiled kernels read in one go, whatever the registers of the CPU."""
ROWS, TERMS = 100, 150
"""Size of a sparse product: about that of a batch of MNIST."""
MAX_LOAD_OF_OTHERS = 0.5
"""Average number of other running processes above which the measured times cannot be trusted."""


def has_rates(dtype: np.dtype) -> bool:
    """Return whether rates can be measured: NumPy's definition reaches none of a machine."""
    return kernels_for(dtype).name != "numpy"


@cache
def product_rate(dtype: np.dtype) -> float:
    """Return the multiplications and additions per second of a product in vector registers, from the first caches."""
    lanes = VECTOR_BYTES // dtype.itemsize
    a, w, out = np.ones((240, 256), dtype), np.ones((256, lanes), dtype), np.empty((240, lanes), dtype)
    return 2 * a.size * lanes / _shortest(lambda: kernels_for(dtype).product(a, w, out))


@cache
def row_bandwidth(dtype: np.dtype, table: int) -> float:
    """Return the bytes per second at which a product reads rows, in random order, from a table of `table` bytes."""
    w = np.ones((max(1, table // ROW_BYTES), ROW_BYTES // dtype.itemsize), dtype)
    columns = np.sort(np.random.default_rng(0).integers(0, min(len(w), 1 << 16), (ROWS, TERMS), np.uint16), axis=1)
    a = SparseRows(np.arange(ROWS + 1) * TERMS, columns.ravel(), np.ones(columns.size, dtype))
    out = np.empty((ROWS, w.shape[1]), dtype)
    return ROWS * TERMS * ROW_BYTES / _shortest(lambda: kernels_for(dtype).sparse_product(a, w, out))


@cache
def vector_bandwidth(dtype: np.dtype, size: int) -> float:
    """Return the bytes per second at which an update reads and writes two vectors of `size` bytes together."""
    params, grad = (np.ones(size // 2 // dtype.itemsize, dtype) for _ in range(2))
    scalars = {"lr": dtype.type(0.1)}
    return 3 * params.nbytes / _shortest(lambda: kernels_for(dtype).update(SGD.rule, params, grad, (), scalars))


def _shortest(call: Callable[[], None]) -> float:
    """Return the seconds of the fastest call; the first one does not count."""
    call()
    ends = [time.perf_counter()]
    while len(ends) <= MIN_CALLS or ends[-1] - ends[0] < SECONDS:
        call()
        ends.append(time.perf_counter())
    return min(end - start for start, end in pairwise(ends))


def warnings_of(is_compiled: bool, root: Path = Path("/")) -> list[str]:
    """Return a warning for each cause that makes runs slower than they need to be."""
    slow = translate("NumPy does the arithmetic, 30 times slower than compiled kernels: unset ZDL_BENCH_KERNELS, or mend numba")
    return [*([] if is_compiled else [slow]), *_crowd(root), *_throttles(root)]


def _crowd(root: Path) -> list[str]:
    """Return a warning for each reason why fewer cores are free than the machine has."""
    found = []
    all_cores = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else all_cores  # not on macOS
    quota = _quota(root)
    if quota is not None and quota < usable:
        # joblib's n_jobs=-1 respects this quota
        limited = translatable("this container may use {quota:g} of {cores} cores: raise the CPU limit of the container")
        found.append(translate(limited, quota=quota, cores=usable))
    elif usable < all_cores:
        bound = translatable("this process may use {usable} of {cores} cores: allow all of them, for example with `taskset`")
        found.append(translate(bound, usable=usable, cores=all_cores))
    load = _number(root / "proc/loadavg")
    if load is not None and load - 1 > MAX_LOAD_OF_OTHERS + all_cores - usable:
        busy = translatable(
            "other processes keep {busy:.1f} of {cores} cores busy, so the measured times are too long: stop these processes "
            "and run bench again"
        )
        found.append(translate(busy, busy=load - 1, cores=all_cores))
    return found


def _throttles(root: Path) -> list[str]:
    found = []
    cpufreq = root / "sys/devices/system/cpu/cpu0/cpufreq"
    governor = _text(cpufreq / "scaling_governor")
    is_own_governor = _text(cpufreq / "scaling_driver").startswith(("intel_pstate", "amd-pstate-epp"))
    preference = _text(cpufreq / "energy_performance_preference")
    if governor == "powersave" and not (is_own_governor and preference != "power"):
        found.append(
            translate("the power plan is powersave: choose another plan, for example with `powerprofilesctl set performance`")
        )
    highest, allowed = _number(cpufreq / "cpuinfo_max_freq"), _number(cpufreq / "scaling_max_freq")
    if highest and allowed and allowed < 0.9 * highest:
        held = translatable("the clock is held at {allowed:.1f} of {highest:.1f} GHz: raise scaling_max_freq")
        found.append(translate(held, allowed=allowed / 1e6, highest=highest / 1e6))
    supplies = [_text(path) for path in sorted(root.glob("sys/class/power_supply/*/online"))]
    if supplies and "1" not in supplies:
        found.append(translate("this machine runs on its battery: plug it in"))
    return found


def _quota(root: Path) -> float | None:
    """Return the number of cores that the control group of this process allows, or None if it sets no limit."""
    allowed, _, period = _text(root / "sys/fs/cgroup/cpu.max").partition(" ")
    return int(allowed) / int(period) if allowed.isdigit() and period.isdigit() else None


def _text(path: Path) -> str:
    """Return the text of a file, or an empty text if the system has no such file."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _number(path: Path) -> float | None:
    words = _text(path).split()
    return float(words[0]) if words else None
