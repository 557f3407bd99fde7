"""What this machine can do, and what keeps it from doing it."""

import os
import time
from pathlib import Path
from statistics import median

import numpy as np

from zdl_bench.commands.steps import Products

LARGE = 768
"""Rows and columns of a product that BLAS is best at."""
COPIED = 64_000_000
"""Bytes: more than the caches of a core."""
REPETITIONS = 5
SLOW_BLAS = 20e9
"""Operations per second in float32 of one core: any BLAS that knows the CPU's vectors makes more, any other less."""
BUSY = 0.5
"""Processes that others keep running, above which times are too long."""


def product_rate(dtype: np.dtype) -> float:
    """Operations per second of one large matrix product."""
    large = Products((LARGE, LARGE), LARGE, dtype)
    large.step()
    return large.flops / median(large.seconds(1) for _ in range(REPETITIONS))


def memory_bandwidth() -> float:
    """Bytes per second, read and written, of a copy."""
    source = np.ones(COPIED, np.uint8)
    target = np.zeros_like(source)

    def copy() -> float:
        start = time.perf_counter()
        np.copyto(target, source)
        return time.perf_counter() - start

    return 2 * COPIED / median(copy() for _ in range(REPETITIONS))


def warnings_of(rate: float, dtype: np.dtype, root: Path = Path("/")) -> list[str]:
    """What makes runs slower than they need be. rate: that of product_rate."""
    share = 2 if dtype == np.float64 else 1
    slow = [
        f"BLAS is slow ({rate / 1e9:.0f} Gflop/s; expected above {SLOW_BLAS / share / 1e9:.0f}): install NumPy's wheels from "
        "pip, and unset OPENBLAS_CORETYPE"
    ]
    return [*(slow if rate < SLOW_BLAS / share else []), *_crowd(root), *_throttles(root)]


def _crowd(root: Path) -> list[str]:
    """Too few cores for the processes that want them."""
    found = []
    all_cores = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else all_cores  # macOS has none
    quota = _quota(root)
    if quota is not None and quota < usable:
        found.append(f"this container may use {quota:g} of {usable} cores")  # n_jobs=-1 makes no more runs at a time
    elif usable < all_cores:
        found.append(f"this process may use {usable} of {all_cores} cores")
    load = _number(root / "proc/loadavg")
    if load is not None and load - 1 > BUSY + all_cores - usable:
        found.append(f"others keep {load - 1:.1f} of {all_cores} cores busy: these times are too long; stop them")
    return found


def _throttles(root: Path) -> list[str]:
    found = []
    cpufreq = root / "sys/devices/system/cpu/cpu0/cpufreq"
    governor = _text(cpufreq / "scaling_governor")
    is_own_governor = _text(cpufreq / "scaling_driver").startswith(("intel_pstate", "amd-pstate-epp"))
    preference = _text(cpufreq / "energy_performance_preference")
    if governor == "powersave" and not (is_own_governor and preference != "power"):
        found.append("the power plan is powersave: choose another, for example with `powerprofilesctl set performance`")
    highest, allowed = _number(cpufreq / "cpuinfo_max_freq"), _number(cpufreq / "scaling_max_freq")
    if highest and allowed and allowed < 0.9 * highest:
        found.append(f"the clock is held at {allowed / 1e6:.1f} of {highest / 1e6:.1f} GHz: raise scaling_max_freq")
    supplies = [_text(path) for path in sorted(root.glob("sys/class/power_supply/*/online"))]
    if supplies and "1" not in supplies:
        found.append("this machine runs on its battery: plug it in")
    return found


def _quota(root: Path) -> float | None:
    """Cores that the control group allows; None for all."""
    allowed, _, period = _text(root / "sys/fs/cgroup/cpu.max").partition(" ")
    return int(allowed) / int(period) if allowed.isdigit() and period.isdigit() else None


def _text(path: Path) -> str:
    """Empty where the system does not tell."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _number(path: Path) -> float | None:
    words = _text(path).split()
    return float(words[0]) if words else None
