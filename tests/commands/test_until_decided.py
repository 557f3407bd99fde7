"""`until=decided`: a sweep that looks at its runs at planned numbers of seeds and trains only what is still open."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import run_process, start_process, stored, wait_for
from own_optimizers import checkout_with

from zdl_bench import cli, load_results
from zdl_bench.store.store import Store

NOISY = ("problem=quadratic", "problem.gradient_noise=0.3", "problem.start_std=0.3", "steps=50", "report=false")
SERIAL = (*NOISY, "executor=serial")
UNTIL = ("until=decided", "max_seeds=12")
SWEEP = ("-m", *SERIAL, "optimizer=sgd,momentum,adam", *UNTIL)
"""Momentum is shown to be faster than both others at the first look, with 7 seeds; those two are never told apart."""
LOOKS = [
    "look 1 of 3, 7 seeds: momentum faster than sgd (p 0.016); momentum faster than adam (p 0.016); 1 pair open, 2 optimizers "
    "go on",
    "look 2 of 3, 9 seeds: nothing decided; 1 pair open, 2 optimizers go on",
    "look 3 of 3, 12 seeds: 1 pair undecided, out of seeds",
]


def look_lines(outcome):
    return [line for line in outcome.err.splitlines() if line.startswith("look ")]


def seeds_of(*keys, folder="results"):
    """Each optimizer's seeds, in ascending order."""
    runs = load_results(folder).runs
    return {key: sorted(members["seed"]) for key, members in runs.groupby(list(keys) or "optimizer")}


def record():
    return Store("results").latest_manifest().until


@pytest.mark.slow
def test_only_open_optimizers_are_trained_on_more_seeds(command):
    outcome = command(*SWEEP)
    assert outcome.status == 0, outcome.err
    assert look_lines(outcome) == LOOKS
    assert seeds_of() == {"sgd": [*range(12)], "adam": [*range(12)], "momentum": [*range(7)]}
    until = record()
    assert (until.first_seed, until.max_seeds, until.margin) == (0, 12, None)
    assert [(look.seeds, len(look.decisions)) for look in until.looks] == [(7, 2), (9, 0), (12, 1)]
    assert until.looks[0].decisions[0] == "momentum faster than sgd (p 0.016)"
    assert len(Store("results").latest_manifest().run_ids) == 12 + 12 + 7


def test_a_sweep_ends_when_everything_is_decided(command):
    outcome = command("-m", *SERIAL, "optimizer=sgd,momentum", *UNTIL, "seed=7")
    assert outcome.status == 0
    assert look_lines(outcome) == ["look 1 of 3, 7 seeds: momentum faster than sgd (p 0.016)"]
    assert seeds_of() == {"sgd": [*range(7, 14)], "momentum": [*range(7, 14)]}
    assert record().first_seed == 7


TUNED_ALONE = ("-m", "problem=rosenbrock", "steps=20", "lr=1,2", "tuning_seeds=[100,101]", *UNTIL, "executor=serial")
"""Where SGD diverges at every learning rate and Adam does not."""


@pytest.mark.slow
def test_an_optimizer_that_alone_has_a_learning_rate_is_judged_at_the_first_look(command):
    outcome = command(*TUNED_ALONE, "optimizer=sgd,adam", "report=false")
    assert outcome.status == 0, outcome.err
    assert "stage 2: adam at lr 1 on up to 12 seeds" in outcome.err
    assert "sgd: no learning rate has a value on all tuning seeds, so none is judged; try smaller ones" in outcome.err
    assert seeds_of() == {"sgd": [100, 100, 101, 101], "adam": [*range(7), 100, 100, 101, 101]}
    assert Store("results").latest_manifest().finished
    dry = command(*TUNED_ALONE, "optimizer=sgd,adam", "dry_run=true")
    assert "runs:  15; 0 to train, 15 in the store" in dry.out


@pytest.mark.slow
def test_only_one_optimizer_is_refused_before_its_learning_rates_are_tried(command, tmp_path):
    outcome = command(*TUNED_ALONE, "optimizer=adam")
    assert outcome.status == 2
    assert "until=decided: there is only one optimizer, so nothing is compared; give several" in outcome.err
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A folder with a finished sweep."""
    folder = tmp_path_factory.mktemp("swept")
    assert cli.main([*SWEEP, f"results_dir={folder}/results"]) == 0
    return folder


@pytest.fixture
def again(command, swept):
    """Return a function that gives the sweep's command once more, in a folder of its own."""
    shutil.copytree(swept / "results", "results")
    return lambda *arguments: command(*SWEEP, *arguments)


