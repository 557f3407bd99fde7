"""Names of sweeps and stores: those that are derived, those that are given, and the commands that are printed with them."""

import shlex
import shutil
from dataclasses import replace

import pytest
from conftest import quadratic_config
from own_images import copy_conf

from zdl_bench.api.execution import derive_experiment_name, derive_name
from zdl_bench.registry import conf_files
from zdl_bench.run.config import Choice
from zdl_bench.store import store
from zdl_bench.store.store import Store, is_new_name

BOWL = ("problem=bowl", "steps=5", "report=false", "executor=serial")
ODD = {
    "in Japanese": ["改良"],
    "one letter apart in Japanese": ["改良", "改善"],
    "three of 34 letters": ["a" * 34, "b" * 34, "c" * 34],
    "one of 200 letters": ["x" * 200],
    "many digits": ["1" * 80, "2" * 80],
    "digits that are not ASCII": ["１２３４", "٣٤"],
    "a hyphen first": ["--help", "-x"],
    "a dot first": [".hidden", ".."],
    "what a shell or a file system obeys": ["a/b", "$(x)", "a b", "ü\n", "*"],
    "none of a name's letters": ["–"],
}


def sweep_of(optimizers: list[str], seed: int = 0):
    return [replace(quadratic_config(seed=seed), optimizer=Choice(name)) for name in optimizers]


@pytest.mark.parametrize("kind", ODD)
def test_a_derived_name_is_valid_and_unique(kind):
    names = [
        derive_name(sweep_of(ODD[kind])),
        derive_name(sweep_of(ODD[kind], seed=1)),
        derive_name(sweep_of(ODD[kind][::-1], seed=2)),
    ]
    names += [derive_experiment_name(name) for name in ODD[kind]]
    names += [derive_experiment_name(name, sweep_of(["sgd"])) for name in ODD[kind]]
    assert all(is_new_name(name) for name in names)
    assert len({*names}) == len(names)


def test_names_that_were_valid_stay_as_they_are():
    assert derive_name(sweep_of(["sgd", "adam"])) == "sgd-adam-quadratic-" + derive_name(sweep_of(["sgd", "adam"]))[-8:]
    assert derive_name(sweep_of(["a", "b", "c", "d", "e"])).startswith("5-optimizers-quadratic-")
    longest = "x" * (91 - len("-quadratic"))
    assert derive_name(sweep_of([longest])).startswith(f"{longest}-quadratic-")
    assert derive_experiment_name("day64") == "day64"
    assert derive_experiment_name("day64", sweep_of(["sgd"])) == f"day64-{derive_name(sweep_of(['sgd']))[-8:]}"


