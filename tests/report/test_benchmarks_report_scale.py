"""The benchmark of a large report makes a sound store, and says what it measured."""

import re
from dataclasses import replace

import numpy as np
import pytest
from benchmarks import report_scale

from zdl_bench import load_results
from zdl_bench.report.freshness import hash_of_inputs
from zdl_bench.run.run import Status
from zdl_bench.store.store import Store


@pytest.mark.slow
def test_it_prints_its_numbers(digits, tmp_path, capsys, monkeypatch):
    measured = report_scale.Measured(12.34, 11.0, 900 * 2**20, 4_560_000, 7)
    monkeypatch.setattr(report_scale, "measure_report", lambda store, name: measured)
    report_scale.main(["--runs", "40", "--steps", "50", "--results", str(tmp_path)])
    made, found = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"made 40 runs of 50 steps in \d+\.\d s", made)
    numbers = "12.3 s (11.0 s of CPU), peak memory 900 MiB, page 4.56 MB, 7 figures"
    assert found == f"report of 40 runs of 50 steps: {numbers}"
    runs = load_results(tmp_path, sweep="scale-40-50").runs
    assert len(runs) == runs["run_id"].nunique() == 40


@pytest.mark.slow
def test_it_measures_a_report(digits, tmp_path):
    store = Store(tmp_path)
    report_scale.make_sweep(store, "made", 40, 50)
    found = report_scale.measure_report(store, "made")
    assert 0 < found.cpu_seconds < 2 * found.seconds + 1
    assert found.peak_bytes > 100 * 2**20
    assert found.page_bytes > 100_000
    assert found.figures >= 5
    manifest = store.read_manifest("made")
    checksums = [store.read_with_hashes(run_id)[1].content for run_id in manifest.run_ids]
    assert manifest.report.inputs == hash_of_inputs(manifest, ["png"], checksums)


def test_the_other_seeds_are_runs_of_their_own(digits, monkeypatch, tmp_path):
    """Two learning rates and one schedule: 10 conditions, the second and third seeds derived."""
    monkeypatch.setattr(report_scale, "SCHEDULES", ("constant",))
    monkeypatch.setattr(report_scale, "LRS", (1e-3, 1e-2))
    monkeypatch.setattr(report_scale, "DIVERGED_EVERY", 2)
    report_scale.make_sweep(Store(tmp_path), "made", 30, 40)
    runs = load_results(tmp_path, sweep="made").runs
    assert sorted(runs["seed"].value_counts().items()) == [(0, 10), (1, 10), (2, 10)]
    assert runs["digest"].nunique() == 30
    assert runs.groupby(["optimizer", "lr"])["tail_loss"].nunique().min() >= 2
    assert set(runs.loc[(runs["seed"] == 1) & (runs["lr"] == 1e-2), "status"]) == {"diverged"}
    again = list(report_scale.made_runs(30, 40))[-1]
    stored = Store(tmp_path).read(again.run_id)
    assert (again.digest, again.config) == (stored.digest, stored.config)


def test_a_run_that_is_cut_is_one_that_diverged(digits):
    run = next(report_scale.made_runs(1, 40))
    cut = report_scale.diverged(replace(run, config=replace(run.config, seed=1)))
    assert cut.status is Status.DIVERGED
    assert len(cut.curve.train_loss) == len(cut.curve.lr) == 20
    assert cut.curve.train_loss[-1] == np.inf
    assert cut.curve.probes.step.max() < 20
    assert not cut.end