@pytest.mark.slow
def test_a_repeat_finds_the_same_and_trains_nothing(again):
    manifest = Store("results").latest_manifest()
    outcome = again()
    assert look_lines(outcome) == LOOKS
    assert outcome.err.count("all in the store, nothing to train") == 3
    assert Store("results").latest_manifest() == manifest
    assert len(Store("results").sweep_names()) == 1


@pytest.mark.slow
def test_force_trains_every_look_again(again):
    outcome = again("force=true")
    assert "21 runs, 21 to train, 0 in the store" in outcome.err
    assert look_lines(outcome) == LOOKS


@pytest.mark.slow
def test_what_was_lost_is_trained_again_and_the_looks_are_the_same(again):
    manifest = Store("results").latest_manifest()
    for run_id in (manifest.run_ids[0], manifest.run_ids[-1]):
        Store("results").run_path(run_id).unlink()
    outcome = again()
    assert look_lines(outcome) == LOOKS
    assert Store("results").latest_manifest().run_ids == manifest.run_ids


@pytest.mark.slow
def test_a_killed_sweep_goes_on_where_it_was(swept, tmp_path):
    whole = Store(swept / "results").latest_manifest()
    process = start_process(*SWEEP, "results_dir=killed", "name=mine", cwd=tmp_path)
    wait_for(lambda: len([*(tmp_path / "killed").glob("runs/??/*.parquet")]) > 21)  # in the second look
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    outcome = run_process(*SWEEP, "results_dir=killed", "name=mine", cwd=tmp_path)
    assert outcome.status == 0, outcome.err
    assert look_lines(outcome) == LOOKS
    manifest = Store(tmp_path / "killed").read_manifest("mine")
    assert (manifest.run_ids, manifest.until) == (whole.run_ids, whole.until)


@pytest.mark.slow
def test_a_dry_run_tells_the_looks_and_the_most_runs(command, tmp_path):
    outcome = command(*SWEEP, "dry_run=true")
    assert outcome.status == 0
    assert "runs:  at most 36; at most 36 to train, 0 in the store" in outcome.out
    assert "looks: with 7, 9, 12 seeds; each trains only what is still open" in outcome.out
    assert look_lines(outcome) == []
    assert not list(tmp_path.iterdir())


def test_a_dry_run_of_a_stored_sweep_knows_its_looks(again):
    outcome = again("dry_run=true")
    assert "runs:  31; 0 to train, 31 in the store" in outcome.out
    assert look_lines(outcome) == LOOKS


@pytest.mark.slow
def test_failures_stop_a_sweep_that_goes_on_later(tmp_path):
    checkout = checkout_with(tmp_path / "checkout", OPTIMIZERS, ("Breaking",))

    def start(broken):
        keys = ("-m", *SERIAL, "optimizer=sgd,adam,breaking", *UNTIL, "max_failures=1", "name=mine")
        settings = {"PYTHONPATH": str(checkout), "BROKEN": broken}
        return run_process(*keys, cwd=tmp_path, env=os.environ | settings)

    outcome = start("yes")
    assert outcome.status == 1, outcome.err
    assert "stopped: max_failures=1 is reached, with 6 runs not trained yet" in outcome.err
    assert look_lines(outcome) == []
    outcome = start("")
    assert outcome.status == 0, outcome.err
    assert "21 runs, 7 to train, 14 in the store" in outcome.err
    assert len(look_lines(outcome)) == 3


OPTIMIZERS = '''
"""A rule that fails if BROKEN is set."""

import os
from dataclasses import dataclass, replace

from zdl_bench.optimizers.sgd import SGD


@dataclass(frozen=True)
class Breaking(SGD):
    def update(self, params, grad, state, step):
        if os.environ["BROKEN"]:
            raise RuntimeError("broken")
        super().update(params, grad, state, replace(step, lr=2 * step.lr))
'''


@pytest.mark.slow
def test_local_processes_look_as_one_process_does(command, tmp_path):
    outcome = run_process("-m", *NOISY, *SWEEP[len(SERIAL) + 1 :], "n_jobs=2", cwd=tmp_path)
    assert outcome.status == 0, outcome.err
    assert look_lines(outcome) == LOOKS


CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


