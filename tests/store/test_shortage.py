"""A machine that refuses something: processes, semaphores, files, memory, the working directory. One error with the way out."""

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import Outcome
from disturbances.disks import can_mount

from zdl_bench import load_results
from zdl_bench.errors import refusal
from zdl_bench.plan.messages import plain_messages

WITH_REPORT = ("-m", "problem=bowl", "steps=20", "seed=1,2", "name=sweep")
SWEEP = (*WITH_REPORT, "report=false")
PARALLEL = ("n_jobs=2",)
SERIAL = ("executor=serial",)


def outcome_of(command, folder, **settings):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False, **settings)
    return Outcome(done.returncode, done.stdout, done.stderr)


def is_one_clear_error(outcome, *words):
    assert outcome.status == 2, outcome.err
    assert "Traceback" not in outcome.err, outcome.err
    (line,) = [line for line in outcome.err.splitlines() if line.startswith("error:")]
    for word in words:
        assert word in line


def sweep(*arguments):
    return [sys.executable, "-m", "zdl_bench", *SWEEP, *arguments]


def with_few_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (10, 10))


@pytest.mark.slow
def test_too_few_open_files_for_processes(tmp_path):
    parallel = outcome_of(sweep(*PARALLEL), tmp_path, preexec_fn=with_few_files)
    is_one_clear_error(parallel, "worker processes cannot be started", "Too many open files", "ulimit -n", "executor=serial")
    serial = outcome_of(sweep(*SERIAL), tmp_path, preexec_fn=with_few_files)
    assert serial.status == 0, serial.err


def one_process():
    resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))


@pytest.mark.slow
def test_no_process_may_be_started(tmp_path):
    tmp_path.chmod(0o777)
    command = sweep(*PARALLEL)
    if os.getuid() == 0:  # who may start any number: become somebody else, who may read what root may
        if not shutil.which("setpriv"):
            pytest.skip("root may start any number of processes, and there is no setpriv here")
        capabilities = "+dac_override,+dac_read_search"
        others = ["setpriv", "--reuid=54321", "--clear-groups", f"--inh-caps={capabilities}", f"--ambient-caps={capabilities}"]
        command = [*others, *command]
    outcome = outcome_of(command, tmp_path, preexec_fn=one_process)
    is_one_clear_error(outcome, "worker processes cannot be started", "ulimit -u", "executor=serial")


MOUNTS = {
    "a full /dev/shm": "mount -t tmpfs -o size=4k tmpfs /dev/shm && head -c 4096 /dev/zero > /dev/shm/x",
    "a read-only /dev/shm": "mount -t tmpfs -o ro tmpfs /dev/shm",
    "no /proc": "mount -t tmpfs tmpfs /proc",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", MOUNTS, ids=lambda name: name.replace(" ", "_"))
def test_a_system_without_what_processes_usually_need(kind, tmp_path):
    """joblib finds no semaphores in the first two, and makes one run at a time."""
    if os.getuid() != 0 or not can_mount(tmp_path) or not shutil.which("unshare"):
        pytest.skip("nothing can be mounted apart from everybody else here, which needs root")
    for kind_of_executor in (PARALLEL, SERIAL):
        command = f"{MOUNTS[kind]} && exec " + " ".join(sweep(*kind_of_executor, "force=true"))
        outcome = outcome_of(["unshare", "--mount", "sh", "-c", command], tmp_path)
        assert outcome.status == 0, outcome.err
        assert "Traceback" not in outcome.err, outcome.err
        assert load_results(tmp_path / "results").runs["status"].tolist() == ["completed"] * 2


HOOK = """
import os, sys
if "zdl_bench.executors.child" in " ".join(sys.orig_argv):
    try:
        os.rename({token!r}, {token!r} + ".taken")
    except FileNotFoundError:
        pass
    else:
        os._exit(1)
"""
"""Ends a worker process that starts, as often as there is a token."""


@pytest.mark.slow
@pytest.mark.parametrize("ends_always", [False, True])
def test_a_process_that_dies_while_it_starts_is_no_runs_fault(tmp_path, ends_always):
    token = tmp_path / "token"
    token.touch()
    hook = HOOK.format(token=str(token)).replace("os.rename", "os.stat" if ends_always else "os.rename")
    if ends_always:
        hook = hook.replace(f', {str(token)!r} + ".taken"', "")
    (tmp_path / "sitecustomize.py").write_text(hook)
    paths = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    outcome = outcome_of(sweep(*PARALLEL), tmp_path, env=os.environ | {"PYTHONPATH": paths})
    if ends_always:
        is_one_clear_error(outcome, "the processes die before they can execute a run", "executor=serial")
        assert not list((tmp_path / "results").glob("runs/*/*"))
    else:
        assert outcome.status == 0, outcome.err
        assert load_results(tmp_path / "results").runs["status"].tolist() == ["completed"] * 2


def test_a_number_of_cores_that_is_none(command, monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "abc")
    is_one_clear_error(command(*SWEEP), "LOKY_MAX_CPU_COUNT", "unset it")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["LOKY_MAX_DEPTH", "JOBLIB_START_METHOD", "LOKY_PICKLER"])
def test_variables_of_joblib_that_it_cannot_read(name, tmp_path):
    is_one_clear_error(outcome_of(sweep(), tmp_path, env=os.environ | {name: "abc"}), name, "unset it")


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        [*SWEEP, *SERIAL],
        ["problem=bowl", *SERIAL],
        ["--cfg", "job"],
        ["report"],
        ["verify"],
        ["bench", "problem=bowl", "optimizer=sgd", "steps=5"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_working_directory_that_is_gone(arguments, command, tmp_path, monkeypatch):
    if arguments[0] in ("report", "verify"):
        assert command(*SWEEP, *SERIAL).status == 0
        arguments = [*arguments, "--results", str(tmp_path / "results")]
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    outcome = command(*arguments)
    if arguments[0] in ("report", "verify") and outcome.status == 0:  # they need none once all libraries are imported
        return
    is_one_clear_error(outcome, "the current folder is gone", "change to another folder")


@pytest.mark.slow
@pytest.mark.parametrize("megabytes", [150, 600])
def test_too_little_memory(tmp_path, megabytes):
    """How much each part takes depends on the machine: what was made stays, and the error says what helps."""

    def with_little_memory():
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))

    command = [sys.executable, "-m", "zdl_bench", *WITH_REPORT, *SERIAL]
    outcome = outcome_of(command, tmp_path, preexec_fn=with_little_memory)
    if outcome.status != 0:
        is_one_clear_error(outcome, "there is not enough memory", "ulimit -v")
    assert outcome_of(command, tmp_path).status == 0


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        MemoryError(),
        RuntimeError("can't start new thread"),
        ImportError("no such module"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_machine_refuses_is_not_called_wrong_input(error):
    with pytest.raises(type(error)) as caught, plain_messages():
        raise error
    assert caught.value is error


def test_a_bug_in_a_library_is_not_called_wrong_input():
    with pytest.raises(TypeError), plain_messages():
        json.loads(1)
    with pytest.raises(ValueError), plain_messages():
        np.zeros((2, 2)).reshape(3)


def test_what_is_a_bug_is_no_refusal(tmp_path):
    assert refusal(ValueError("a bug")) == ""
    assert refusal(OSError("an error of a library's own")) == ""
    assert refusal(RuntimeError("a bug")) == ""
    with pytest.raises(OSError) as caught:
        tmp_path.read_bytes()
    assert refusal(caught.value) == f"{tmp_path}: Is a directory"
