"""What a run ran on: versions, BLAS kernel, CPU, commit."""

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
"""Bits can be expected to agree only if all of these and the dtype agree."""


@cache
def describe_environment() -> Mapping[str, str]:
    """Describe this process and machine in words, the same for every run of the process."""
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
    """Return the part of an environment that decides bits."""
    return tuple(environment.get(key, "") for key in FINGERPRINT)


def _blas() -> dict[str, object]:
    """Return what is known of NumPy's BLAS. Other libraries bring one of their own, which shows up once they are imported."""
    found = [info for info in threadpoolctl.threadpool_info() if info["user_api"] == "blas"]
    return next((info for info in found if "numpy" in info["filepath"]), found[0] if found else {})


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _commit() -> str:
    """Return the commit of the checkout that the code is in, with `+` if it was changed; empty for an installed package."""
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
