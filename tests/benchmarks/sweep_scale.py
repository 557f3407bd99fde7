"""What a sweep costs besides its runs, against their number.

    python tests/benchmarks/sweep_scale.py [--runs 10 100 1000 10000] [--plan 100000] [--page] [--store]

For each number: a sweep of runs of 20 steps on the digits, each made by `python -m zdl_bench` as a process of its own, then
the same command again, which finds all of them stored. A run's own time is measured in this process, one after the other; what
a sweep takes longer than its runs' own time spread over its workers is overhead, and the marginal overhead is that of the
runs that a sweep has more than the sweep before. With --page, the second command finds a report that is current.
With --store, the numbers go to sweep_scale.json beside this file, and a figure of them to docs/figures/sweep_cost.png.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from conftest import digits_config, part
from matplotlib.figure import Figure

from zdl_bench.datasets.cache import ensure_decoded
from zdl_bench.executors.attempt import attempt
from zdl_bench.registry import registry

STORED = Path(__file__).parent / "sweep_scale.json"
FIGURE = Path(__file__).parents[2] / "docs/figures/sweep_cost.png"
STEPS = 20
WORKERS = 2
OPTIMIZERS = ("sgd", "momentum", "adagrad", "rmsprop", "adam")
LRS = ("1e-3", "1e-2")
NETWORK = {"hidden": (16,), "batch_size": 20}
PROBES = {"probe_count": 10, "probe_images": 50}
KEYS = (
    "-m", "dataset=digits", f"steps={STEPS}", f"n_jobs={WORKERS}", "problem.hidden=[16]", "problem.batch_size=20",
    "probe.count=10", "probe.images=50", "name=scale",
)  # fmt: skip
SAMPLE_SECONDS = 0.05


@dataclass(frozen=True)
class Measured:
    """Wall seconds of a command, and the peak resident set of its process in MB (workers are not counted)."""

    seconds: float
    peak_mb: float


def grid(runs: int) -> list[str]:
    """Keys of a sweep of so many runs: the most of them are seeds."""
    each = runs // (len(OPTIMIZERS) * len(LRS))
    return [f"optimizer={','.join(OPTIMIZERS)}", f"lr={','.join(LRS)}", f"seed=range(0,{each})"]


def measured(arguments: Sequence[str], folder: Path) -> Measured:
    """Runs the command. Raises CalledProcessError where it fails."""
    command = [sys.executable, "-m", "zdl_bench", *arguments]
    began, peak = time.perf_counter(), 0.0
    with (folder / "log").open("w") as log, subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as process:
        while process.poll() is None:
            peak = max(peak, peak_mb(process.pid))
            time.sleep(SAMPLE_SECONDS)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, (folder / "log").read_text())
    return Measured(time.perf_counter() - began, peak)


def peak_mb(pid: int) -> float:
    """Peak resident set of a living process; 0 where it has just ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM")), 0.0)


def own_seconds() -> float:
    """Mean time of one such run, made in this process."""
    ensure_decoded(registry.dataset("digits"))
    problem = part("problem", "mlp", **NETWORK)
    configs = [
        digits_config(name, float(lr), seed=seed, steps=STEPS, problem=problem, **PROBES)
        for name in OPTIMIZERS for lr in LRS for seed in range(20)
    ]  # fmt: skip
    attempt(configs[0])
    began = time.perf_counter()
    for config in configs:
        attempt(config)
    return (time.perf_counter() - began) / len(configs)


def curve(sizes: Sequence[int], has_page: bool) -> Iterator[tuple[int, Measured, Measured]]:
    """Number of runs, the command that makes them, and the same command again."""
    for runs in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            first = measured([*KEYS, *grid(runs), "report=false"], folder)
            if has_page:
                measured(["report", "scale"], folder)
            yield runs, first, measured([*KEYS, *grid(runs), *([] if has_page else ["report=false"])], folder)


def drawn(points: Sequence[tuple[int, Measured, Measured]], own: float) -> Figure:
    """Seconds of a command against the number of its runs."""
    figure = Figure(figsize=(5.6, 3.8), layout="constrained")
    axes = figure.subplots()
    runs = [point[0] for point in points]
    for label, style, seconds in (
        ("a sweep", {"color": "#d62728", "marker": "o"}, [first.seconds for _, first, _ in points]),
        ("the same command again", {"color": "#1f77b4", "marker": "s"}, [second.seconds for _, _, second in points]),
        (f"its runs alone, {WORKERS} at a time", {"color": "0.4", "ls": "--"}, [own * count / WORKERS for count in runs]),
    ):
        axes.plot(runs, seconds, label=label, **style)
    axes.set(xscale="log", yscale="log", xlabel=f"runs of {STEPS} steps", ylabel="seconds")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    return figure


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="what a sweep costs besides its runs")
    parser.add_argument("--runs", type=int, nargs="+", default=[10, 100, 1000, 10_000])
    parser.add_argument("--plan", type=int, default=100_000, help="runs of a plan that is only made: dry_run=true")
    parser.add_argument("--page", action="store_true", help="the second command finds a current report")
    parser.add_argument("--store", action="store_true", help="keeps the numbers, and draws them")
    options = parser.parse_args(arguments)
    own = own_seconds()
    print(f"a run of {STEPS} steps by itself: {1000 * own:.1f} ms; {WORKERS} workers")
    print("   runs   first s   ms/run   marginal overhead ms/run   second s   peak MB first, second", flush=True)
    points = []
    runs_before, seconds_before = 0, 0.0
    for runs, first, second in curve(options.runs, options.page):
        marginal = (first.seconds - seconds_before) / (runs - runs_before) - own / WORKERS
        runs_before, seconds_before = runs, first.seconds
        points.append((runs, first, second))
        print(
            f"{runs:7d} {first.seconds:9.1f} {1000 * first.seconds / runs:8.1f} {1000 * marginal:26.1f} "
            f"{second.seconds:10.1f} {first.peak_mb:14.0f}, {second.peak_mb:.0f}",
            flush=True,
        )
    if options.store:
        numbers = [{"runs": runs, "first": asdict(first), "second": asdict(second)} for runs, first, second in points]
        STORED.write_text(json.dumps({"seconds of a run": own, "sweeps": numbers}, indent=1) + "\n")
        drawn(points, own).savefig(FIGURE, dpi=150)
    with tempfile.TemporaryDirectory() as name:
        planned = measured([*KEYS, *grid(options.plan), "dry_run=true"], Path(name))
    print(f"a plan of {options.plan:,} runs: {planned.seconds:.1f} s, {planned.peak_mb:.0f} MB")


if __name__ == "__main__":
    main()
