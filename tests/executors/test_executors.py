"""Executors: the same bits wherever a run is made, and no run lost when a worker dies."""

import os
import random
import re
import signal
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest
from conftest import digits_config, part, quadratic_config, wait_for

from zdl_bench.executors import attempt as attempts
from zdl_bench.executors.child import Child, Children
from zdl_bench.executors.executor import Limits
from zdl_bench.executors.process_end import descendants
from zdl_bench.executors.processes import Processes
from zdl_bench.executors.serial import Serial
from zdl_bench.registry import registry
from zdl_bench.run.config import Choice
from zdl_bench.run.run import Failure, Run, Status


def digests(executor, configs, n_jobs=1):
    runs = list(executor.execute(configs, Limits(n_jobs)))
    assert sorted(run.run_id for run in runs) == sorted(config.run_id for config in configs)
    return {run.run_id: run.digest for run in runs}


@pytest.mark.slow
def test_bits_do_not_depend_on_executor_workers_or_order(digits):
    configs = [digits_config(name, lr=0.01, seed=seed) for name in ("sgd", "adam") for seed in range(3)]
    expected = digests(Serial(), configs)
    assert len(set(expected.values())) == 6
    assert digests(Processes(), configs, n_jobs=1) == expected
    assert digests(Processes(), configs, n_jobs=2) == expected
    random.Random(0).shuffle(configs)
    assert digests(Processes(), configs, n_jobs=2) == expected
    assert digests(Serial(), configs[::-1]) == expected


@pytest.mark.slow
def test_an_exception_is_a_failed_run(digits):
    bad = digits_config(dataset=Choice("digits", {"checksum": "0" * 64, "validation_size": 300}))
    for executor in (Serial(), Processes()):
        runs = {run.run_id: run for run in executor.execute([bad, digits_config()], Limits(2))}
        assert runs[bad.run_id].status is Status.FAILED
        assert "restore that YAML" in runs[bad.run_id].failure.message
        assert runs[digits_config().run_id].status is Status.COMPLETED


def test_nothing_to_do_is_done(digits):
    assert list(Processes().execute([], Limits(2))) == []


def test_every_executor_of_conf_can_be_made():
    assert isinstance(registry.executor(Choice("serial")), Serial)
    assert isinstance(registry.executor(Choice("processes")), Processes)


@pytest.mark.slow
def test_no_run_is_lost_while_the_consumer_is_busy(digits):
    """A worker is killed while this process stores a run: every config still ends as a run."""
    configs = [digits_config("sgd", lr=0.01, seed=seed, steps=400) for seed in range(8)]
    runs = []
    for run in Processes().execute(configs, Limits(2)):
        runs.append(run)
        if len(runs) == 2:
            time.sleep(1.0)  # long enough, as a rule, for the other run to end, which then waits to be told of
            workers = [process for process in living_children() if "zdl_bench.executors.child" in process[1]]
            os.kill(workers[0][0], signal.SIGKILL)
            wait_for(lambda pid=workers[0][0]: pid not in [process[0] for process in living_children()])
    assert sorted(run.run_id for run in runs) == sorted(config.run_id for config in configs)
    assert all(run.status is Status.COMPLETED for run in runs)


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


@pytest.mark.slow
def test_the_end_of_what_was_just_begun_is_quiet(digits, capfd):
    """joblib's threads were given runs right before, and would warn of those that nobody takes."""
    configs = [digits_config("sgd", lr=0.01, seed=seed, steps=30) for seed in range(40)]
    for stop in range(1, 12):
        runs = Processes().execute(configs, Limits(2))
        for _, run in zip(range(stop), runs, strict=False):
            assert isinstance(run, Run)
        runs.close()
        assert not [command for _, command in living_children() if "zdl_bench.executors.child" in command]
    assert capfd.readouterr().err == ""


@pytest.mark.slow
def test_runs_do_not_pile_up_while_one_is_stored(monkeypatch):
    made = []

    def make(children, config, timeout):
        made.append(config)
        return attempts.failed_run(config, Failure("Error", "", ""))

    monkeypatch.setattr(Children, "make", make)
    runs = Processes().execute([quadratic_config(seed=seed) for seed in range(50)], Limits(2))
    next(runs)
    time.sleep(0.5)
    assert len(made) <= 5, "one is stored; four are made or wait"
    assert len([*runs]) == len(made) - 1 == 49


