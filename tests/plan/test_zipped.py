"""Zipped grids: keys whose values are paired one to one, on the command line and in blocks of experiments."""

from pathlib import Path

import pytest
import yaml

from zdl_bench import load_results
from zdl_bench.errors import ConfigError
from zdl_bench.plan.overrides import read
from zdl_bench.plan.zipped import zipped_columns, zips_of
from zdl_bench.registry import conf_files

BOWL = ("problem=bowl", "steps=5", "executor=serial", "report=false")
PAIRS = ("optimizer=sgd,adam", "lr=0.1,0.001")


def conditions() -> set[tuple]:
    runs = load_results("results").runs
    return set(zip(runs["optimizer"], runs["lr"], runs["seed"], strict=True))


def columns_of(*arguments: str, zips: list, overriding: tuple[str, ...] = ()) -> list[list[tuple]]:
    lists = {reading.key: reading.settings for reading in map(read, arguments)}
    columns = zipped_columns(lists, zips_of(zips), overriding)
    return [[tuple(setting.value for setting in settings) for settings in column] for column in columns]


@pytest.mark.slow
@pytest.mark.parametrize("typed", ["zip=[optimizer,lr]", "zip=optimizer,lr", "zip=[[optimizer,lr]]", "zip=[lr,optimizer]"])
def test_zipped_keys_are_paired_and_the_others_combined(command, typed):
    outcome = command("-m", typed, *PAIRS, "seed=0,1", *BOWL)
    assert outcome.status == 0, outcome.err
    assert conditions() == {("sgd", 0.1, 0), ("sgd", 0.1, 1), ("adam", 0.001, 0), ("adam", 0.001, 1)}


@pytest.mark.slow
def test_a_zipped_run_is_the_run_of_a_single_command(command):
    assert command("-m", "zip=[optimizer,lr]", *PAIRS, *BOWL).status == 0
    zipped = set(load_results("results").runs["run_id"])
    assert command("optimizer=sgd", "lr=0.1", *BOWL).status == command("optimizer=adam", "lr=0.001", *BOWL).status == 0
    assert set(load_results("results").runs["run_id"]) == zipped


@pytest.mark.slow
def test_a_zipped_sweep_has_a_name_resumes_and_is_listed(command):
    pairs = ("-m", "zip=[optimizer,lr]", *PAIRS, *BOWL)
    assert "runs:  2; 2 to train" in command(*pairs, "dry_run=true").out
    assert command(*pairs).status == 0
    assert command("-m", *PAIRS, *BOWL).status == 0, "the product is another sweep"
    assert "all in the store, nothing to train" in command(*pairs).err
    assert "zip=[optimizer,lr]" in "".join(command("ls").out.split())
    assert len(list(Path("results/sweeps").iterdir())) == 2


def test_several_groups_are_zipped_and_combined_with_one_another():
    given = ("optimizer=sgd,adam", "steps=10,20,30", "lr=0.1,0.2", "probe.count=1,2,3", "seed=7")
    columns = columns_of(*given, zips=[["optimizer", "lr"], ["steps", "probe.count"]])
    assert columns == [[("sgd", 0.1), ("adam", 0.2)], [(10, 1), (20, 2), (30, 3)], [(7,)]]


WRONG = {
    "zip=[optimizer,lr] optimizer=sgd,adam lr=1,2,3": "zip=[optimizer,lr]: optimizer has 2 values and lr has 3 values",
    "zip=[optimizer,lr] optimizer=sgd,adam lr=1": "optimizer has 2 values and lr has 1 value;",
    "zip=[lr,seed,steps] lr=1,2 seed=1,2 steps=3,4,5": "lr has 2 values, seed has 2 values and steps has 3 values",
    "zip=[optimizer,lr] optimizer=sgd,adam": "zip: lr has no values here; give some",
    "zip=lr lr=1,2": "zip=['lr']: give two or more keys",
    "zip=[lr,2] lr=1,2": "give two or more keys",
    "zip={a:lr} lr=1,2": "give two or more keys",
    "zip=[[lr,steps],[lr,seed]] lr=1,2 seed=1,2 steps=3,4": "zip: lr stands there twice",
    "zip=[lr,steps] lr=1,2 steps=3,4 hydra/sweeper=basic": "another sweeper chooses its own runs; leave out the sweeper or zip",
    "zip=[optimizer,lr] optimizer=sgd,adam lr=1,2 tuning_seeds=[100]": "there is no learning rate to choose",
    "zip=[steps,seed] steps=3,4 seed=1,2 lr=1,2 tuning_seeds=[100]": "zip: seed cannot be paired",
    "zip=[optimizer,lr] optimizer=sgd,sgd lr=1,2 until=decided max_seeds=20": "give one lr for each optimizer",
}


