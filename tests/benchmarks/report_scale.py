"""How long the report of a large sweep takes, and how much memory.

    python tests/benchmarks/report_scale.py [--runs 10000] [--steps 1000] [--results DIR]

Makes the sweep in the store at DIR, a temporary one by default, unless it is there: ten optimizer variants × ten learning
rates × as many seeds as it takes, on the digits. Seed 0 of each is trained; its other seeds are the same curves multiplied
by noise, some of them cut as if they had diverged. Then `python -m zdl_bench report` runs as a process of its own.
"""

import argparse
import hashlib
import itertools
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import threadpoolctl

sys.path.insert(0, str(Path(__file__).parent.parent))

from conftest import digits_config, part

from zdl_bench.datasets.cache import ensure_decoded
from zdl_bench.registry import registry
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Curve, Probes, Run, Status
from zdl_bench.store.manifest import Manifest, Report
from zdl_bench.store.store import Store
from zdl_bench.training.loop import train

OPTIMIZERS = ("sgd", "momentum", "adagrad", "rmsprop", "adam")
SCHEDULES = ("constant", "cosine")
LRS = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1)
NOISE = 0.1
"""Standard deviation of the noise in ln loss that tells one seed from another."""
DIVERGED_EVERY = 10
"""One seed of so many diverges at the larger learning rates; at some of them all do anyway."""
LARGE_LR = 1e-2
KIBIBYTE, MEBIBYTE = 2**10, 2**20


@dataclass(frozen=True)
class Measured:
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    page_bytes: int
    figures: int


def conditions(steps: int) -> Iterator[RunConfig]:
    """Seed 0 of each variant and learning rate, the variants of a learning rate together."""
    problem = part("problem", "mlp", hidden=(32,))
    for lr, schedule, optimizer in itertools.product(LRS, SCHEDULES, OPTIMIZERS):
        values = {"problem": problem, "schedule": part("schedule", schedule), "steps": steps}
        yield digits_config(optimizer, lr, probe_count=50, probe_images=500, **values)


def made_runs(count: int, steps: int) -> Iterator[Run]:
    """Seed by seed, so that few runs have as many conditions as they can."""
    with threadpoolctl.threadpool_limits(1):
        trained = [train(config) for config in itertools.islice(conditions(steps), count)]
    for number in range(count):
        seed, condition = divmod(number, len(trained))
        yield derived(trained[condition], seed) if seed else trained[condition]


def derived(run: Run, seed: int) -> Run:
    """What the run might have been with another seed; one that made few steps stays as short."""
    assert run.curve is not None
    rng = np.random.default_rng(seed)
    losses = run.curve.train_loss * np.exp(rng.normal(0, NOISE, len(run.curve.train_loss)))
    probe_noise = np.exp(rng.normal(0, NOISE, len(run.curve.probes)))
    probes = replace(
        run.curve.probes,
        probe_loss=run.curve.probes.probe_loss * probe_noise,
        val_loss=run.curve.probes.val_loss * probe_noise,
    )
    other = replace(
        run,
        config=replace(run.config, seed=seed),
        curve=replace(run.curve, train_loss=losses, probes=probes),
        digest=hashlib.sha256(losses.tobytes()).hexdigest(),
    )
    return diverged(other) if seed % DIVERGED_EVERY == 1 and (run.config.lr or 0) >= LARGE_LR else other


def diverged(run: Run) -> Run:
    """The run as if the loss of a step halfway had not been finite."""
    assert run.curve is not None
    made = (len(run.curve.train_loss) + 1) // 2
    losses = np.append(run.curve.train_loss[: made - 1], np.inf)
    is_before = run.curve.probes.step < made
    probes = Probes(**{name: values[is_before] for name, values in run.curve.probes.items()})
    curve: Curve = replace(run.curve, train_loss=losses, lr=run.curve.lr[:made], probes=probes)
    return replace(run, status=Status.DIVERGED, curve=curve, end={}, digest=hashlib.sha256(losses.tobytes()).hexdigest())


def make_sweep(store: Store, name: str, count: int, steps: int) -> None:
    ensure_decoded(registry.dataset("digits"))
    run_ids = []
    for run in made_runs(count, steps):
        store.write(run)
        run_ids.append(run.run_id)
    command = f"python tests/benchmarks/report_scale.py --runs {count} --steps {steps}"
    time_made = "2026-01-01T00:00:00.000+00:00"
    store.write_manifest(Manifest(name, f"{count:,} made-up runs", command, [], run_ids, time_made, time_made))


def measure_report(store: Store, name: str) -> Measured:
    """The peak is that of the largest child process so far, and not less than this process had when it was started."""
    manifest = store.read_manifest(name)
    store.write_manifest(replace(manifest, report=Report()))  # else one that is current would be kept
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "zdl_bench", "report", name, "--results", str(store.root)], check=True)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    files = store.read_manifest(name).report.files
    return Measured(
        seconds=seconds,
        cpu_seconds=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        peak_bytes=after.ru_maxrss * KIBIBYTE,
        page_bytes=(store.sweep_folder(name) / "report.html").stat().st_size,
        figures=sum(file.startswith("figures/") for file in files),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="time and memory of the report of a large sweep")
    parser.add_argument("--runs", type=int, default=10_000, metavar="N")
    parser.add_argument("--steps", type=int, default=1_000, metavar="N")
    parser.add_argument("--results", metavar="DIR", help="the store; default: a temporary one")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        store = Store(options.results or temporary)
        name = f"scale-{options.runs}-{options.steps}"
        if store.find_manifest(name) is None:
            start = time.perf_counter()
            make_sweep(store, name, options.runs, options.steps)
            print(f"made {options.runs:,} runs of {options.steps:,} steps in {time.perf_counter() - start:.1f} s", flush=True)
        found = measure_report(store, name)
    print(
        f"report of {options.runs:,} runs of {options.steps:,} steps: {found.seconds:.1f} s "
        f"({found.cpu_seconds:.1f} s of CPU), peak memory {found.peak_bytes / MEBIBYTE:.0f} MiB, "
        f"page {found.page_bytes / 1e6:.2f} MB, {found.figures} figures"
    )


if __name__ == "__main__":
    main()
