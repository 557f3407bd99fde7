"""Sweeps that are extended without a plan: their manifests keep the earlier looks, and their pages say what p is worth."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import quadratic_config

from zdl_bench import load_results
from zdl_bench.api.earlier_looks import earlier_looks, past_sweeps
from zdl_bench.run.config import RunConfig
from zdl_bench.statistics.inference import sign_flip_p
from zdl_bench.statistics.looks import p_after_looks
from zdl_bench.store.manifest import Manifest, Report
from zdl_bench.store.store import Store

NOISY = (
    "-m", "problem=quadratic", "problem.gradient_noise=0.05", "optimizer=sgd,momentum", "lr=0.05",
    "executor=serial", "steps=20",
)  # fmt: skip
BUILT = Report("0" * 64, ["report.html"], ["png"])


def sweep(command, *arguments: str) -> Manifest:
    """Return the manifest of a sweep that was made with these arguments."""
    outcome = command(*NOISY, *arguments)
    assert outcome.status == 0, outcome.err
    [folder] = re.findall(r"results: (.*)", outcome.out)
    return Store("results").read_manifest(Path(folder).name)


def note(manifest: Manifest) -> list[str]:
    return re.findall(r"First looked at[^<]*", (Store("results").sweep_folder(manifest.name) / "report.html").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("name", [(), ("name=mine",)])
def test_an_extended_sweep_says_so_and_what_its_p_is_worth(command, name):
    first = sweep(command, *name, "seed=range(0,10)")
    assert (first.looks, note(first)) == ([], [])
    second = sweep(command, *name, "seed=range(0,15)")
    assert second.looks == [10]
    speed = load_results("results", second.name).runs.pivot(index="seed", columns="optimizer", values="log_aulc")
    differences = (speed["momentum"] - speed["sgd"]).to_numpy()
    numbers = [f"{p:.2g}" if p >= 1e-4 else "&lt; 0.0001" for p in (sign_flip_p(differences), p_after_looks(differences, [10]))]
    assert note(second) == [
        "First looked at with 10 seeds, and extended to 15 without a plan: "
        f"in speed, p {numbers[0]} of Momentum / SGD counts as {numbers[1]}."
    ]
    assert sweep(command, *name, "seed=range(0,15)") == second, "the same command changes nothing"
    assert sweep(command, *name, "seed=range(0,17)").looks == [10, 15]


@pytest.mark.slow
def test_what_nobody_looked_at_is_no_look(command):
    sweep(command, "seed=range(0,10)", "report=false")
    assert sweep(command, "seed=range(0,12)", "report=false").looks == []


def configs_of(seeds, optimizers=("sgd", "adam"), lr=0.1) -> dict[str, RunConfig]:
    found = [quadratic_config(name, seed=seed, lr=lr) for name in optimizers for seed in seeds]
    return {config.run_id: config for config in found}


def manifest_of(configs, name="other", **changes) -> Manifest:
    return replace(Manifest(name, "", "", [], [*configs], "2026-01-01T00:00:00+00:00", report=BUILT), **changes)


WHOLE = configs_of(range(15))


@pytest.mark.parametrize(
    ("past", "looks"),
    [
        (manifest_of(configs_of(range(10))), [10]),
        (manifest_of(configs_of(range(10)), looks=[6, 8]), [6, 8, 10]),
        (manifest_of(configs_of(range(10)), report=Report()), []),
        (manifest_of(WHOLE, looks=[*range(1, 101)]), [*range(1, 101)]),
        (manifest_of(configs_of(range(10), ["sgd"])), []),
        (manifest_of(configs_of(range(10), lr=0.2)), []),
        (manifest_of(configs_of(range(5, 20))), []),
        (manifest_of(WHOLE), []),
        (manifest_of(WHOLE, looks=[7]), [7]),
        (manifest_of(configs_of(range(10), ["sgd"]), looks=[7]), []),
        (manifest_of(configs_of(range(10), ["sgd"]), "mine", looks=[7]), [7]),  # the first batch of an interrupted sweep
    ],
)
def test_a_look_is_a_report_of_the_same_conditions_with_fewer_seeds(past, looks):
    assert earlier_looks("mine", WHOLE, [past], ()) == looks


def test_tuning_seeds_are_not_counted():
    whole, part = configs_of([*range(15), 100, 101]), configs_of([*range(10), 100, 101])
    assert earlier_looks("mine", whole, [manifest_of(part)], (100, 101)) == [10]


def test_a_finished_sweep_knows_its_looks_without_the_others(tmp_path):
    store = Store(tmp_path / "results")
    first, whole = manifest_of(configs_of(range(10)), "first"), manifest_of(WHOLE, "mine", finished="2026-01-02")
    store.write_manifest(first)
    store.write_manifest(whole)
    assert past_sweeps(store, "mine", WHOLE) == [], "no run is stored"
    path = store.run_path(next(iter(WHOLE)))
    path.parent.mkdir(parents=True)
    path.touch()
    assert past_sweeps(store, "mine", WHOLE) == [whole]
    assert past_sweeps(store, "new", WHOLE) == [first, whole]