@pytest.mark.slow
def test_an_optimizer_and_an_experiment_in_japanese(command, tmp_path_factory, monkeypatch):
    """Nobody is refused a name that nobody gave."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(conf_files.CONF, folder / "conf")
    shutil.copytree(conf_files.EXPERIMENTS, folder / "experiments")
    text = (folder / "conf/optimizer/sgd.yaml").read_text().replace("name: sgd", "name: 改良")
    (folder / "conf/optimizer/改良.yaml").write_text(text)
    (folder / "experiments/実験.yaml").write_text("blocks: [{problem: bowl, seed: [0, 1]}]")
    monkeypatch.setattr(conf_files, "CONF", folder / "conf")
    monkeypatch.setattr(conf_files, "EXPERIMENTS", folder / "experiments")
    for arguments in (["optimizer='改良'", BOWL[0]], ["experiment='実験'"], ["experiment='実験'", "lr=0.1"]):
        outcome = command(*arguments, *BOWL[1:])
        assert outcome.status == 0, outcome.err
    assert len(Store("results").sweep_names()) == 3
    assert all(is_new_name(name) for name in Store("results").sweep_names())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["--help", "-x", "-", "--", ".", "..", ".hidden", "", "a/b", "x" * 101, "改良"])
def test_a_name_that_no_command_could_take_is_refused(command, tmp_path, name):
    outcome = command(*BOWL, f"name='{name}'")
    assert outcome.status == 2
    assert f"name={name}: give a name of up to 100 letters" in outcome.err
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_sweep_of_an_older_store_can_still_be_named(command, monkeypatch):
    """Earlier versions took a hyphen first."""
    with monkeypatch.context() as earlier:
        earlier.setattr(store, "is_new_name", lambda name: True)
        assert command(*BOWL, "name=--help").status == 0
    assert command("verify", "--", "--help").status == 0
    assert command("verify").status == 0, "the latest, whatever its name"
    assert "--help" in command("ls").out


@pytest.mark.slow
@pytest.mark.parametrize(
    "folder", ["other", "-x", "--help", "a b", "x[a]", "=x", "~", "it's", "改良", "$HOME", "a;b", "#x", "."]
)
def test_the_next_command_does_what_it_says(command, folder):
    given = folder.replace("\\", "\\\\").replace("'", "\\'")
    outcome = command(*BOWL, f"results_dir='{given}'", "name=mine")
    assert outcome.status == 0, outcome.err
    [line] = [line for line in outcome.out.splitlines() if line.startswith("next:")]
    words = shlex.split(line.removeprefix("next:"))
    assert words[:3] == ["python", "-m", "zdl_bench"]
    outcome = command(*words[3:])
    assert outcome.status == 0, outcome.err
    assert "1 of 1" in outcome.out or "1 run" in outcome.out


@pytest.mark.slow
def test_a_store_without_a_name_is_refused(command, tmp_path):
    for arguments in (
        [*BOWL, "results_dir="],
        [*BOWL, "results_dir=''"],
        ["-m", *BOWL, "seed=1,2", "results_dir="],
        [*BOWL, "dry_run=true", "results_dir="],
        ["--cfg", "job", "results_dir="],
        ["report", "--results", ""],
        ["verify", "--results="],
        ["verify", "--reference", "--results", ""],
        ["ls", "--results", ""],
    ):
        outcome = command(*arguments)
        assert outcome.status == 2
        assert outcome.err.startswith("error: results_dir=: a store is a folder; name one")
    assert not list(tmp_path.iterdir())


def test_an_empty_name_of_a_sweep_is_not_the_latest(command):
    assert command(*BOWL).status == 0
    for name in ("report", "verify"):
        outcome = command(name, "")
        assert outcome.status == 2
        assert "name=: give a name" in outcome.err


TUNED = """
fixed: {problem: bowl, steps: 5}
tuning_seeds: [0]
evaluation_seeds: [10, 11]
blocks: [{optimizer: sgd, lr: [0.1, 0.2]}]
"""


@pytest.mark.slow
def test_sweeps_whose_runs_are_known_only_later_have_names_of_their_own(command, tmp_path, monkeypatch):
    """The first batch of both is the same: what is tried on the tuning seeds, or one job of a launcher."""
    (tmp_path / "tuned.yaml").write_text(TUNED)
    monkeypatch.setattr(conf_files, "EXPERIMENTS", tmp_path)
    launched = ("-m", "problem=bowl", "steps=5", "hydra/launcher=basic")
    for first, second in (
        (("experiment=tuned", "seed=900"), ("experiment=tuned", "seed=910")),
        ((*launched, "seed=1,2"), (*launched, "seed=1,3")),
    ):
        for arguments in (first, second, first):
            assert command(*arguments, "executor=serial", "report=false").status == 0
    assert len(list(tmp_path.glob("results/sweeps/*"))) == 4


def test_an_experiment_is_not_left_to_a_foreign_sweeper(command):
    outcome = command("-m", "experiment=day64", "hydra/sweeper=basic", "dry_run=true")
    assert outcome.status == 2
    assert "an experiment defines its own sweep" in outcome.err


@pytest.mark.slow
@pytest.mark.parametrize("multirun", [(), ("-m",)], ids=["a run", "a sweep"])
def test_a_name_in_other_letters_needs_no_quotes(command, tmp_path, monkeypatch, multirun):
    conf = copy_conf(tmp_path)
    monkeypatch.setattr(conf_files, "CONF", conf)
    (conf / "optimizer/最適.yaml").write_text("_target_: zdl_bench.optimizers.sgd.SGD\nname: 最適\ndefault_lr: 0.1\n")
    chosen = "optimizer=最適,sgd" if multirun else "optimizer=最適"
    assert command(*multirun, chosen, "problem=bowl", "steps=5", "executor=serial", "report=false").status == 0