class Unspeakable(Exception):
    def __str__(self):
        raise ValueError


@pytest.mark.parametrize(
    ("error", "message"), [(SystemExit(0), "0"), (Unspeakable(), "the message of this error cannot be read")]
)
def test_whatever_a_run_raises_it_ends_as_a_failed_one(digits, monkeypatch, error, message):
    def fail(config):
        raise error

    monkeypatch.setattr(attempts, "train", fail)
    (run,) = Serial().execute([digits_config()], Limits(1))
    assert run.status is Status.FAILED
    assert run.failure.message == message


OF_A_WORKER = {"numpy", "platformdirs", "yaml"}
"""Whatever a worker imports costs each of them time and memory."""
OF_COMPILED_KERNELS = {
    "charset_normalizer",
    "llvmlite",
    "numba",
    "scipy",
    "cffi",
    "pycparser",
}  # SciPy takes cffi if it is there


@pytest.mark.slow
@pytest.mark.parametrize(("config", "more"), [(quadratic_config("adam"), set()), (digits_config("adam"), OF_COMPILED_KERNELS)])
def test_a_worker_imports_these_libraries_and_no_others(digits, monkeypatch, capfd, config, more):
    monkeypatch.setenv("PYTHONVERBOSE", "1")
    with closing(Children()) as children:
        assert children.make(config, 60).status.is_result
    files = re.findall(r"site-packages/(?:__pycache__/)?(\w+)(?:/|\.cpython)", capfd.readouterr().err)
    found = {name for name in files if not name.startswith("_")}
    assert {"numpy", *(["numba"] if more else [])} <= found <= OF_A_WORKER | more


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "megabytes"),
    [
        (quadratic_config("adam"), 60),
        (digits_config("adam"), 200),
        (digits_config("adam", problem=part("problem", "mlp", hidden=(300,))), 200),
    ],
    ids=["quadratic", "16 units", "300 units"],
)
def test_a_worker_takes_little_memory_of_its_own(digits, config, megabytes):
    """Linux counts a page that several processes share in parts (PSS). The compiler and its code take 125 MB."""
    with closing(Children()) as children:
        assert children.make(config, 60)
        (pid,) = [pid for pid, command in living_children() if "zdl_bench.executors.child" in command]
        pss = next(line for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() if line.startswith("Pss:"))
    assert int(pss.split()[1]) < 1000 * megabytes


class Program:
    """A message that is executed by the process that receives it. It goes the way of a run of an optimizer of conf/."""

    optimizer = part("optimizer", "sgd")

    def __init__(self, code):
        self.code = code

    def __reduce__(self):
        return exec, (self.code,)


FORK = "import os, time\nif os.fork() == 0:\n    time.sleep(60)\n    os._exit(0)\n"


@pytest.fixture
def child():
    child = Child({})
    assert child.is_ready(lambda: True)
    yield child
    child.kill()


def test_a_child_that_dies_is_noticed_even_if_one_that_it_forked_holds_its_connection(child):
    assert not child.take(Program(FORK + "os.kill(os.getpid(), 9)"), lambda: True)
    assert not child.is_alive


@pytest.mark.slow
def test_what_a_child_has_started_ends_with_it(child):
    pid = child._process.pid
    child._connection.send((b"", Program(FORK)))
    wait_for(lambda: descendants(pid))
    started = descendants(pid)
    child.kill()
    wait_for(lambda: not any(Path(f"/proc/{one}").exists() for one in started))


def test_a_child_finds_packages_in_folders_of_any_name(tmp_path, monkeypatch):
    folder = tmp_path / "of: any name"
    folder.mkdir()
    (folder / "own_module.py").write_text("")
    monkeypatch.setattr(sys, "path", [str(folder), tmp_path, *sys.path])
    child = Child({})
    try:
        assert child.is_ready(lambda: True)
        child._connection.send((b"", Program("import own_module")))
        assert child._connection.recv() == "taken"
    finally:
        child.kill()
