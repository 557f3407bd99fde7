"""Real signals to real processes: what was finished is kept, the same command goes on, and nobody is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import SMALL, run_process, start_process, stored, wait_for
from own_optimizers import HOLDING, checkout_with

from zdl_bench import load_results
from zdl_bench.store.store import Store

RUNS = ("optimizer=sgd,holding", "seed=range(0,4)")
"""Those of sgd come first, and end; those of holding are in flight until they are let go."""
SWEEP = ("-m", "dataset=digits", "report=false", "steps=100", "n_jobs=2", "name=sweep", *RUNS, *SMALL)


def children_of(pid):
    """Process ids of the living descendants of a process."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            if parent == pid:
                found += [int(entry.name), *children_of(int(entry.name))]
    return found


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture(scope="module")
def holding(tmp_path_factory):
    """Settings of a process that knows the rule `holding`, and the file that lets its runs go."""
    folder = tmp_path_factory.mktemp("holding")
    checkout = checkout_with(folder / "checkout", HOLDING, ("Holding",))
    return {"PYTHONPATH": str(checkout), "HOLDING_UNTIL": "go"}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, digits, holding):
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "go").touch()
    assert run_process(*SWEEP, cwd=folder, env=os.environ | holding).status == 0
    return load_results(folder / "results").runs.set_index("run_id")["digest"]


@pytest.fixture
def held(tmp_path, holding):
    """The sweep with half of its runs stored and two in flight."""
    process = start_process(*SWEEP, cwd=tmp_path, start_new_session=True, env=os.environ | holding)
    wait_for(lambda: len(stored(tmp_path)) == 4)
    yield process
    process.kill()
    process.wait()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "end"),
    [(signal.SIGINT, (130, "interrupted")), (signal.SIGTERM, (143, "terminated")), (signal.SIGKILL, (-9, ""))],
)
def test_a_signal_to_the_parent_loses_only_runs_in_flight(tmp_path, undisturbed, holding, held, number, end):
    status, words = end
    workers = children_of(held.pid)
    if number == signal.SIGINT:  # as a terminal does: to the whole group
        os.killpg(held.pid, number)
    else:
        held.send_signal(number)
    _, err = held.communicate(timeout=120)
    assert held.returncode == status
    assert words in err
    assert "Traceback" not in err
    wait_for(lambda: not any(map(is_alive, workers)))
    assert len(stored(tmp_path)) == 4
    (tmp_path / "go").touch()
    outcome = run_process(*SWEEP, cwd=tmp_path, env=os.environ | holding)
    assert outcome.status == 0
    assert "4 to train, 4 in the store" in outcome.err
    assert load_results(tmp_path / "results").runs.set_index("run_id")["digest"].equals(undisturbed)
    assert Store(tmp_path / "results").read_manifest("sweep").finished


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.06, 0.1, 0.3])
def test_an_interrupt_while_the_workers_start(tmp_path, digits, seconds):
    """Neither a traceback of a half-started worker, nor a wait for the runs that they were to make."""
    arguments = ("-m", "dataset=digits", "report=false", "steps=200000", "n_jobs=2", "seed=1,2,3", *SMALL)
    process = start_process(*arguments, cwd=tmp_path, start_new_session=True)
    assert any("to train" in line for line in process.stderr), "the program ended before it trained"
    time.sleep(seconds)
    workers = children_of(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in err
    wait_for(lambda: not any(map(is_alive, workers)))


INTERRUPTED_IMPORT = """
import signal, sys
from zdl_bench.cli import main

_, library, *arguments = sys.argv

class Interrupting:
    def find_spec(self, name, path, target=None):
        if name == library:
            sys.meta_path.remove(self)
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
status = main(arguments)
sys.exit(status if library in sys.modules else f"{library} was imported by half")
"""
"""The command line, in which Ctrl-C arrives while a library is imported."""
BOWL = ("-m", "problem=bowl", "steps=7", "report=false", "lr=0.1")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("library", "arguments"),
    [
        ("joblib", (*BOWL, "seed=1,2", "n_jobs=2")),
        ("distributed", (*BOWL, "executor=dask", "executor.address=tcp://127.0.0.1:1")),
        ("pandas", (*BOWL, "optimizer=sgd,momentum", "until=decided", "max_seeds=12", "executor=serial")),
    ],
)
def test_an_interrupt_while_a_library_is_imported(tmp_path, library, arguments):
    command = [sys.executable, "-c", INTERRUPTED_IMPORT, library, *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 130, done.stderr
    assert "interrupted; all finished runs are stored" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_an_interrupt_in_a_user_s_module_has_the_usual_status(tmp_path):
    """Also within `exec`, as dataclasses use it: Python would then end as if nobody had caught the interrupt."""
    folder = tmp_path / "own"
    (folder / "optimizer").mkdir(parents=True)
    (folder / "mine.py").write_text("import signal\nexec('signal.raise_signal(signal.SIGINT)')\n")
    (folder / "optimizer/mine.yaml").write_text("_target_: mine.Mine\nname: mine\ndefault_lr: 1\n")
    outcome = run_process("--config-dir", "own", "optimizer=mine", "problem=bowl", cwd=tmp_path)
    assert outcome.status == 130
    assert outcome.err.startswith("interrupted; all finished runs are stored")


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_nothing(tmp_path, undisturbed, held):
    workers = [pid for pid in children_of(held.pid) if "zdl_bench.executors.child" in Path(f"/proc/{pid}/cmdline").read_text()]
    assert workers
    os.kill(workers[0], signal.SIGKILL)
    (tmp_path / "go").touch()
    _, err = held.communicate(timeout=120)
    assert held.returncode == 0, err
    assert load_results(tmp_path / "results").runs.set_index("run_id")["digest"].equals(undisturbed)


KILLER = '''
"""A rule that kills its process, and one that raises."""

import os
import signal
from dataclasses import dataclass

from zdl_bench.optimizers.sgd import SGD


@dataclass(frozen=True)
class Killer(SGD):
    def update(self, params, grad, state, step):
        if step.number == 5:
            os.kill(os.getpid(), signal.SIGKILL)


class Unpicklable(Exception):
    def __init__(self, a, b):
        super().__init__(f"{a} {b}")
        self.held = lambda: None


@dataclass(frozen=True)
class Raiser(SGD):
    def update(self, params, grad, state, step):
        raise Unpicklable("on", "purpose")
'''


@pytest.fixture
def own_checkout(tmp_path):
    return checkout_with(tmp_path / "checkout", KILLER, ("Killer", "Raiser"))


@pytest.mark.slow
def test_a_run_that_kills_its_worker_or_raises_leaves_a_row(own_checkout, tmp_path, digits):
    arguments = ["-m", "dataset=digits", "report=false", "steps=20", "n_jobs=2", "seed=1,2,3", *SMALL]
    command = [sys.executable, "-m", "zdl_bench", *arguments, "optimizer=sgd,killer,raiser,adam"]
    done = subprocess.run(command, cwd=own_checkout, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    runs = load_results(own_checkout / "results").runs
    assert runs.groupby("optimizer")["status"].agg(set).to_dict() == {
        "sgd": {"completed"}, "adam": {"completed"}, "killer": {"failed"}, "raiser": {"failed"},
    }  # fmt: skip
    assert runs.loc[runs["optimizer"] == "killer", "failure"].str.contains("died twice").all()
    assert runs.loc[runs["optimizer"] == "raiser", "failure"].eq("Unpicklable: on purpose").all()
    assert "Runs without a result" in done.stdout
    assert done.stdout.count("died twice") == 3
    assert "6 failed" in done.stderr
