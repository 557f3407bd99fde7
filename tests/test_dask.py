"""executor=dask against a real scheduler and two real workers on the loopback, one thread each."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from conftest import SMALL, run_process, start_process

from zdl_bench import load_results

pytest.importorskip("distributed", reason="Dask is not installed: pip install zdl-bench[dask]")

SWEEP = ("-m", "dataset=digits", "report=false", "optimizer=sgd,adam", "seed=range(0,6)", *SMALL)


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def start_dask(*arguments, folder):
    command = [sys.executable, "-m", "dask", *arguments]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Cluster:
    def __init__(self, folder):
        self.file = folder / "scheduler.json"
        listen = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show", "--scheduler-file", str(self.file)]
        self.scheduler = start_dask("scheduler", *listen, folder=folder)
        wait_for(lambda: self.file.is_file() and self.file.read_text().strip().endswith("}"))
        self.address = json.loads(self.file.read_text())["address"]
        self.folder = folder
        self.workers = [self.add_worker() for _ in range(2)]

    def add_worker(self):
        arguments = ["worker", self.address, "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1", "--no-nanny"]
        return start_dask(*arguments, folder=self.folder)

    def stop(self):
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path):
    started = Cluster(tmp_path)
    yield started
    started.stop()


def digests(folder):
    return load_results(folder / "results").runs.set_index("run_id")["digest"].sort_index()


@pytest.mark.slow
def test_bits_are_those_of_local_processes(cluster, tmp_path, digits):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    assert run_process(*SWEEP, "steps=50", cwd=ours).status == 0
    outcome = run_process(*SWEEP, "steps=50", "executor=dask", f"executor.address={cluster.address}", cwd=theirs)
    assert outcome.status == 0, outcome.err
    assert "12/12 runs: 0 failed" in outcome.err
    assert digests(ours).equals(digests(theirs))


@pytest.mark.slow
def test_a_worker_that_dies_costs_nothing(cluster, tmp_path, digits):
    arguments = (*SWEEP, "steps=1500", "executor=dask", f"executor.address={cluster.address}")
    process = start_process(*arguments, cwd=tmp_path)
    wait_for(lambda: len(list(tmp_path.glob("results/runs/??/*.parquet"))) >= 2)
    cluster.workers[0].send_signal(signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert len(digests(tmp_path)) == 12


@pytest.mark.slow
def test_a_scheduler_that_goes_away_is_a_clear_error(cluster, tmp_path, digits):
    arguments = (*SWEEP, "steps=3000", "executor=dask", f"executor.address={cluster.address}")
    process = start_process(*arguments, cwd=tmp_path)
    wait_for(lambda: len(list(tmp_path.glob("results/runs/??/*.parquet"))) >= 2)
    os.kill(cluster.scheduler.pid, signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2, err
    assert "the Dask scheduler is gone" in err
    assert "Traceback" not in err
    kept = len(digests(tmp_path))
    assert kept >= 2
    outcome = run_process(*SWEEP, "steps=3000", cwd=tmp_path)
    assert f"{12 - kept} to make, {kept} in the store" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["executor=dask"], "needs the scheduler's address"),
        (["executor=dask", "executor.address=here"], "executor.address=here: name the scheduler as tcp://HOST:PORT"),
        (["executor=dask", "executor.address=tcp://127.0.0.1:9"], "no Dask scheduler answers there"),
    ],
)
def test_no_cluster_is_a_clear_error(command, digits, arguments, words, monkeypatch):
    monkeypatch.setattr("zdl_bench.executors.dask.CONNECT_SECONDS", 1)
    outcome = command(*arguments, "dataset=digits", "steps=5", "report=false", *SMALL)
    assert outcome.status == 2
    assert words in outcome.err
    assert "Traceback" not in outcome.err
