"""`export`: what other programs read is what `load_results` gives."""

import importlib.util
import sqlite3
import sys
import tracemalloc
from dataclasses import replace

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from conftest import digits_config, quadratic_config, trained_by
from own_stores import sweep_of, trained

from zdl_bench import load_results
from zdl_bench.report.exports import tidy_tables
from zdl_bench.run.config import Choice
from zdl_bench.run.run import Failure, Run, Status
from zdl_bench.store.store import Store
from zdl_bench.training.loop import train

FRAMES = ("runs", "curves", "probes")


def needs(module: str, extra: str) -> list:
    """The marks of a test that needs a library of an extra."""
    is_missing = importlib.util.find_spec(module) is None
    reason = f"needs {module}: python -m pip install 'zdl_bench[{extra}]'"
    return [pytest.mark.extras, pytest.mark.skipif(is_missing, reason=reason)]


def same_frames(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Fail unless both have the same values, bit for bit. A missing value is None in one and NaN in the other."""
    ours, theirs = (frame.astype(object).where(frame.notna(), None) for frame in (found, expected))
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


@pytest.fixture
def study(tmp_path, digits):
    """A sweep of runs with different keys, of which one diverged and one failed."""
    failed = Run(quadratic_config(seed=99), Status.FAILED, failure=Failure("ValueError", "=1+1", ""))
    runs = [*trained(seeds=range(2)), *trained("adam", seeds=range(2)), train(digits_config(lr=1e30)), train(digits_config())]
    return sweep_of(Store(tmp_path / "results"), "study", [*runs, failed])


@pytest.mark.parametrize("max_rows", [1, 10**6], ids=["run by run", "all at once"])
def test_parquet_holds_the_frames(command, study, monkeypatch, max_rows):
    monkeypatch.setattr(tidy_tables, "MAX_ROWS", max_rows)
    outcome = command("export", "study", "--to", "out")
    assert outcome.status == 0
    assert outcome.out.split() == [f"out/{name}.parquet" for name in FRAMES]
    results = load_results("results", "study")
    for name in FRAMES:
        expected = getattr(results, name)
        found = pd.read_parquet(f"out/{name}.parquet")
        assert list(found.columns) == list(expected.columns)
        same_frames(found, expected)
    [[count]] = duckdb.sql("select count(*) from 'out/curves.parquet' join 'out/runs.parquet' using (run_id)").fetchall()
    assert count == len(results.curves)


def test_csv_holds_the_frames(command, study, monkeypatch):
    monkeypatch.setattr(tidy_tables, "MAX_ROWS", 100)
    assert command("export", "--to", "out", "--format", "csv").status == 0
    results = load_results("results", "study")
    for name in ("curves", "probes"):
        found = pd.read_csv(f"out/{name}.csv", dtype={"run_id": str})
        same_frames(found, getattr(results, name))
    runs = pd.read_csv("out/runs.csv", dtype={"run_id": str})
    np.testing.assert_array_equal(runs["tail_loss"], results.runs["tail_loss"])
    assert runs["failure"].iloc[-1].startswith("ValueError")


def test_csv_has_no_formulas(command, tmp_path):
    [run] = trained(seeds=[0])
    evil = replace(run, config=replace(run.config, optimizer=Choice("=cmd|' /C calc'!A0", {"beta": "@SUM(1)"})))
    sweep_of(Store(tmp_path / "results"), "study", [evil])
    assert command("export", "--format", "csv").status == 0
    for line in (tmp_path / "export/runs.csv").read_text().splitlines():
        assert not [cell for cell in line.split(",") if cell.strip('"').startswith(("=", "@"))]


def test_columns_of_several_types_become_text(command, tmp_path):
    [run] = trained(seeds=[0])
    configs = [replace(run.config, optimizer=Choice(f"own{n}", {"key": value})) for n, value in enumerate((1.5, "auto", None))]
    sweep_of(Store(tmp_path / "results"), "study", [replace(run, config=config) for config in configs])
    assert command("export").status == 0
    assert pd.read_parquet("export/runs.parquet")["optimizer.key"].fillna("none").tolist() == ["1.5", "auto", "none"]


def test_a_sweep_without_a_curve_is_exported(command, tmp_path):
    failed = Run(quadratic_config(), Status.FAILED, failure=Failure("ValueError", "no", ""))
    sweep_of(Store(tmp_path / "results"), "study", [failed])
    assert command("export").status == 0
    assert pd.read_parquet("export/runs.parquet")["status"].tolist() == ["failed"]
    assert pd.read_parquet("export/curves.parquet").empty


def test_missing_and_damaged_runs_are_named(command, study):
    first, second, *_ = study.read_manifest("study").run_ids
    study.run_path(first).unlink()
    study.run_path(second).write_bytes(b"PAR1PAR1")
    outcome = command("export")
    assert outcome.status == 0
    assert f"2 of 7 planned runs are not in the store, 1 of them damaged ({second})" in outcome.err
    assert len(pd.read_parquet("export/runs.parquet")) == 5


def test_nothing_is_written_if_nothing_can_be_read(command, study, tmp_path):
    for run_id in study.read_manifest("study").run_ids:
        study.run_path(run_id).unlink()
    assert command("export").status == 2
    assert not [*tmp_path.glob("export/*")]


def test_a_sweep_of_another_engine_says_so(command, tmp_path):
    sweep_of(Store(tmp_path / "results"), "old", [trained_by(1, quadratic_config())])
    outcome = command("export")
    assert outcome.status == 0
    assert "engine 1" in outcome.err
    assert len(pd.read_parquet("export/runs.parquet")) == 1


def test_a_library_that_is_not_installed_is_named(command, study, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    monkeypatch.delitem(sys.modules, "zdl_bench.report.exports.tensorboard_log", raising=False)
    outcome = command("export", "--format", "tensorboard")
    assert outcome.status == 2
    assert "python -m pip install 'zdl_bench[tensorboard]'" in outcome.err
    assert command("export", "--format", "xlsx").status == 2


@pytest.mark.filterwarnings("ignore")
class TestTensorBoard:
    pytestmark = needs("tensorboard", "tensorboard")

    def test_tensorboard_reads_what_was_stored(self, command, study):
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        from tensorboard.backend.event_processing.io_wrapper import GetLogdirSubdirectories

        for _ in range(2):  # a second export replaces the first
            assert command("export", "--format", "tensorboard").status == 0
        folders = sorted(GetLogdirSubdirectories("export"))
        assert len(folders) == 7
        run = study.read(study.read_manifest("study").run_ids[2])
        [folder] = [one for one in folders if one.endswith(run.run_id)]
        assert folder == f"export/study/adam_lr=0.1_seed=0_{run.run_id}"
        events = EventAccumulator(folder, size_guidance={"scalars": 0})
        events.Reload()
        losses = events.Scalars("train_loss")
        assert [one.step for one in losses] == list(range(1, 61))
        np.testing.assert_array_equal([one.value for one in losses], run.curve.train_loss.astype(np.float32))
        probes = events.Scalars("probe/probe_loss")
        np.testing.assert_array_equal([one.step for one in probes], run.curve.probes.step)
        np.testing.assert_array_equal([one.value for one in probes], run.curve.probes.probe_loss.astype(np.float32))

    def test_names_of_folders_are_letters_and_digits(self, command, tmp_path):
        [run] = trained(seeds=[0])
        evil = replace(run, config=replace(run.config, optimizer=Choice("../../evil\n/x", {})))
        sweep_of(Store(tmp_path / "results"), "study", [evil])
        assert command("export", "--format", "tensorboard").status == 0
        [folder] = tmp_path.glob("export/study/*")
        assert set(folder.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789=._-")
        assert not [*tmp_path.rglob("*evil\n*")]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
class TestMlflow:
    pytestmark = needs("mlflow", "mlflow") + needs("sqlalchemy", "mlflow")

    def test_mlflow_reads_what_was_stored(self, command, study, tmp_path):
        from mlflow import MlflowClient

        for _ in range(2):  # a second export adds nothing
            outcome = command("export", "--format", "mlflow")
            assert outcome.status == 0
            assert outcome.out.split() == ["export/mlflow.db"]
        client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/export/mlflow.db")
        experiment = client.get_experiment_by_name("study")
        found = {one.data.tags["zdl_bench.run_id"]: one for one in client.search_runs([experiment.experiment_id])}
        assert {*found} == {*study.read_manifest("study").run_ids}
        run = study.read(study.read_manifest("study").run_ids[2])
        one = found[run.run_id]
        assert (one.info.run_name, one.info.status) == ("adam lr=0.1 seed=0", "FINISHED")
        assert (one.data.params["optimizer"], one.data.params["lr"]) == ("adam", "0.1")
        history = client.get_metric_history(one.info.run_id, "train_loss")
        assert [metric.value for metric in history] == run.curve.train_loss.tolist()
        failed = study.read_manifest("study").run_ids[-1]
        assert found[failed].info.status == "FAILED"

    def test_an_export_that_was_killed_is_completed(self, command, study, tmp_path):
        assert command("export", "--format", "mlflow").status == 0
        with sqlite3.connect(tmp_path / "export/mlflow.db") as database:
            database.execute("update runs set status = 'RUNNING' where name = 'adam lr=0.1 seed=0'")
            database.execute("delete from metrics where step > 30")
        assert command("export", "--format", "mlflow").status == 0
        with sqlite3.connect(tmp_path / "export/mlflow.db") as database:
            rows = "select count(*) from runs where name = 'adam lr=0.1 seed=0' and lifecycle_stage = 'active'"
            assert database.execute(rows).fetchall() == [(1,)]


@pytest.mark.slow
def test_a_large_sweep_takes_little_memory(tmp_path, monkeypatch):
    """The frame of the curves of 80 runs of 5,000 steps has 11 MB; batches of two runs pass through."""
    monkeypatch.setattr(tidy_tables, "MAX_ROWS", 10_000)
    [run] = trained(seeds=[0], steps=5000)

    def peak(count):
        runs = (replace(run, config=replace(run.config, seed=seed)) for seed in range(count))
        tracemalloc.start()
        tidy_tables.write_parquet(runs, tmp_path, "large")
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert pq.read_metadata(tmp_path / "curves.parquet").num_rows == count * 5000
        return most

    assert peak(80) - peak(4) < 5e6
