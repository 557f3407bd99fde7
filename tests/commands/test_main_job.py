"""The main job on real MNIST, as a person types it."""

import os
import re
import shlex

import pytest
from conftest import run_process
from readme import README

from zdl_bench import load_results
from zdl_bench.datasets.cache import load_decoded


def seconds_of_children():
    """That this process's children have computed; what others do on this machine does not count."""
    times = os.times()
    return times.children_user + times.children_system


COMMAND = ("-m", "optimizer=sgd,adam", "lr=1e-3,1e-2")


def test_real_mnist(mnist):
    arrays = mnist.decode()
    assert arrays.train_images.shape == (60000, 784)
    assert arrays.test_images.shape == (10000, 784)
    assert (arrays.train_labels[0], arrays.test_labels[0]) == (5, 7)
    assert all((a == b).all() for a, b in zip(arrays, load_decoded(mnist), strict=True))


@pytest.mark.slow
def test_the_main_job(mnist, tmp_path):
    outcome = run_process(*COMMAND, cwd=tmp_path)
    assert outcome.status == 0, outcome.err
    assert "4/4 runs: 0 failed, 0 diverged" in outcome.err
    runs = load_results(tmp_path / "results").runs.set_index(["optimizer", "lr"])
    assert (runs["dataset"] == "mnist").all()
    assert runs.loc[("adam", 1e-3), "test_accuracy"] > 0.94
    assert runs.loc[("sgd", 1e-3), "test_accuracy"] > 0.85
    assert runs.loc[("sgd", 1e-3), "tail_loss"] > runs.loc[("adam", 1e-3), "tail_loss"]
    [page] = tmp_path.glob("results/sweeps/*/report.html")
    built = page.stat().st_mtime_ns
    again = run_process(*COMMAND, cwd=tmp_path)
    assert page.stat().st_mtime_ns == built
    assert "nothing to train" in again.err
    verified = run_process("verify", cwd=tmp_path)
    assert verified.status == 0
    assert "verified 4 runs: 4 same bits" in verified.out
    assert page.stat().st_size > 100_000


@pytest.mark.slow
def test_the_first_command_of_the_readme_has_an_answer(mnist, tmp_path):
    words = shlex.split(re.search(r"python -m zdl_bench (-m .*)", README.partition("<!-- run -->")[2])[1])
    outcome = run_process(*words, cwd=tmp_path)
    assert outcome.status == 0, outcome.err
    assert re.search(r"^Use \w+ at lr 0\.\d+\.", outcome.out, re.MULTILINE), outcome.out


@pytest.mark.slow
def test_a_finished_sweep_of_100_runs_returns_in_seconds(digits, tmp_path):
    arguments = ("-m", "dataset=digits", "steps=20", "problem.hidden=[8]", "seed=range(0,50)", "optimizer=sgd,adam")
    assert run_process(*arguments, cwd=tmp_path).status == 0
    files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    start = seconds_of_children()
    outcome = run_process(*arguments, cwd=tmp_path)
    seconds = seconds_of_children() - start
    assert outcome.status == 0
    assert "100 runs, all in the store" in outcome.err
    assert seconds < 5, f"it took {seconds:.1f} s"
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == files


@pytest.mark.slow
def test_where_mnist_cannot_be_had_the_digits_step_in(tmp_path, monkeypatch):
    """As in an empty environment without a network: said once, loudly, and named in every table and figure."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("ZDL_BENCH_DATA", raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    outcome = run_process("-m", "optimizer=sgd,adam", "steps=100", cwd=tmp_path)
    assert outcome.status == 0, outcome.err
    assert outcome.err.count("mnist is not on this machine") == 1
    assert set(load_results(tmp_path / "results").runs["dataset"]) == {"digits"}
    [page] = tmp_path.glob("results/sweeps/*/report.html")
    assert "digits · mlp" in page.read_text()
