"""What a sweep may take: runs that hang are stopped, a sweep of failures ends early, and a dry run makes none."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import SMALL, Outcome, run_process, wait_for
from disturbances.disks import Disk, can_mount
from disturbances.leftovers import leftovers
from disturbances.sweeping import Place, Start
from own_images import add_dataset
from own_optimizers import checkout_with

from zdl_bench import load_results
from zdl_bench.executors.attempt import Stopwatch
from zdl_bench.store.store import Store

TIMEOUT = 4
KEYS = ("dataset=digits", "steps=20", *SMALL)
ILL = '''
"""Rules that hang or fail in their first step, unless HEALED is in the environment."""

import os
import re
import time
from dataclasses import dataclass

from zdl_bench.optimizers.sgd import SGD


@dataclass(frozen=True)
class Ill(SGD):
    def update(self, params, grad, state, step):
        if step.number == 1 and "HEALED" not in os.environ:
            self.suffer()
        super().update(params, grad, state, step)


@dataclass(frozen=True)
class Looping(Ill):
    def suffer(self):
        while True:
            pass


@dataclass(frozen=True)
class Stubborn(Ill):
    def suffer(self):
        while True:
            try:
                time.sleep(0.001)
            except Exception:
                pass


@dataclass(frozen=True)
class Sleeping(Ill):
    """In C code that has given the interpreter's lock back."""

    def suffer(self):
        time.sleep(1e6)


@dataclass(frozen=True)
class Searching(Ill):
    """In C code that keeps the interpreter's lock: 2 to the 60th ways to split the letters."""

    def suffer(self):
        re.match("(a+)+$", "a" * 60 + "b")


@dataclass(frozen=True)
class Waiting(Ill):
    """For a file that says go on."""

    def suffer(self):
        open("waiting", "w").close()
        while not os.path.exists("go"):
            time.sleep(0.01)


@dataclass(frozen=True)
class Raising(Ill):
    def suffer(self):
        raise ArithmeticError("on purpose")
