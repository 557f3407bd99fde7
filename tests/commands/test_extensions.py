"""`lr_grid`, `tune` and `max_extensions`: real sweeps whose grids are relative, go on beyond an edge, and tune other keys."""

import re
from pathlib import Path

import pytest
import yaml
from conftest import run_process, start_process, stored

from zdl_bench import load_results
from zdl_bench.registry import conf_files
from zdl_bench.store.store import Store

QUADRATIC = ("problem=quadratic", "problem.gradient_noise=0.1", "steps=50", "executor=serial", "report=false")
TUNED = ("-m", *QUADRATIC, "optimizer=sgd,adam", "lr_grid=[0.3,1,3]", "seed=range(0,6)", "tuning_seeds=range(100,103)")


def runs(*sweep):
    return load_results("results", *sweep).runs


def stage_lines(outcome):
    return [line for line in (outcome.out + outcome.err).splitlines() if line.startswith("stage ")]


def best_by_mean(found, keys):
    return found[found["seed"] >= 100].groupby(keys)["tail_loss"].mean()


@pytest.mark.slow
def test_a_grid_of_factors_is_the_grid_that_a_person_would_type(command):
    assert command("-m", *QUADRATIC, "optimizer=sgd,adam", "lr_grid=[0.1,9]").status == 0
    relative = Store("results").latest_manifest()
    assert {*runs()["lr"]} == {0.0001, 0.009}
    typed = command("-m", *QUADRATIC, "optimizer=sgd,adam", "lr=0.0001,0.009")
    assert "all in the store, nothing to train" in typed.err
    assert Store("results").latest_manifest().name == relative.name
    assert Store("results").latest_manifest().run_ids == relative.run_ids


@pytest.mark.slow
def test_each_grid_goes_on_until_its_best_lies_inside(command):
    outcome = command(*TUNED, "max_extensions=8")
    assert outcome.status == 0, outcome.err
    found = runs()
    means = best_by_mean(found, ["optimizer", "lr"])
    for optimizer, lrs in means.groupby("optimizer"):
        tried = [lr for _, lr in lrs.index]
        best = lrs.idxmin()[1]
        assert tried[0] == 0.0003
        assert len(tried) > 3
        assert best not in (tried[0], tried[-1])
        assert {*found[(found["seed"] < 100) & (found["optimizer"] == optimizer)]["lr"]} == {best}
    assert set(found.groupby(["optimizer", "lr", found["seed"] < 100]).size()) == {3, 6}
    lines = stage_lines(outcome)
    assert lines[0] == (
        "stage 1: 3 learning rates × 2 optimizers on 3 tuning seeds; where the best lies at an edge, the grid goes on, "
        "at most 48 further runs"
    )
    assert lines[1] == "stage 2: sgd at lr 0.01, adam at lr 0.01, beyond the edge of their grids, on 3 tuning seeds"
    assert lines[-1].endswith("on 6 seeds")
    assert "the best learning rate is the" not in outcome.err
    assert len(Store("results").latest_manifest().run_ids) == len(found)


@pytest.mark.slow
def test_a_grid_ends_where_the_limit_is_reached_and_says_so(command):
    outcome = command(*TUNED, "max_extensions=1")
    assert {*runs()["lr"]} == {0.0003, 0.001, 0.003, 0.01}
    assert "sgd, adam: the best learning rate is the largest that was tried; a better one may be larger" in outcome.err
    assert len(stage_lines(outcome)) == 3


@pytest.mark.slow
def test_plain_learning_rates_go_on_only_if_asked(command):
    plain = ("-m", *QUADRATIC, "lr=0.001,0.002", "seed=1", "tuning_seeds=100")
    assert len(stage_lines(command(*plain))) == 2
    assert len(stage_lines(command(*plain, "max_extensions=2"))) == 4
    assert {*runs()["lr"]} == {0.001, 0.002, 0.004, 0.008}


@pytest.mark.slow
def test_a_dry_run_says_that_it_may_go_on_and_knows_what_is_stored(command, tmp_path):
    outcome = command(*TUNED, "dry_run=true")
    assert list(tmp_path.iterdir()) == []
    assert "runs:  30; 30 to train" in outcome.out
    assert "where the best lies at an edge, the grid goes on, at most 18 further runs: 18 runs" in outcome.out
    assert command(*TUNED).status == 0
    again = command(*TUNED, "dry_run=true")
    assert f"runs:  {len(runs())}; 0 to train" in again.out


@pytest.mark.slow
def test_the_same_command_goes_on_and_makes_nothing_twice(command):
    first = command(*TUNED)
    again = command(*TUNED)
    assert again.out == first.out
    assert stage_lines(again) == stage_lines(first)
    assert "0 in the store" not in again.err
    assert len(Store("results").sweep_names()) == 1


@pytest.mark.slow
def test_seeds_are_added_at_the_learning_rate_beyond_the_edge(command):
    keys = ("-m", *QUADRATIC, "optimizer=sgd,adam", "lr_grid=[1,10]", "tuning_seeds=range(100,103)")
    outcome = command(*keys, "until=decided", "max_seeds=12")
    assert outcome.status == 0, outcome.err
    assert stage_lines(outcome)[1].startswith("stage 2: sgd at lr 0.1, adam at lr 0.1, beyond the edge")
    found = runs()
    assert found[found["seed"] < 100].groupby("optimizer")["lr"].nunique().max() == 1
    assert "look 1 of 3, 7 seeds: sgd faster than adam" in outcome.err


