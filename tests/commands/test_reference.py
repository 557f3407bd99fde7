"""The committed numbers: written from a store, small, and found again by `verify --reference`."""

import csv
import json
import math
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import quadratic_config
from fuzzing.bombs import BOMBS
from fuzzing.guard import ADDRESS_SPACE, PeakMemory, address_space

from zdl_bench.commands.comparison import Agreement, compare_to_reference
from zdl_bench.commands.reference import (
    CURVES,
    METRIC_SCALES,
    REFERENCE_VERDICTS,
    ReferenceRun,
    read_reference,
    reference_columns,
    run_table,
    write_reference,
)
from zdl_bench.errors import OtherEngine, StoreError
from zdl_bench.registry import conf_files
from zdl_bench.run.config import ENGINE_VERSION
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.run_file import MAX_RUN_BYTES
from zdl_bench.store.store import Store
from zdl_bench.training.loop import train

COMMITTED = conf_files.EXPERIMENTS.parent / "results"
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


@pytest.mark.slow
def test_sweeps_of_experiments_are_written_and_found_again(written, command):
    assert [path.name for path in written] == ["book_paths.parquet", f"{CURVES}.parquet"]
    outcome = command("verify", "--reference")
    assert outcome.status == 0
    assert "verified 4 runs: 4 same bits" in outcome.out
    assert "verified 2 runs" in command("verify", "book_paths", "--reference", "--runs", "2").out


@pytest.mark.slow
def test_another_digest_is_noticed(written, command):
    changed(written[0], digest="0" * 64)
    outcome = command("verify", "--reference")
    assert outcome.status == 1
    assert "4 different" in outcome.out
    assert "(differing: digest; the numbers at the end are the same)" in outcome.out


@pytest.mark.slow
def test_other_numbers_at_the_end_are_told(written, command):
    changed(written[0], tail_loss=123.0)
    outcome = command("verify", "--reference")
    assert outcome.status == 1
    assert "4 different" in outcome.out
    assert "(differing: tail_loss; at the end: tail_loss -1" in outcome.out


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_diverged_run_is_found_again(command):
    diverging = ("optimizer=sgd", "lr=1e6", "seed=0,1", "name=book_paths")
    assert command("-m", *diverging, *BOWL).status == 0
    write_reference(Store("results"))
    outcome = command("verify", "--reference")
    assert outcome.status == 0, outcome.out
    assert "2 same bits" in outcome.out


@pytest.mark.slow
def test_numbers_of_another_engine_are_not_written(written, command):
    store = Store("results")
    manifest = store.read_manifest("book_paths")
    old = replace(store.read(manifest.run_ids[0]), engine=0)
    store.write(old)
    store.write_manifest(replace(manifest, run_ids=[old.run_id]))
    with pytest.raises(OtherEngine, match=f"run {old.run_id} was made by engine 0"):
        write_reference(store)


@pytest.mark.slow
def test_a_committed_run_that_cannot_be_trained_here_stops_no_other(written, command):
    table = pq.read_table(written[0])
    configs = [json.loads(text) for text in table["config"].to_pylist()]
    configs[0]["optimizer"]["name"] = "nameless"
    number = table.column_names.index("config")
    texts = pa.array([json.dumps(config) for config in configs], pa.string())
    pq.write_table(table.set_column(number, "config", texts), written[0])
    outcome = command("verify", "--reference")
    assert outcome.status == 0
    assert "book_paths: nameless" in outcome.out
    assert "cannot be trained here (optimizer=nameless: there is no such optimizer" in outcome.out
    assert "verified 3 runs: 3 same bits, 1 cannot be trained here" in outcome.out


def test_without_numbers_it_says_where_they_are(command):
    outcome = command("verify", "--reference")
    assert outcome.status == 2
    assert "name the results of a checkout with --results DIR" in outcome.err


@pytest.mark.slow
def test_an_unknown_experiment_lists_the_known(written, command):
    outcome = command("verify", "nobody", "--reference")
    assert outcome.status == 2
    assert "it holds book_paths" in outcome.err


@pytest.mark.slow
def test_numbers_of_another_engine_are_refused(written, command):
    table = pq.read_table(written[0])
    pq.write_table(table.replace_schema_metadata({"engine": str(ENGINE_VERSION + 1)}), written[0])
    outcome = command("verify", "--reference")
    assert outcome.status == 2
    assert f"made by engine {ENGINE_VERSION + 1}" in outcome.err


@pytest.fixture(scope="module")
def sound():
    """A table of one run, as it is committed."""
    run = train(quadratic_config(steps=3))
    return run_table(Manifest("odd", "", "", [], [run.run_id], "2026-01-01T00:00:00+00:00"), [run])


def with_config(table, **changes):
    return with_text(table, "config", json.dumps(json.loads(table["config"][0].as_py()) | changes))


def with_text(table, name, text):
    number = table.column_names.index(name)
    return table.set_column(number, name, pa.array([text] * len(table), pa.string()))


