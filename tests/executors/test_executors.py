"""Executors: the same bits wherever a run is made, and no run lost when a worker dies."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import digits_config, part, wait_for

from zdl_bench.executors import executor as contract
from zdl_bench.executors.executor import Finished, Limits, Started
from zdl_bench.executors.processes import Processes
from zdl_bench.executors.serial import Serial
from zdl_bench.executors.worker import Worker
from zdl_bench.registry import registry
from zdl_bench.run.config import Choice
from zdl_bench.run.run import Status


def digests(executor, configs, n_jobs=1):
    events = list(executor.execute(configs, Limits(n_jobs)))
    started = [event.run_id for event in events if isinstance(event, Started)]
    finished = {event.run_id: event.run for event in events if isinstance(event, Finished)}
    assert sorted(started) == sorted(finished) == sorted(config.run_id for config in configs)
    return {run_id: run.digest for run_id, run in finished.items()}


def test_bits_do_not_depend_on_executor_workers_or_order(digits):
    configs = [digits_config(name, lr=0.01, seed=seed) for name in ("sgd", "adam") for seed in range(3)]
    expected = digests(Serial(), configs)
    assert len(set(expected.values())) == 6
    assert digests(Processes(), configs, n_jobs=1) == expected
    assert digests(Processes(), configs, n_jobs=2) == expected
    random.Random(0).shuffle(configs)
    assert digests(Processes(), configs, n_jobs=2) == expected
    assert digests(Serial(), configs[::-1]) == expected


def test_an_exception_is_a_failed_run(digits):
    bad = digits_config(dataset=Choice("digits", {"checksum": "0" * 64, "validation_size": 300}))
    for executor in (Serial(), Processes()):
        events = [e for e in executor.execute([bad, digits_config()], Limits(2)) if isinstance(e, Finished)]
        runs = {event.run_id: event.run for event in events}
        assert runs[bad.run_id].status is Status.FAILED
        assert "has changed" in runs[bad.run_id].failure.message
        assert runs[digits_config().run_id].status is Status.COMPLETED


def test_nothing_to_do_is_done(digits):
    assert list(Processes().execute([], Limits(2))) == []


def test_every_executor_of_conf_can_be_made():
    assert isinstance(registry.executor(Choice("serial")), Serial)
    assert isinstance(registry.executor(Choice("processes")), Processes)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the killed pool's own finalizers
def test_no_run_is_lost_while_the_consumer_is_busy(digits):
    """A worker is killed while this process stores a run: every config still ends as an event."""
    configs = [digits_config("sgd", lr=0.01, seed=seed, steps=400) for seed in range(8)]
    finished = []
    for event in Processes().execute(configs, Limits(2)):
        if not isinstance(event, Finished):
            continue
        finished.append(event)
        if len(finished) == 2:
            time.sleep(1.0)  # long enough, as a rule, for the other run to end, which then waits to be told of
            workers = [process for process in living_children() if "popen_loky" in process[1]]
            os.kill(workers[0][0], signal.SIGKILL)
            wait_for(lambda pid=workers[0][0]: pid not in [process[0] for process in living_children()])
    assert sorted(event.run_id for event in finished) == sorted(config.run_id for config in configs)
    assert all(event.run.status is Status.COMPLETED for event in finished)


def living_children():
    """(pid, command line) of the living children of this process."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, IndexError):
                parent, state = (entry / "stat").read_text().rpartition(")")[2].split()[1::-1]
                if int(parent) == os.getpid() and state != "Z":
                    found.append((int(entry.name), (entry / "cmdline").read_text()))
    return found


def test_the_end_of_what_was_just_begun_is_quiet(digits, capfd):
    """loky's own thread may fail when it is told to end right after it was given a run."""
    configs = [digits_config("sgd", lr=0.01, seed=seed, steps=30) for seed in range(40)]
    for stop in range(1, 12):
        events = Processes().execute(configs, Limits(2))
        for _, event in zip(range(2 + 2 * stop), events, strict=False):
            assert isinstance(event, Started | Finished)
        events.close()
    assert "Traceback" not in capfd.readouterr().err


class Unspeakable(Exception):
    def __str__(self):
        raise ValueError


@pytest.mark.parametrize(("error", "message"), [(SystemExit(0), "0"), (Unspeakable(), "its message cannot be told")])
def test_whatever_a_run_raises_it_ends_as_a_failed_one(digits, monkeypatch, error, message):
    def fail(config):
        raise error

    monkeypatch.setattr(contract, "train", fail)
    events = list(Serial().execute([digits_config()], Limits(1)))
    assert isinstance(events[-1], Finished)
    assert events[-1].run.status is Status.FAILED
    assert events[-1].run.failure.message == message


OF_A_WORKER = {"cloudpickle", "joblib", "numpy", "platformdirs", "psutil", "threadpoolctl", "yaml"}
"""Whatever a worker imports costs each of them time and memory."""
OF_COMPILED_LOOPS = {"charset_normalizer", "llvmlite", "numba", "scipy"}
IMPORTED = """
import sys
sys.path.insert(0, {tests!r})
from conftest import digits_config, part
from zdl_bench.executors.worker import Worker

config = digits_config("adam", problem=part("problem", "mlp", hidden=({units},)))
if __name__ == "__main__":
    worker = Worker()
    assert worker.start(config).result(timeout=60).status.is_result
    print(*worker._pool.submit(eval, "[n for n, m in __import__('sys').modules.items() if 'site-packages' in str(m)]").result())
    worker.kill()
"""


@pytest.mark.parametrize(("units", "more"), [(16, set()), (300, OF_COMPILED_LOOPS)])
def test_a_worker_imports_these_libraries_and_no_others(digits, tmp_path, units, more):
    code = IMPORTED.format(tests=str(Path(__file__).parents[1]), units=units)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    found = {name.partition(".")[0] for name in done.stdout.split() if not name.startswith("_")}
    assert {"numpy", *(["numba"] if more else [])} <= found <= OF_A_WORKER | more


@pytest.mark.parametrize(("network", "megabytes"), [({"hidden": (16,)}, 120), ({"hidden": (300,)}, 200)])
def test_a_worker_takes_little_memory_of_its_own(digits, network, megabytes):
    """Linux counts a page that several processes share in parts (PSS)."""
    worker = Worker()
    try:
        worker.start(digits_config("adam", problem=part("problem", "mlp", **network))).result(timeout=60)
        (pid,) = [pid for pid, command in living_children() if "popen_loky" in command]
        pss = next(line for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() if line.startswith("Pss:"))
    finally:
        worker.kill()
    assert int(pss.split()[1]) < 1000 * megabytes
