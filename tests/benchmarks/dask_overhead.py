"""What a run costs more on a Dask cluster than on local processes: many tiny runs, both ways by turns.

    python tests/benchmarks/dask_overhead.py [--runs N] [--rounds N]

Starts a scheduler and two workers of one thread on the loopback. Both ways have two processes that train, which were started
and warmed before; what is left is what a run takes on its way: 20 ms more on Dask are too many. The scheduler and the Dask
workers need cores, too: with two cores for everything, as little else as possible should run.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from zdl_bench.datasets.cache import ensure_decoded
from zdl_bench.executors.executor import Executor, Limits
from zdl_bench.registry import conf_files, registry
from zdl_bench.run.config import Choice, RunConfig

WORKERS = 2
GOAL_MS = 20.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=300, help="tiny runs in a sweep")
    parser.add_argument("--rounds", type=int, default=5, help="sweeps each way")
    arguments = parser.parse_args()
    ensure_decoded(registry.dataset("digits"))
    with tempfile.TemporaryDirectory() as folder, loopback_cluster(Path(folder)) as address:
        executors = {
            "processes": registry.executor(Choice("processes")),
            "dask": registry.executor(Choice("dask", {"address": address})),
        }
        for executor in executors.values():
            seconds_of(executor, tiny_runs(4 * WORKERS))
        milliseconds: dict[str, list[float]] = {name: [] for name in executors}
        for _ in range(arguments.rounds):
            for name, executor in executors.items():
                milliseconds[name].append(per_run(executor, arguments.runs))
                print(f"{name:10} {milliseconds[name][-1]:6.2f} ms per run and worker", flush=True)
    medians = {name: statistics.median(values) for name, values in milliseconds.items()}
    overhead = medians["dask"] - medians["processes"]
    print(f"medians: processes {medians['processes']:.2f} ms, dask {medians['dask']:.2f} ms")
    print(f"a run costs {overhead:.2f} ms more of a worker's time on dask (the goal is below {GOAL_MS:g} ms),")
    print(f"and a sweep on {WORKERS} workers takes {overhead / WORKERS:.2f} ms more for each of its runs")


def per_run(executor: Executor, runs: int) -> float:
    """Milliseconds of a worker's time for each run. What a sweep costs before its first run is taken off."""
    start = seconds_of(executor, tiny_runs(WORKERS))
    return 1000 * WORKERS * (seconds_of(executor, tiny_runs(runs + WORKERS)) - start) / runs


def seconds_of(executor: Executor, configs: Sequence[RunConfig]) -> float:
    before = time.perf_counter()
    ends = list(executor.execute(configs, Limits(n_jobs=WORKERS)))
    seconds = time.perf_counter() - before
    assert [run.status.value for run in ends] == ["completed"] * len(configs)
    return seconds


def tiny_runs(count: int) -> list[RunConfig]:
    """20 steps of a small network on the digits, each with a seed of its own."""
    problem = dict(conf_files.load_yaml("problem", "mlp")) | {"hidden": (8,), "batch_size": 20}
    values = {key: value for key, value in problem.items() if key not in registry.KEYS_ABOUT_A_PART}
    return [
        RunConfig(
            optimizer=Choice("sgd"),
            problem=Choice("mlp", registry.typed_values("problem", "mlp", values)),
            dataset=Choice("digits", {"checksum": registry.dataset("digits").checksum, "validation_size": 300}),
            schedule=Choice("constant"),
            lr=0.001,
            seed=seed,
            steps=20,
            dtype="float32",
            rng="spawned",
            probe_count=5,
            probe_images=50,
        )
        for seed in range(count)
    ]


@contextmanager
def loopback_cluster(folder: Path) -> Iterator[str]:
    """The address of a scheduler with two workers, which end with the block."""
    file = folder / "scheduler.json"
    with ExitStack() as stack:
        for arguments in (
            ("scheduler", "--port", "0", "--no-show", "--scheduler-file", str(file)),
            *[("worker", "--scheduler-file", str(file), "--nthreads", "1", "--local-directory", str(folder))] * WORKERS,
        ):
            command = [sys.executable, "-m", "dask", *arguments, "--host", "127.0.0.1", "--no-dashboard"]
            process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.terminate)
        yield address_of_ready_cluster(file)


def address_of_ready_cluster(file: Path) -> str:
    """Waits until the workers are there."""
    from distributed import Client

    while not file.is_file():
        time.sleep(0.1)
    with Client(scheduler_file=str(file), set_as_default=False) as client:
        client.wait_for_workers(WORKERS, timeout=60)
        return str(client.scheduler.address)


if __name__ == "__main__":
    main()
