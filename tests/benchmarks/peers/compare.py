"""Time our training against the same training in other programs, in turn, in one process and on one core.

    ZDL_BENCH_DATA=FOLDER python tests/benchmarks/peers/compare.py [PAIRS=7] [STEPS=1000] [OPTIMIZER ...]

Needs MNIST. Leaves out programs that are not installed; the extra `peers` installs all. Ratios are taken pair by pair, ours
over theirs, and medians are printed. If all programs and optimizers were timed, the medians are stored in ratios.json beside
this file. Our time includes the recording of every step, which the others do without. Evaluation counts for none.
"""

import json
import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from peers.programs import LIBRARIES, ONLY, PROGRAMS, jax_scan, jax_scan_with_compilation, ours
from peers.work import RATES, Training, Work
from zdl_bench.kernels.choice import kernels_for
from zdl_bench.run.environment import describe_environment

STORED = Path(__file__).parent / "ratios.json"
RUNS_OF_A_SWEEP = 4


def main(pairs: int = 7, steps: int = 1000, *names: str) -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    warnings.simplefilter("ignore")  # scikit-learn's: one epoch is not enough for it
    environment = describe_environment()
    installed = {peer: make for peer, make in PROGRAMS.items() if find_spec(LIBRARIES[peer])}
    missing = sorted({*PROGRAMS} - {*installed})
    kernels = kernels_for(np.dtype(np.float32)).name
    print(f"{environment['cpu']}, one core; NumPy {environment['numpy']}; ours by {kernels}; {versions()}")
    print(f"{pairs} pairs of {steps} steps: seconds of ours and theirs, ratio (least to most), largest difference of a loss")
    found: dict[str, dict[str, float]] = {}
    for name in names or RATES:
        work = Work(name, steps=steps)
        programs = {peer: make for peer, make in installed.items() if name in ONLY.get(peer, RATES)}
        found |= {f"{name} / {peer}": numbers for peer, numbers in compared(work, programs, pairs).items()}
        if "jax" in installed:
            found[f"{name} / jax, sweep"] = sweep_with_compilation(work)
            print(f"{name:>9} jax, {RUNS_OF_A_SWEEP} runs, compiling  {found[f'{name} / jax, sweep']['ratio']:.3f}", flush=True)
    if names or missing:
        print(f"not stored: only a part was timed (not installed: {', '.join(missing) or 'none'})")
        return
    content = {
        "environment": dict(environment),
        "versions": versions(),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "pairs": pairs,
        "steps": steps,
        "ratios": found,
    }
    STORED.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


def compared(work: Work, programs: Mapping[str, Callable[[Work], Training]], pairs: int) -> dict[str, dict[str, float]]:
    """Ours before each of the others, again and again."""
    own, others = ours(work), {peer: make(work) for peer, make in programs.items()}
    for training in (own, *others.values()):
        training()  # compiles, and warms up
    times: dict[str, list[tuple[float, float]]] = {peer: [] for peer in others}
    differences: dict[str, float] = {}
    for _ in range(pairs):
        for peer, training in others.items():
            (mine, expected), (theirs, losses) = own(), training()
            times[peer].append((mine, theirs))
            differences[peer] = abs(float(np.mean(losses)) - float(np.mean(expected)))
            if peer != "sklearn":
                differences[peer] = float(np.abs(losses - expected).max())
    return {peer: numbers_of(work.optimizer, peer, measured, differences[peer]) for peer, measured in times.items()}


def numbers_of(optimizer: str, peer: str, measured: Sequence[tuple[float, float]], difference: float) -> dict[str, float]:
    ratios = [mine / theirs for mine, theirs in measured]
    mine, theirs = (median(column) for column in zip(*measured, strict=True))
    spread = f"({min(ratios):.2f} to {max(ratios):.2f})"
    print(f"{optimizer:>9} {peer:12} {mine:6.2f} {theirs:6.2f}  {median(ratios):.3f} {spread:15} {difference:.1e}", flush=True)
    return {"ratio": median(ratios), "ours": mine, "theirs": theirs, "loss": difference}


def sweep_with_compilation(work: Work) -> dict[str, float]:
    """Compare several runs, with the compilation that JAX repeats at each start. The machine code of ours is on disk."""
    mine = sum(ours(work)()[0] for _ in range(RUNS_OF_A_SWEEP))
    theirs = jax_scan_with_compilation(work)()[0]
    compiled = jax_scan(work)
    theirs += sum(compiled()[0] for _ in range(RUNS_OF_A_SWEEP - 1))
    return {"ratio": mine / theirs, "ours": mine, "theirs": theirs}


def versions() -> str:
    found = []
    for package in ("torch", "jax", "optax", "scikit-learn", "numba"):
        with suppress(PackageNotFoundError):
            found.append(f"{package} {version(package)}")
    return ", ".join(found)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]), *sys.argv[3:])
