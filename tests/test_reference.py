"""The committed numbers: written from a store, small, and found again by `verify --reference`."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zdl_bench import registry
from zdl_bench.reference import CURVES, VERDICTS, read_reference, write_reference
from zdl_bench.run import ENGINE_VERSION
from zdl_bench.store import Store

COMMITTED = registry.EXPERIMENTS.parent / "results"
BOWL = ("experiment=book_paths", "executor=serial", "report=false")


@pytest.fixture
def written(command):
    assert command(*BOWL).status == 0
    assert command("-m", "optimizer=sgd", "problem=bowl", "name=other", "executor=serial", "report=false").status == 0
    return write_reference(Store("results"))


def changed(path: Path, **columns) -> None:
    """Rewrites a file with other values in every row."""
    table = pq.read_table(path)
    for name, value in columns.items():
        number = table.schema.get_field_index(name)
        field = table.schema.field(number)
        table = table.set_column(number, field, pa.array([value] * len(table), field.type))
    pq.write_table(table, path)


def test_sweeps_of_experiments_are_written_and_found_again(written, command):
    assert [path.name for path in written] == ["book_paths.parquet", f"{CURVES}.parquet"]
    outcome = command("verify", "--reference")
    assert outcome.status == 0
    assert "verified 4 runs: 4 same bits" in outcome.out
    assert "verified 2 runs" in command("verify", "book_paths", "--reference", "--runs", "2").out


def test_another_digest_is_noticed(written, command):
    changed(written[0], digest="0" * 64)
    outcome = command("verify", "--reference")
    assert outcome.status == 1
    assert "4 different" in outcome.out
    assert "(differing: digest)" in outcome.out


def test_on_another_kernel_the_losses_at_the_end_are_compared(written, command):
    elsewhere = list(read_reference(written[0])[0].fingerprint)
    elsewhere[2] = "SomethingElse"
    changed(written[0], digest="0" * 64, fingerprint=json.dumps(elsewhere))
    outcome = command("verify", "--reference")
    assert outcome.status == 0
    assert "4 close" in outcome.out
    assert "SomethingElse →" in outcome.out
    changed(written[0], tail_loss=123.0)
    outcome = command("verify", "--reference")
    assert outcome.status == 1
    assert "4 not close" in outcome.out


def test_mean_curves_are_geometric_means(command):
    noisy = command("-m", "problem.gradient_noise=0.1", "seed=0,1", "name=book_paths", *BOWL)
    assert noisy.status == 0, noisy.err
    write_reference(Store("results"))
    curves = pq.read_table(f"results/reference/{CURVES}.parquet").to_pandas()
    sgd = curves[curves["variant"] == "sgd"].set_index("step")
    assert (sgd["runs"] == 2).all()
    store = Store("results")
    runs = [run for run_id in store.run_ids() if (run := store.read(run_id)).config.optimizer.name == "sgd"]
    losses = [run.curve.probes.probe_loss[10] for run in runs]
    assert sgd.loc[10, "probe_loss"] == pytest.approx(np.sqrt(losses[0] * losses[1]), rel=1e-6)


def test_a_diverged_run_is_compared_on_another_kernel(command):
    diverging = ("optimizer=sgd", "lr=1e6", "seed=0,1", "name=book_paths")
    assert command("-m", *diverging, *BOWL).status == 0
    [path, _] = write_reference(Store("results"))
    elsewhere = list(read_reference(path)[0].fingerprint)
    changed(path, fingerprint=json.dumps(["other", *elsewhere[1:]]))
    outcome = command("verify", "--reference")
    assert outcome.status == 0, outcome.out
    assert "close" in outcome.out


def test_without_numbers_it_says_where_they_are(command):
    outcome = command("verify", "--reference")
    assert outcome.status == 2
    assert "name the results of a checkout with --results DIR" in outcome.err


def test_an_unknown_experiment_lists_the_known(written, command):
    outcome = command("verify", "nobody", "--reference")
    assert outcome.status == 2
    assert "it has book_paths" in outcome.err


def test_numbers_of_another_engine_are_refused(written, command):
    table = pq.read_table(written[0])
    pq.write_table(table.replace_schema_metadata({"engine": str(ENGINE_VERSION + 1)}), written[0])
    outcome = command("verify", "--reference")
    assert outcome.status == 2
    assert f"made by engine {ENGINE_VERSION + 1}" in outcome.err


def test_what_is_committed_is_small_and_complete():
    files = [path for path in (COMMITTED / "reference").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 2_000_000
    experiments = {path.stem for path in registry.EXPERIMENTS.glob("*.yaml")}
    assert {path.stem for path in files if path.suffix == ".parquet"} == experiments | {CURVES}


def test_committed_runs_without_data_are_found_again(command):
    """In the cloned repository, whatever the machine: bits where they can be expected, else the losses at the end."""
    outcome = command("verify", "adagrad_bowl", "--reference", "--results", str(COMMITTED))
    assert outcome.status == 0, outcome.out


def test_committed_runs_on_mnist_are_found_again(command, mnist):
    outcome = command("verify", "day64", "--reference", "--runs", "2", "--results", str(COMMITTED))
    assert outcome.status == 0, outcome.out


def test_the_list_of_experiments_says_what_was_found():
    text = (registry.EXPERIMENTS / "README.md").read_text(encoding="utf-8")
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in text.splitlines() if line.startswith("| ")}
    for path in registry.EXPERIMENTS.glob("*.yaml"):
        assert f"`{path.stem}`" in rows, path.stem
    with (COMMITTED / "reference" / VERDICTS).open(encoding="utf-8") as stream:
        found = list(csv.DictReader(stream))
    stated = [
        (p.stem, str(c["id"]))
        for p in registry.EXPERIMENTS.glob("*.yaml")
        for c in registry.load_experiment(p.stem).get("claims", [])
    ]
    assert sorted((row["experiment"], row["claim"]) for row in found) == sorted(stated)
    for row in found:
        assert f"| `{row['experiment']}` | {row['verdict']} |" in rows[row["claim"]]
    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert (registry.EXPERIMENTS / link).exists(), link