@pytest.mark.slow
@pytest.mark.parametrize("typed", WRONG)
def test_what_cannot_be_paired_is_one_line_with_the_remedy(command, typed):
    given = typed.split()
    defaults = [word for word in BOWL if word.partition("=")[0] not in {one.partition("=")[0] for one in given}]
    outcome = command("-m", *given, *defaults)
    assert outcome.status == 2
    assert outcome.err.count("\n") == 1
    assert WRONG[typed] in outcome.err


def test_one_run_has_nothing_to_zip(command):
    outcome = command("zip=[optimizer,lr]", "optimizer=sgd", "lr=0.1", *BOWL)
    assert outcome.status == 2
    assert "zip: one run has no values to pair; put -m before the keys" in outcome.err


def test_seeds_are_added_to_optimizers_that_are_paired_with_their_learning_rates(command):
    outcome = command("-m", "zip=[optimizer,lr]", *PAIRS, "until=decided", "max_seeds=20", *BOWL)
    assert outcome.status == 0, outcome.err
    assert {(optimizer, lr) for optimizer, lr, _ in conditions()} == {("sgd", 0.1), ("adam", 0.001)}


@pytest.fixture
def experiment(command, monkeypatch, tmp_path):
    """Writes an experiment with one block and gives the command that runs it."""
    folder = tmp_path / "experiments"
    folder.mkdir()
    monkeypatch.setattr(conf_files, "EXPERIMENTS", folder)

    def run(*arguments: str, **block):
        block = {"optimizer": ["sgd", "adam"], "lr": [0.1, 0.001]} | block
        content = {"fixed": {"problem": "bowl", "steps": 5}, "blocks": [block], "evaluation_seeds": [1], "tuning_seeds": [100]}
        (folder / "mine.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        return command("experiment=mine", "executor=serial", "report=false", *arguments)

    return run


@pytest.mark.slow
@pytest.mark.parametrize("zipped", [["optimizer", "lr"], [["optimizer", "lr"]], "[optimizer,lr]", "optimizer,lr"], ids=str)
def test_a_block_is_zipped_as_the_command_line_is(experiment, zipped):
    assert experiment(zip=zipped).status == 0
    assert conditions() == {("sgd", 0.1, 1), ("adam", 0.001, 1)}


OVERRIDDEN = {
    "lr=0.2": {("sgd", 0.2, 1), ("adam", 0.2, 1)},
    "lr=0.2,0.3": {("sgd", 0.2, 1), ("adam", 0.3, 1)},
    "zip=null": {(optimizer, lr, 100) for optimizer in ("sgd", "adam") for lr in (0.1, 0.001)}  # tuned
    | {("sgd", 0.1, 1), ("adam", 0.1, 1)},
    "seed=3": {("sgd", 0.1, 3), ("adam", 0.001, 3)},
}


@pytest.mark.slow
@pytest.mark.parametrize("typed", OVERRIDDEN)
def test_the_command_line_overrides_a_zipped_block(experiment, typed):
    outcome = experiment(typed, zip=["optimizer", "lr"])
    assert outcome.status == 0, outcome.err
    assert conditions() == OVERRIDDEN[typed]


def test_the_command_line_zips_the_keys_of_a_block_so_that_nothing_is_tuned(experiment):
    assert experiment("zip=[optimizer,lr]").status == 0
    assert conditions() == {("sgd", 0.1, 1), ("adam", 0.001, 1)}


def test_a_block_whose_lists_differ_in_length_names_both(experiment):
    outcome = experiment(zip=["optimizer", "lr"], lr=[0.1, 0.2, 0.3])
    assert outcome.status == 2
    assert "optimizer has 2 values and lr has 3 values" in outcome.err


def test_groups_are_read_in_every_form():
    assert zips_of([None]) == zips_of([[]]) == zips_of(None) == ()
    assert zips_of([["a", "b"], ["c", "d"]]) == (("a", "b"), ("c", "d"))
    with pytest.raises(ConfigError, match="two or more keys"):
        zips_of("lr")
