"""Measurements of this machine, and warnings of conditions that slow it down."""

import os
import time
from pathlib import Path
from statistics import median

import numpy as np

from zdl_bench.commands.steps import Products

PRODUCT_SIZE = 768
"""Rows and columns of matrices that are large enough for BLAS to reach its best speed."""
COPY_BYTES = 64_000_000
"""Bytes of a copy: more than the caches of a core can hold, so that the copy measures the memory."""
REPETITIONS = 5
MIN_BLAS_RATE = 20e9
"""Operations per second on one core in float32. A BLAS that uses the CPU's vector instructions exceeds this rate."""
MAX_LOAD_OF_OTHERS = 0.5
"""Average number of other running processes above which the measured times cannot be trusted."""


def product_rate(dtype: np.dtype) -> float:
    """Return the operations per second of one large matrix product."""
    large = Products((PRODUCT_SIZE, PRODUCT_SIZE), PRODUCT_SIZE, dtype)
    large.step()
    return large.flops / median(large.seconds(1) for _ in range(REPETITIONS))


def memory_bandwidth() -> float:
    """Return the bytes that a copy reads and writes per second."""
    source = np.ones(COPY_BYTES, np.uint8)
    target = np.zeros_like(source)

    def copy() -> float:
        start = time.perf_counter()
        np.copyto(target, source)
        return time.perf_counter() - start

    return 2 * COPY_BYTES / median(copy() for _ in range(REPETITIONS))


def warnings_of(rate: float, dtype: np.dtype, root: Path = Path("/")) -> list[str]:
    """Return a warning for each condition that makes runs slower than necessary. rate: the result of product_rate."""
    share = 2 if dtype == np.float64 else 1
    slow = [
        f"BLAS is slow ({rate / 1e9:.0f} Gflop/s; expected above {MIN_BLAS_RATE / share / 1e9:.0f}): install NumPy's wheels "
        "from pip, and unset OPENBLAS_CORETYPE"
    ]
    return [*(slow if rate < MIN_BLAS_RATE / share else []), *_crowd(root), *_throttles(root)]


def _crowd(root: Path) -> list[str]:
    """Return a warning for each reason why fewer cores are free than the machine has."""
    found = []
    all_cores = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else all_cores  # not on macOS
    quota = _quota(root)
    if quota is not None and quota < usable:
        # joblib's n_jobs=-1 respects this quota
        found.append(f"this container may use {quota:g} of {usable} cores: raise the CPU limit of the container")
    elif usable < all_cores:
        found.append(f"this process may use {usable} of {all_cores} cores: allow all of them, for example with `taskset`")
    load = _number(root / "proc/loadavg")
    if load is not None and load - 1 > MAX_LOAD_OF_OTHERS + all_cores - usable:
        found.append(
            f"other processes keep {load - 1:.1f} of {all_cores} cores busy, so the measured times are too long: stop these "
            "processes and run bench again"
        )
    return found


def _throttles(root: Path) -> list[str]:
    found = []
    cpufreq = root / "sys/devices/system/cpu/cpu0/cpufreq"
    governor = _text(cpufreq / "scaling_governor")
    is_own_governor = _text(cpufreq / "scaling_driver").startswith(("intel_pstate", "amd-pstate-epp"))
    preference = _text(cpufreq / "energy_performance_preference")
    if governor == "powersave" and not (is_own_governor and preference != "power"):
        found.append("the power plan is powersave: choose another plan, for example with `powerprofilesctl set performance`")
    highest, allowed = _number(cpufreq / "cpuinfo_max_freq"), _number(cpufreq / "scaling_max_freq")
    if highest and allowed and allowed < 0.9 * highest:
        found.append(f"the clock is held at {allowed / 1e6:.1f} of {highest / 1e6:.1f} GHz: raise scaling_max_freq")
    supplies = [_text(path) for path in sorted(root.glob("sys/class/power_supply/*/online"))]
    if supplies and "1" not in supplies:
        found.append("this machine runs on its battery: plug it in")
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