'''


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    names = ("Looping", "Stubborn", "Sleeping", "Searching", "Waiting", "Raising")
    return checkout_with(tmp_path_factory.mktemp("own") / "checkout", ILL, names)


@pytest.fixture
def start(checkout, tmp_path, digits):
    """`python -m zdl_bench` of the checkout with ill optimizers, in an empty folder."""

    def run(*arguments: str, **environment: str) -> Outcome:
        command = [sys.executable, "-m", "zdl_bench", *arguments, *KEYS]
        changes = {"PYTHONPATH": str(checkout)} | environment
        done = subprocess.run(
            command, cwd=tmp_path, env=os.environ | changes, capture_output=True, text=True, timeout=300, check=False
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


def statuses():
    runs = load_results("results").runs
    return runs.groupby("optimizer")["status"].agg(list).to_dict()


@pytest.fixture(autouse=True)
def in_the_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
def test_runs_that_hang_are_stopped_and_all_others_finish(start):
    sweep = ("-m", "report=false", "n_jobs=2", "optimizer=sgd,looping,sleeping,searching,adam", "name=sweep")
    began = time.monotonic()
    outcome = start(*sweep, f"timeout={TIMEOUT}")
    assert time.monotonic() - began > TIMEOUT
    assert outcome.status == 1, outcome.err
    hung = {"looping": ["timed_out"], "sleeping": ["timed_out"], "searching": ["timed_out"]}
    assert statuses() == {"sgd": ["completed"], "adam": ["completed"]} | hung
    assert outcome.out.count(f"TimedOut: stopped after {TIMEOUT} s") == 3
    assert "5/5 runs: 3 failed, 0 diverged" in outcome.err
    assert Store("results").read_manifest("sweep").finished
    assert f"TimedOut: stopped after {TIMEOUT} s" in load_results("results").runs["failure"].dropna().iloc[0]
    healed = start(*sweep, f"timeout={TIMEOUT * 10}", HEALED="1")
    assert healed.status == 0, healed.err
    assert "3 to train, 2 in the store" in healed.err
    assert all(status == ["completed"] for status in statuses().values())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["looping", "stubborn", "sleeping"])
def test_a_run_that_hangs_in_this_process_is_stopped(start, kind):
    outcome = start("-m", "report=false", "executor=serial", f"optimizer={kind},sgd", f"timeout={TIMEOUT}")
    assert outcome.status == 1, outcome.err
    assert statuses() == {kind: ["timed_out"], "sgd": ["completed"]}


SLOW_START = """
import sys, time
if "zdl_bench.executors.child" in " ".join(sys.orig_argv):
    time.sleep(5)
"""


@pytest.mark.slow
def test_a_timeout_changes_no_number_and_counts_no_start_of_a_process(start, checkout, tmp_path):
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook/sitecustomize.py").write_text(SLOW_START)
    hook = {"PYTHONPATH": os.pathsep.join([str(checkout), str(tmp_path / "hook")])}
    sweep = ("-m", "report=false", "n_jobs=2", "seed=1,2,3")
    began = time.monotonic()
    assert start(*sweep, f"timeout={TIMEOUT}", "results_dir=limited", **hook).status == 0
    assert time.monotonic() - began > TIMEOUT, "the workers did not start slowly"
    assert start(*sweep).status == 0
    limited, free = (load_results(name).runs.set_index("run_id")["digest"].sort_index() for name in ("limited", "results"))
    assert limited.equals(free)


IN_A_CHILD_OF_DASK = """
import sys
sys.path.insert(0, {tests!r})
from conftest import digits_config, part
from zdl_bench.executors.child import Children

print(Children().make(digits_config(part("optimizer", "waiting"), steps=5), {timeout}).status.value)
"""


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["processes", "serial", "a child of a Dask worker"])
def test_the_time_for_which_all_are_stopped_is_no_runs_time(checkout, tmp_path, digits, executor):
    """As by Ctrl-Z: the whole group, for longer than the timeout."""
    sweep = ["-m", "zdl_bench", "-m", "report=false", "n_jobs=1", "optimizer=waiting", f"timeout={TIMEOUT}", *KEYS]
    child = ["-c", IN_A_CHILD_OF_DASK.format(tests=str(Path(__file__).parents[1]), timeout=TIMEOUT)]
    process = subprocess.Popen(
        [sys.executable, *(child if executor.startswith("a child") else [*sweep, f"executor={executor}"])],
        env=os.environ | {"PYTHONPATH": str(checkout)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for(Path("waiting").is_file)
    os.killpg(process.pid, signal.SIGSTOP)
    time.sleep(TIMEOUT + 1)
    Path("go").touch()
    os.killpg(process.pid, signal.SIGCONT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    if executor.startswith("a child"):
        assert out == "completed\n"
    else:
        assert statuses() == {"waiting": ["completed"]}


def test_a_stopwatch_leaves_out_what_it_did_not_see(monkeypatch):
    wall, computing = [100.0], [5.0]
    monkeypatch.setattr("time.monotonic", lambda: wall[0])
    monkeypatch.setattr("time.process_time", lambda: computing[0])
    stopwatch = Stopwatch()
    wall[0] += 0.4
    assert stopwatch.seconds() == pytest.approx(0.4), "it was read in time"
    wall[0] += 3600
    assert stopwatch.seconds() == pytest.approx(0.5), "all were stopped: no more than a tick"
    wall[0], computing[0] = wall[0] + 30, computing[0] + 29
    assert stopwatch.seconds() == pytest.approx(29.5), "this process computed in C"
    wall[0], computing[0] = wall[0] + 2, computing[0] + 8
    assert stopwatch.seconds() == pytest.approx(31.5), "four threads compute no longer than one"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["looping", "sleeping", "searching"])
def test_an_interrupt_ends_a_sweep_that_hangs(checkout, tmp_path, digits, kind):
    """Nobody stays behind, wherever the run hangs and however the parent ends."""
    for number, status in ((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)):
        place = Place(tmp_path / number.name)
        changes = {"PYTHONPATH": str(checkout), "XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"]}
        sweep = ("-m", "report=false", "n_jobs=2", f"optimizer=sgd,{kind}", "seed=1,2", *KEYS)
        hanging = Start(place, sweep, changes)
        assert hanging.wait_until(lambda place=place: len(place.stored_files()) == 2)
        time.sleep(1)
        hanging.process.send_signal(number)
        assert hanging.ended().status == status
        assert leftovers(place) == []


@pytest.mark.slow
@pytest.mark.parametrize("executor", [("executor=serial",), ("executor=processes", "n_jobs=2")])
def test_a_sweep_of_failures_ends_early_and_the_same_command_goes_on(start, executor):
    sweep = ("-m", "optimizer=sgd,raising", "seed=range(0,6)", "name=sweep", "max_failures=2", *executor)
    outcome = start(*sweep)
    assert outcome.status == 1
    stored = statuses()
    assert stored["raising"] == ["failed"] * 2
    assert set(stored["sgd"]) == {"completed"}
    assert len(stored["sgd"]) in (5, 6), "one may be on its way in the other worker"
    kept = len(stored["sgd"])
    assert (
        f"stopped: max_failures=2 is reached, with {10 - kept} runs not trained yet. "
        "Start the same command again to continue." in outcome.err
    )
    assert outcome.out.count("ArithmeticError: on purpose") == 2
    assert Store("results").read_manifest("sweep").finished is None
    assert [path.name for path in Path("results/sweeps/sweep").iterdir()] == ["sweep.json"]
    again = start(*sweep, HEALED="1")
    assert again.status == 0, again.err
    assert f"{12 - kept} to train, {kept} in the store" in again.err
    assert statuses() == {"sgd": ["completed"] * 6, "raising": ["completed"] * 6}
    assert Store("results").read_manifest("sweep").finished
    assert Path("results/sweeps/sweep/report.html").is_file()


@pytest.mark.slow
def test_failures_of_all_batches_of_a_sweep_count_together(start):
    one_at_a_time = ("hydra/sweeper=basic", "hydra.sweeper.max_batch_size=1")
    sweep = ("-m", "optimizer=raising", "seed=range(0,4)", "max_failures=2", "executor=serial", "report=false")
    outcome = start(*sweep, *one_at_a_time)
    assert outcome.status == 1
    assert statuses() == {"raising": ["failed"] * 2}
    assert "stopped: max_failures=2 is reached, with 2 runs not trained yet" in outcome.err


@pytest.mark.slow
def test_failures_of_the_first_stage_keep_the_second_from_its_start(start):
    """The choice waits until every trial has been made."""
    tuned = ("-m", "optimizer=sgd,raising", "lr=0.001,0.01", "seed=1,2", "tuning_seeds=100,101", "name=sweep")
    sweep = (*tuned, "max_failures=1", "executor=serial", "report=false")
    outcome = start(*sweep)
    assert outcome.status == 1
    assert "stage 1:" in outcome.err
    assert "stage 2:" not in outcome.err
    assert "stopped: max_failures=1 is reached" in outcome.err
    assert statuses() == {"sgd": ["completed"] * 4, "raising": ["failed"]}
    again = start(*sweep, HEALED="1")
    assert again.status == 0, again.err
    assert "8 runs, 4 to train, 4 in the store" in again.err
    assert statuses() == {"sgd": ["completed"] * 6, "raising": ["completed"] * 6}


@pytest.mark.slow
def test_the_last_failure_allowed_stops_nothing_when_it_is_the_last_run(start):
    outcome = start("-m", "report=false", "executor=serial", "optimizer=sgd,raising", "max_failures=1", "name=sweep")
    assert outcome.status == 1
    assert "not trained" not in outcome.err
    assert Store("results").read_manifest("sweep").finished


@pytest.mark.slow
def test_a_run_that_times_out_is_a_failure_and_one_that_diverges_is_none(start):
    limits = ("executor=serial", f"timeout={TIMEOUT}", "max_failures=1")
    outcome = start("-m", "report=false", *limits, "optimizer=sgd,sleeping,adam", "lr=1e30")
    assert outcome.status == 1
    assert statuses() == {"sgd": ["diverged"], "sleeping": ["timed_out"]}
    assert "1 run not trained" in outcome.err


@pytest.mark.slow
def test_nothing_is_written_by_a_dry_run(command, digits, tmp_path):
    outcome = command("-m", "optimizer=sgd,adam", "seed=1,2,3", "dry_run=true", *KEYS)
    assert outcome.status == 0, outcome.err
    assert list(tmp_path.iterdir()) == []
    assert "runs:  6; 6 to train, 0 in the store" in outcome.out
    assert "time:  about " in outcome.out
    assert "disk:  " in outcome.out
    assert "that are free in results" in outcome.out


@pytest.mark.slow
def test_a_dry_run_says_what_is_stored(command, small_sweep):
    assert small_sweep("-m", "optimizer=sgd", "seed=1,2").status == 0
    before = contents(Path("results"))
    outcome = command("-m", "optimizer=sgd,adam", "seed=1,2,3", "dry_run=true", "report=false", *KEYS)
    assert outcome.status == 0, outcome.err
    assert "runs:  6; 4 to train, 2 in the store" in outcome.out
    assert contents(Path("results")) == before


@pytest.mark.slow
def test_a_dry_run_finds_the_data_that_it_is_given(tmp_path, monkeypatch):
    """In an empty cache: the trials know a data set by its name alone."""
    own = checkout_with(tmp_path / "checkout", ILL, ())
    numbers = np.random.default_rng(0)
    images, labels = numbers.integers(0, 256, (120, 6, 6), np.uint8), numbers.integers(0, 10, 120, np.uint8)
    add_dataset(own / "conf", "images", images, labels)
    path = own / "conf/dataset/images.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"dir": None}))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    outcome = run_process("dataset=images", f"dataset.dir={own}/data/images", "dry_run=true", *KEYS[1:], cwd=own)
    assert outcome.status == 0, outcome.err
    assert "time:  about" in outcome.out


@pytest.mark.slow
def test_paths_are_no_markup(command, digits):
    outcome = command("-m", "seed=1,2", "report=false", "executor=serial", 'results_dir="x[a]"', *KEYS)
    assert outcome.status == 0, outcome.err
    assert "results: x[a]/sweeps/" in outcome.out
    assert "--results 'x[a]'" in outcome.out
    outcome = command("-m", "seed=1,2", 'results_dir="y[/b]"', "dry_run=true", *KEYS)
    assert outcome.status == 0, outcome.err
    assert "that are free in y[/b]" in outcome.out


@pytest.mark.slow
def test_a_dry_run_of_what_is_stored_needs_nothing(command, small_sweep):
    assert small_sweep("-m", "seed=1,2").status == 0
    outcome = command("-m", "seed=1,2", "dry_run=true", *KEYS)
    assert "runs:  2; 0 to train, 2 in the store" in outcome.out
    assert "time:  none" in outcome.out


@pytest.mark.slow
def test_a_dry_run_leaves_a_damaged_file_where_it_is(command, small_sweep):
    assert small_sweep("-m", "seed=1,2").status == 0
    path = sorted(Path("results/runs").glob("??/*.parquet"))[0]
    path.write_bytes(path.read_bytes()[:100])
    before = contents(Path("results"))
    outcome = command("-m", "seed=1,2", "dry_run=true", *KEYS)
    assert "1 to train (1 damaged in the store), 1 in the store" in outcome.out
    assert contents(Path("results")) == before


@pytest.mark.slow
def test_a_dry_run_counts_the_runs_whose_learning_rate_is_not_chosen_yet(command, digits, tmp_path):
    """As many as the experiment makes: trials on the tuning seeds, and one judged learning rate for each combination."""
    small = ("problem=quadratic", "problem.dimension=2", "steps=10", "report=false", "optimizer=sgd,adam", "lr=1e-3,1e-2")
    planned = command("experiment=learning_rates", "dry_run=true", *small)
    assert planned.status == 0, planned.err
    assert list(tmp_path.iterdir()) == []
    made = command("experiment=learning_rates", "executor=serial", *small)
    assert made.status == 0, made.err
    count = len(list(Store("results").run_ids()))
    assert f"runs:  {count}; {count} to train, 0 in the store" in planned.out


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 64 kB."""
    if not can_mount(tmp_path):
        pytest.skip("no disk can be mounted here, which needs root or sudo")
    folder = tmp_path / "small"
    folder.mkdir()
    disk = Disk(folder, 64)
    yield folder
    disk.remove()


@pytest.mark.slow
def test_a_dry_run_warns_of_a_disk_that_is_too_small(command, digits, small_disk):
    outcome = command("-m", "seed=range(0,200)", f"results_dir={small_disk}/results", "dry_run=true", *KEYS)
    assert outcome.status == 0, outcome.err
    assert "the runs need about" in outcome.err
    assert "66 kB are free" in outcome.err
    assert "results_dir=DIR" in outcome.err
    assert list(small_disk.iterdir()) == []


@pytest.mark.slow
def test_a_sweep_warns_of_a_disk_that_is_too_small_before_it_starts(command, digits, small_disk):
    outcome = command("-m", "seed=range(0,50)", f"results_dir={small_disk}/results", *KEYS)
    assert outcome.status == 2
    warning, error = outcome.err.index("the runs need about"), outcome.err.index("cannot be written")
    assert warning < error


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
