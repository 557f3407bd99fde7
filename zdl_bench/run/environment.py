"""The environment of a run: versions, BLAS kernel, CPU and commit."""

import os
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import threadpoolctl

FINGERPRINT = ("numpy", "blas", "blas_kernel", "simd")
"""Keys of an environment. Runs can be expected to agree bit by bit only if these values and the dtype agree."""


@cache
def describe_environment() -> Mapping[str, str]:
    """Return a description of this process and machine. The description is the same for every run of the process."""
    blas = _blas()
    return {
        "zdl_bench": _version("zdl_bench"),
        "commit": _commit(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": f"{blas.get('internal_api', 'unknown')} {blas.get('version', '')}".strip(),
        "blas_kernel": str(blas.get("architecture", "unknown")),
        "simd": " ".join(np.show_config(mode="dicts")["SIMD Extensions"]["found"]),
        "cpu": _cpu(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
    }


def fingerprint(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of an environment that can change the bits of a result."""
    return tuple(environment.get(key, "") for key in FINGERPRINT)


def _blas() -> dict[str, object]:
    """Return the properties of NumPy's BLAS library. Other imported packages may have loaded BLAS libraries of their own."""
    found = [info for info in threadpoolctl.threadpool_info() if info["user_api"] == "blas"]
    return next((info for info in found if "numpy" in info["filepath"]), found[0] if found else {})


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _commit() -> str:
    """Return the commit of the source checkout, with `+` if files were changed since. Return '' for an installed package."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        command = ["git", "-C", str(root), "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"]
        return subprocess.run(  # noqa: S603  (a constant command)
            command, capture_output=True, text=True, timeout=10, check=False
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