def with_column(values):
    return lambda table: table.append_column("more", values)


MALFORMED = {
    "config: no JSON": lambda table: with_text(table, "config", "{"),
    "config: no mapping": lambda table: with_text(table, "config", "[]"),
    "config: a number": lambda table: with_text(table, "config", "1"),
    "config: empty": lambda table: with_text(table, "config", "{}"),
    "config: null": lambda table: with_text(table, "config", None),
    "config: nested": lambda table: with_text(table, "config", "[" * 100_000),
    "config: half a pair": lambda table: with_text(table, "config", '"\\ud800"'),
    "config: lr of text": lambda table: with_config(table, lr="0.1"),
    "config: no steps": lambda table: with_config(table, steps=None),
    "config: steps beyond all": lambda table: with_config(table, steps=10**400),
    "config: no lr of any run": lambda table: with_config(table, lr=-1),
    "config: optimizer of text": lambda table: with_config(table, optimizer="sgd"),
    "config: a mapping as value": lambda table: with_config(table, optimizer={"name": "sgd", "x": {}}),
    "config: many values": lambda table: with_config(table, probe=[[]] * 200_000),
    "config: not there": lambda table: table.drop_columns(["config"]),
    "no runs": lambda table: table.slice(0, 0),
    "two columns of a name": lambda table: table.append_column("lr", table["lr"]),
    "a column of lists": with_column(pa.array([[1.0]])),
    "a column of structs": with_column(pa.array([{"a": 1}])),
    "a column of bytes": with_column(pa.array([b"x"])),
    "engine: not there": lambda table: table.replace_schema_metadata(None),
    "engine: no number": lambda table: table.replace_schema_metadata({"engine": "one"}),
    "engine: long": lambda table: table.replace_schema_metadata({"engine": "1" * 5000}),
}


@pytest.mark.parametrize("form", MALFORMED)
def test_a_malformed_file_is_a_clear_error(form, sound, tmp_path):
    path = tmp_path / "odd.parquet"
    pq.write_table(sound, path)
    assert len(read_reference(path)) == 1
    pq.write_table(MALFORMED[form](sound), path)
    with pytest.raises(StoreError, match=rf"{path.name} cannot be read \(.+\); restore the file with Git") as caught:
        read_reference(path)
    assert len(str(caught.value)) < 400


def test_what_is_no_parquet_file_is_a_clear_error(tmp_path):
    path = tmp_path / "odd.parquet"
    makers = (path.mkdir, lambda: os.mkfifo(path), lambda: path.symlink_to("nowhere"), path.touch)
    for make in (*makers, lambda: path.write_bytes(b"PAR1" * 9), lambda: truncated(path, MAX_RUN_BYTES + 1)):
        make()
        with pytest.raises(StoreError, match=r"odd\.parquet cannot be read"):
            read_reference(path)
        path.rmdir() if path.is_dir() else path.unlink()


def truncated(path, size):
    path.touch()
    os.truncate(path, size)


BOMBS_HERE = {name: BOMBS[name] for name in ("a data page", "a dictionary page", "a dictionary of many values")}


@pytest.mark.parametrize("name", BOMBS_HERE)
def test_a_bomb_is_refused_before_memory_is_taken(name, tmp_path):
    """By the code that guards the reading of runs."""
    path = tmp_path / "odd.parquet"
    path.write_bytes(BOMBS_HERE[name]())
    memory = PeakMemory()
    with address_space(ADDRESS_SPACE), pytest.raises(StoreError, match="cannot be read"):
        read_reference(path)
    assert memory.growth() < 3 * path.stat().st_size + 50_000_000


@pytest.mark.parametrize(("letters", "rows"), [(100_000, 10_000), (10_000, 100_000), (1_000_000, 300)])
def test_a_text_that_stands_in_many_rows_takes_no_memory(letters, rows, sound, tmp_path):
    """A dictionary holds it once, the rows would hold gigabytes."""
    path = tmp_path / "odd.parquet"
    config = pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), pa.array([" " * letters + "{}"]))
    table = pa.table({"config": config}).replace_schema_metadata(sound.schema.metadata)
    pq.write_table(table, path, compression="zstd")
    assert path.stat().st_size < 100_000
    memory = PeakMemory()
    with address_space(ADDRESS_SPACE), pytest.raises(StoreError, match="bytes of the texts, but"):
        read_reference(path)
    assert memory.growth() < 50_000_000


@pytest.mark.slow
def test_an_unsound_file_stops_no_other(written, command, sound):
    pq.write_table(MALFORMED["config: no JSON"](sound), "results/reference/odd.parquet")
    outcome = command("verify", "--reference")
    assert outcome.status == 2
    assert "verified 4 runs: 4 same bits, 1 unsound" in outcome.out
    assert outcome.err.startswith("error: results/reference/odd.parquet cannot be read (")
    assert len(outcome.err.splitlines()) == 1


