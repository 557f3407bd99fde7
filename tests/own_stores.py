"""Stores of the tests' own, written without a sweep: trained runs and a manifest."""

from conftest import quadratic_config

from zdl_bench.run.run import Run
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.store import Store
from zdl_bench.training.loop import train

SEEDS = range(8)
NOISY = {"gradient_noise": 0.3}


def sweep_of(store: Store, name: str, runs: list[Run], **about) -> Store:
    """Stores the runs as a sweep, in the order of the runs. Returns the store."""
    for run in runs:
        store.write(run)
    command = f"python -m zdl_bench -m optimizer=sgd seed=0,1 name={name}"
    fields = {"title": "", "command": command, "overrides": ["seed=0,1"], "started": "2026-01-01T00:00:00+00:00"}
    store.write_manifest(Manifest(**(fields | {"name": name, "run_ids": [run.run_id for run in runs]} | about)))
    return store


def trained(optimizer="sgd", lr=0.1, seeds=SEEDS, **changes) -> list[Run]:
    """A run of the noisy quadratic for each seed."""
    return [train(quadratic_config(optimizer, lr, NOISY, **({"seed": seed, "steps": 60} | changes))) for seed in seeds]