@pytest.mark.slow
def test_a_dask_cluster_looks_as_one_process_does(command, tmp_path):
    pytest.importorskip("distributed", reason="Dask is not installed: pip install zdl-bench[dask]")
    (tmp_path / "cluster.py").write_text(CLUSTER)
    with subprocess.Popen(
        [sys.executable, "cluster.py"], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as cluster:
        address = cluster.stdout.readline().strip()
        executor = ("executor=dask", f"executor.address={address}")
        outcome = run_process("-m", *NOISY, *SWEEP[len(SERIAL) + 1 :], *executor, cwd=tmp_path)
        assert outcome.status == 0, outcome.err
        assert look_lines(outcome) == LOOKS
        assert len(stored(tmp_path)) == 31
        cluster.communicate("")


@pytest.mark.slow
def test_learning_rates_are_chosen_first_and_then_the_looks_begin(command):
    outcome = command(
        "-m", *SERIAL, "optimizer=sgd,momentum", "lr=1e-4,1e-3,1e-2", "tuning_seeds=range(100,103)", "seed=1", *UNTIL
    )
    assert outcome.status == 0, outcome.err
    lines = [line for line in outcome.err.splitlines() if line.startswith(("stage ", "look "))]
    assert lines[:2] == [
        "stage 1: 3 learning rates × 2 optimizers on 3 tuning seeds",
        "stage 2: sgd at lr 0.01, momentum at lr 0.01 on up to 12 seeds",
    ]
    assert lines[2].startswith("look 1 of 3, 7 seeds: momentum faster than sgd")
    assert len(lines) == 3
    runs = load_results("results").runs
    assert sorted(runs[runs["seed"] < 100].groupby(["optimizer", "lr"]).size().items()) == [
        (("momentum", 0.01), 7),
        (("sgd", 0.01), 7),
    ]
    assert record().first_seed == 1
    dry = command("-m", *SERIAL, "optimizer=sgd,momentum", "lr=1e-4,1e-3", "tuning_seeds=100", *UNTIL, "dry_run=true")
    assert "runs:  at most 28; at most 24 to train, 4 in the store" in dry.out
    assert "stage 2: the best learning rate of each on up to 12 seeds: at most 24 runs" in dry.out


@pytest.mark.slow
def test_where_every_learning_rate_diverges_there_is_nothing_to_look_at(command):
    outcome = command("-m", *SERIAL, "optimizer=sgd,momentum", "lr=1e6,1e7", "tuning_seeds=100,101", *UNTIL)
    assert outcome.status == 0, outcome.err
    assert "stage 2: no run" in outcome.err
    assert look_lines(outcome) == []
    assert Store("results").latest_manifest().finished


@pytest.mark.slow
def test_each_setting_has_its_pairs_and_all_are_one_family(command):
    outcome = command("-m", *SERIAL, "problem.condition_number=2,50", "optimizer=sgd,momentum,adam", *UNTIL)
    assert outcome.status == 0, outcome.err
    assert "problem.condition_number=2, momentum faster than sgd" in look_lines(outcome)[0]
    seeds = seeds_of("optimizer", "problem.condition_number")
    assert len(seeds["momentum", 2]) == 7
    assert {len(found) for found in seeds.values()} == {7, 12}


def test_equal_optimizers_are_equivalent_within_a_margin(command):
    alike = ("optimizer=sgd,adam", "until=decided", "max_seeds=16", "margin=1.5")
    outcome = command("-m", *SERIAL, *alike)
    assert outcome.status == 0, outcome.err
    assert "equivalent within a ratio of 1.5 (p " in look_lines(outcome)[-1]
    assert record().margin == 1.5


def test_deterministic_runs_are_compared_without_a_test(command):
    outcome = command("-m", "problem=bowl", "steps=20", *SERIAL[4:], "lr=0.1", "optimizer=sgd,momentum", *UNTIL)
    assert look_lines(outcome) == ["look 1 of 3, 7 seeds: momentum faster than sgd (exact)"], outcome.err


def test_where_no_run_has_a_value_no_seeds_are_added(command):
    outcome = command("-m", *SERIAL, "optimizer=sgd,momentum", "lr=1e9", *UNTIL)
    assert look_lines(outcome) == ["look 1 of 3, 7 seeds: sgd and momentum: no seed tells the two apart"]


WRONG = {
    "no maximum": (["until=decided"], "until=decided needs the largest number of seeds; give max_seeds=40"),
    "no end": (["max_seeds=40"], "max_seeds=40: this key needs until=decided; give both, or leave max_seeds out"),
    "a margin alone": (["margin=1.1"], "margin=1.1: this key needs until=decided"),
    "another end": (["until=tired", "max_seeds=40"], "until=tired: there is no such end; give until=decided or null"),
    "too few": (
        ["until=decided", "max_seeds=5"],
        "max_seeds=5: fewer than 6 seeds decide nothing; give a number from 6 to 200",
    ),
    "too few for a margin": (["until=decided", "max_seeds=6", "margin=1.1"], "max_seeds=6: fewer than 7 seeds decide nothing"),
    "too many": (["until=decided", "max_seeds=1000"], "give a number from 6 to 200"),
    "a fraction": (["until=decided", "max_seeds=8.5"], "max_seeds=8.5: until=decided needs the largest number"),
    "yes": (["until=decided", "max_seeds=true"], "until=decided needs the largest number"),
    "several": (["until=decided", "max_seeds=20,40"], "max_seeds=20,40: this key cannot have several values; give one value"),
    "no ratio": (["until=decided", "max_seeds=20", "margin=0.9"], "margin=0.9: a margin is a ratio above 1; give margin=1.05"),
    "an endless ratio": (["until=decided", "max_seeds=20", "margin=inf"], "a margin is a ratio above 1"),
    "words for a ratio": (["until=decided", "max_seeds=20", "margin=small"], "a margin is a ratio above 1"),
    "seeds": (
        ["until=decided", "max_seeds=20", "seed=range(0,10)"],
        "seed=range(0,10): until=decided finds the number of seeds itself; give only the first one, for example seed=0",
    ),
    "a word for a seed": (
        ["until=decided", "max_seeds=20", "seed=many"],
        "seed=many: Value 'many' of type 'str'",
    ),
    "tuning seeds among them": (
        ["until=decided", "max_seeds=20", "seed=90", "lr=0.1,0.2", "tuning_seeds=range(100,103)"],
        "seed=100: this is one of the tuning seeds",
    ),
    "several learning rates": (
        ["until=decided", "max_seeds=20", "lr=0.1,0.2"],
        "until=decided: no seed may both choose a learning rate and judge it; give one lr for each optimizer, or tuning_seeds",
    ),
    "one optimizer": (
        ["until=decided", "max_seeds=20", "optimizer=sgd"],
        "until=decided: there is only one optimizer, so nothing is compared; give several",
    ),
    "an experiment": (
        ["until=decided", "max_seeds=20", "experiment=day61"],
        "until=decided: an experiment has seeds of its own; leave out until or the experiment",
    ),
    "a foreign sweeper": (["until=decided", "max_seeds=20", "hydra/sweeper=basic"], "leave out the sweeper or until"),
    "a foreign launcher": (["until=decided", "max_seeds=20", "hydra/launcher=basic"], "needs zdl_bench's own launcher"),
    "an empty list": (["until=decided", "max_seeds=20", "lr=range(1,1)"], "a list or range is empty"),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", WRONG)
def test_wrong_words_are_one_clear_error(command, tmp_path, kind):
    arguments, words = WRONG[kind]
    optimizers = [] if any(one.startswith("optimizer=") for one in arguments) else ["optimizer=sgd,adam"]
    outcome = command("-m", *SERIAL, *optimizers, *arguments)
    assert outcome.status == 2
    assert outcome.err.startswith("error: ")
    assert words in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_one_run_decides_nothing(command, tmp_path):
    outcome = command(*SERIAL, *UNTIL)
    assert outcome.status == 2
    assert "until=decided: one run decides nothing; put -m before the keys" in outcome.err
    assert command(*SERIAL, "until=null").status == 0
    assert record() is None


@pytest.mark.slow
def test_the_name_tells_plans_apart(command):
    for plan in (UNTIL, ("until=decided", "max_seeds=13"), (*UNTIL, "margin=1.1"), ("seed=range(0,6)",)):
        assert command("-m", *SERIAL, "optimizer=sgd,momentum", *plan).status == 0
    assert len(Store("results").sweep_names()) == 4


def test_the_keys_are_in_the_help_and_completed(command, monkeypatch):
    assert "until: null  # decided: add seeds" in command("--help").out
    for line, word in (("zdl-bench -m unt", "until="), ("zdl-bench -m until=decided max_se", "max_seeds=")):
        monkeypatch.setenv("COMP_LINE", line)
        monkeypatch.setenv("COMP_POINT", str(len(line)))
        assert word in command("-sc", "query=bash").out
    assert Path.cwd()