EXPERIMENT = {
    "fixed": {"problem": "quadratic", "problem.gradient_noise": 0.1, "steps": 50},
    "tuning_seeds": "range(100,103)",
    "evaluation_seeds": "range(0,6)",
    "tune": ["optimizer.beta1"],
    "blocks": [
        {"optimizer": "sgd", "lr_grid": [10, 30]},
        {"optimizer": "adam", "lr_grid": [10, 30], "optimizer.beta1": [0.5, 0.9]},
    ],
}


@pytest.fixture
def experiment(command, monkeypatch, tmp_path):
    folder = tmp_path / "experiments"
    folder.mkdir()
    monkeypatch.setattr(conf_files, "EXPERIMENTS", folder)

    def run(*arguments, **changes):
        (folder / "mine.yaml").write_text(yaml.safe_dump(EXPERIMENT | changes))
        return command("-m", "experiment=mine", "executor=serial", *arguments)

    return run


@pytest.mark.slow
def test_an_experiment_tunes_another_key_with_the_learning_rate(experiment):
    outcome = experiment("report=false")
    assert outcome.status == 0, outcome.err
    found = runs("mine")
    adam = found[found["optimizer"] == "adam"]
    lr, beta1 = best_by_mean(adam, ["lr", "optimizer.beta1"]).idxmin()
    judged = adam[adam["seed"] < 100]
    assert (set(judged["lr"]), set(judged["optimizer.beta1"]), len(judged)) == ({lr}, {beta1}, 6)
    assert "1 learning rate" not in stage_lines(outcome)[0]
    assert f"adam at lr {lr:g} optimizer.beta1={beta1:g}" in stage_lines(outcome)[-1]


@pytest.mark.slow
def test_the_command_line_replaces_the_grid_of_an_experiment(experiment):
    assert experiment("report=false", "lr_grid=[1,3]", "max_extensions=0", "tune=[]").status == 0
    assert {*runs()["lr"]} == {0.001, 0.003}
    assert runs().query("seed < 100").groupby(["optimizer", "optimizer.beta1"]).ngroups == 2, "each value is tuned on its own"
    assert experiment("report=false", "tuning_seeds=[]", "name=untuned").status == 0
    assert {*runs("untuned")["seed"]} == {*range(6)}
    assert experiment("report=false", "lr=0.5", "name=one").status == 0
    assert {*runs("one")["lr"]} == {0.5}


WRONG = {
    "lr, too": (["lr_grid=[1,3]", "lr=0.1"], "lr_grid=[1,3]: lr is given, too; leave out one of the two"),
    "no factor": (["lr_grid=[1,a]"], "a is not a factor; give factors above 0"),
    "an empty grid": (["lr_grid=[]"], "lr_grid=[]: the list is empty"),
    "paired": (
        ["lr_grid=[1,3]", "zip=[optimizer,seed]", "optimizer=sgd,adam", "seed=1,2"],
        "zip: optimizer is paired, but lr_grid",
    ),
    "no seeds": (["tune=[optimizer.beta1]", "optimizer=adam"], "tune: nothing is chosen without tuning seeds"),
    "no values": (
        ["tune=optimizer.beta1", "tuning_seeds=100", "lr=0.1,1"],
        "tune: optimizer.beta1 has no values to choose from",
    ),
    "another setting": (["tune=[steps]", "tuning_seeds=100"], "steps cannot be tuned; give lr, or keys of the optimizer"),
    "no number": (["max_extensions=some"], "max_extensions=some: give a number from 0 to 20"),
    "too many": (["max_extensions=21", "tuning_seeds=100"], "max_extensions=21: give a number from 0 to 20, or null"),
    "a foreign sweeper": (["lr_grid=[1,3]", "hydra/sweeper=basic"], "leave out the sweeper or lr_grid"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_grid_is_one_clear_error(command, tmp_path, kind):
    arguments, words = WRONG[kind]
    outcome = command("-m", *QUADRATIC, *arguments)
    assert outcome.status == 2
    assert words in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_one_run_has_no_grid(command):
    assert "lr_grid: one run has nothing to choose; put -m before the keys" in command("lr_grid=[1,3]").err


# A real process that is killed.


@pytest.mark.slow
def test_a_sweep_that_is_killed_while_a_grid_goes_on_continues_there(tmp_path):
    words = (word for word in TUNED if word not in ("steps=50", "executor=serial"))
    sweep = (*words, "steps=500", "n_jobs=2", "name=mine")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        folder.mkdir()
    undisturbed = run_process(*sweep, cwd=whole)
    assert undisturbed.status == 0, undisturbed.err
    process = start_process(*sweep, cwd=killed)
    assert any(line.startswith("stage 2:") for line in process.stderr), "the sweep ended before its grids went on"
    process.kill()
    process.communicate(timeout=60)
    kept = len(stored(killed))
    assert 18 <= kept < len(stored(whole))
    outcome = run_process(*sweep, cwd=killed)
    assert outcome.status == 0, outcome.err
    assert sum(int(count) for count in re.findall(r"(\d+) to train", outcome.err)) == len(stored(whole)) - kept
    assert stage_lines(outcome) == stage_lines(undisturbed)
    digests = [load_results(folder / "results").runs.set_index("run_id")["digest"] for folder in (whole, killed)]
    assert digests[0].equals(digests[1])
    assert Path(killed / "results/sweeps/mine/sweep.json").is_file()
    assert Store(killed / "results").read_manifest("mine").finished