@pytest.mark.slow
def test_what_two_experiments_have_is_compared_with_both(written, command):
    """One of them may have been changed."""
    shutil.copy(written[0], "results/reference/again.parquet")
    changed(written[0], status="diverged")
    outcome = command("verify", "--reference")
    assert outcome.status == 1
    assert "4 same bits, 4 different" in outcome.out


NAMES = (
    "run_id",
    "optimizer",
    "lr",
    "seed",
    "status",
    "learned",
    "digest",
    "test_accuracy",
    "tail_loss",
    "best_loss",
    "jitter_1",
)


@pytest.mark.slow
def test_every_column_is_compared(sound, tmp_path):
    """Metrics up to their last digits, everything else bit for bit."""
    pq.write_table(sound, tmp_path / "sound.parquet")
    [reference] = read_reference(tmp_path / "sound.parquet")
    fresh = train(reference.config)
    assert compare_to_reference(reference, fresh).agreement is Agreement.SAME_BITS
    assert set(NAMES) <= set(reference.columns)
    for name, value in reference.columns.items():
        for other in {changed_value(value), math.inf, None} - {value}:
            one = compare_to_reference(replace(reference, columns={**reference.columns, name: other}), fresh)
            assert one.agreement is Agreement.DIFFERENT
            assert f"differing: {name};" in one.explanation
        if isinstance(value, float) and value:
            for factor, are_alike in ((1 + 1e-7, name in METRIC_SCALES), (1 + 1e-5, False)):
                one = compare_to_reference(replace(reference, columns={**reference.columns, name: value * factor}), fresh)
                assert (one.agreement is Agreement.SAME_BITS) == are_alike, (name, factor)


def test_a_difference_of_logarithms_may_be_almost_zero():
    """A loss may not: it is compared by ratio, however small."""
    fresh = train(quadratic_config(lr=0.5, steps=100))
    row = reference_columns(fresh)
    assert row["highest_rise"] == 0
    assert 0 < row["best_loss"] < 1e-5
    for name, agreement in (("highest_rise", Agreement.SAME_BITS), ("best_loss", Agreement.DIFFERENT)):
        committed = ReferenceRun("odd", fresh.config, {**row, name: row[name] + 1e-10})
        assert compare_to_reference(committed, fresh).agreement is agreement


def test_a_column_that_is_gone_is_noticed_and_one_more_is_no_difference(sound, tmp_path):
    path = tmp_path / "sound.parquet"
    for table, agreement in (
        (sound.drop_columns(["tail_loss"]), Agreement.DIFFERENT),
        (sound.append_column("more", pa.array(["x"])), Agreement.SAME_BITS),
    ):
        pq.write_table(table, path)
        [reference] = read_reference(path)
        assert compare_to_reference(reference, train(reference.config)).agreement is agreement


def changed_value(value):
    if isinstance(value, bool):
        return not value
    return value + "x" if isinstance(value, str) else 1.2 * (value or 0) + 2


def test_what_is_committed_is_small_and_complete():
    files = [path for path in (COMMITTED / "reference").rglob("*") if path.is_file()]
    runs = sum(pq.read_metadata(path).num_rows for path in files if path.suffix == ".parquet" and path.stem != CURVES)
    assert sum(path.stat().st_size for path in files) < 195 * runs
    experiments = {path.stem for path in conf_files.EXPERIMENTS.glob("*.yaml")}
    assert {path.stem for path in files if path.suffix == ".parquet"} == experiments | {CURVES}


def test_committed_runs_without_data_are_found_again(command):
    """In the cloned repository, whatever the machine."""
    outcome = command("verify", "adagrad_bowl", "--reference", "--results", str(COMMITTED))
    assert outcome.status == 0, outcome.out


@pytest.mark.slow
def test_committed_runs_on_mnist_are_found_again(command, mnist):
    outcome = command("verify", "day64", "--reference", "--runs", "2", "--results", str(COMMITTED))
    assert outcome.status == 0, outcome.out


def test_the_list_of_experiments_says_what_was_found():
    text = (conf_files.EXPERIMENTS / "README.md").read_text(encoding="utf-8")
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in text.splitlines() if line.startswith("| ")}
    for path in conf_files.EXPERIMENTS.glob("*.yaml"):
        assert f"`{path.stem}`" in rows, path.stem
    with (COMMITTED / "reference" / REFERENCE_VERDICTS).open(encoding="utf-8") as stream:
        found = list(csv.DictReader(stream))
    stated = [
        (p.stem, str(c["id"]))
        for p in conf_files.EXPERIMENTS.glob("*.yaml")
        for c in conf_files.load_experiment(p.stem).get("claims", [])
    ]
    assert sorted((row["experiment"], row["claim"]) for row in found) == sorted(stated)
    for row in found:
        assert f"| `{row['experiment']}` | {row['verdict']} |" in rows[row["claim"]]
    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert (conf_files.EXPERIMENTS / link.partition("#")[0]).exists(), link
