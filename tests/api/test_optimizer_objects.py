"""Optimizers as objects: those of the package stand for their YAMLs, those of a user are identified by their code."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from conftest import digits_config, part
from notebook_cells import CELL, defined_in_a_cell
from test_python_sweep import TINY

import zdl_bench as zb
from zdl_bench.api.optimizer_objects import NamedOptimizers
from zdl_bench.executors.part_delivery import require_named
from zdl_bench.optimizers.adam import Adam, AdamHat
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.registry.given_parts import given_parts
from zdl_bench.registry.object_code import code_of_class


def source_of(implementation: type) -> str | None:
    return code_of_class(implementation).source


def name_of(optimizer: object) -> object:
    with closing(NamedOptimizers()) as named:
        return named.names_of(optimizer)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("adam", "adam"),
        (Adam(), "adam"),
        (AdamHat(), "adam_articles"),
        (Adam(beta1=0.8), "adam(beta1=0.8)"),
        (["sgd", Adam(epsilon=1e-7)], ["sgd", "adam(epsilon=1e-07)"]),
        (None, None),
    ],
)
def test_an_object_of_the_package_stands_for_its_yaml(given, name):
    assert name_of(given) == name


@pytest.mark.slow
def test_a_run_of_an_object_has_the_id_of_the_command(small_sweep):
    results = zb.sweep(["sgd", Adam(beta1=0.8)], lr=0.01, **TINY)
    alone = small_sweep("-m", "optimizer=adam", "optimizer.beta1=0.8", "lr=0.01")
    assert "1 run, all in the store, nothing to train" in alone.err
    assert results.comparisons[0].runs["variant"].tolist() == ["SGD", "Adam"]
    assert results.manifest.command.startswith("zdl_bench.sweep(optimizer=['sgd', Adam(beta1=0.8, ")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*the best learning rate is the")
@pytest.mark.parametrize("grid", [{"lr": [0.01, 0.1]}, {"lr_grid": [1, 10], "max_extensions": 0}])
def test_objects_are_tuned_as_names_are(grid):
    """Whether an optimizer has a learning rate is known of an object with other values, too."""
    results = zb.sweep(["sgd", Adam(beta1=0.8)], tuning_seeds=[7, 8], **grid, **TINY)
    assert results.runs.groupby("optimizer")["lr"].nunique().to_dict() == {"adam": 2, "sgd": 2}


class Loose(Elementwise):
    @staticmethod
    def rule(w, g, *, lr):
        return w - lr * g


@dataclass(frozen=True)
class SGD(Loose):
    pass


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (Adam, r"optimizer=Adam: this is a class; give an object of it, such as Adam\(\)"),
        (Loose(), r"optimizer=Loose: write @dataclass\(frozen=True\) above this class"),
        (SGD(), "optimizer=SGD: another optimizer is named sgd, too; rename the class"),
        (Path(), "optimizer=PosixPath: give a name, or an object of a class below"),
        ([defined_in_a_cell()(), defined_in_a_cell()()], "another optimizer is named sign_sgd, too"),
    ],
)
def test_an_object_that_is_no_optimizer_of_the_contract_is_refused(given, words):
    with pytest.raises(zb.ConfigError, match=words):
        name_of(given)


@pytest.mark.slow
def test_a_class_of_a_notebook_has_the_same_bits_in_processes(tmp_path, monkeypatch, digits):
    monkeypatch.chdir(tmp_path)
    SignSGD = defined_in_a_cell()
    digests = []
    for executor in ("serial", "processes"):
        keys = TINY | {"executor": executor, "results_dir": executor}
        results = zb.sweep([SignSGD(), SignSGD(factor=2.0)], **keys)
        runs = results.runs
        assert runs["status"].tolist() == ["completed"] * 2
        assert runs["lr"].tolist() == [0.01, 0.01], "its default_lr"
        assert set(runs["optimizer.source"]) == {source_of(SignSGD)}
        digests.append(runs["digest"].tolist())
    assert digests[0] == digests[1]
    assert len({*digests[0]}) == 2
    assert zb.load_results("serial").findings()


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"lr_grid": [1, 3], "tuning_seeds": [7, 8]},
        {"lr_grid": [1, 3], "experiment": "sgd_suffices"},
        {"experiment": "plain"},
        {"experiment": "factors"},
    ],
)
def test_a_class_without_a_default_lr_is_refused_where_one_is_needed(tmp_path, monkeypatch, keys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own/experiment").mkdir(parents=True)
    about = "title: Mine\nsource: mine\ntuning_seeds: [100, 101]\nevaluation_seeds: [1, 2]\nblocks:\n  - problem: bowl\n"
    (tmp_path / "own/experiment/plain.yaml").write_text(about)
    (tmp_path / "own/experiment/factors.yaml").write_text(f"{about}    lr_grid: [1, 3]\n")
    without = defined_in_a_cell(CELL.replace("default_lr = 0.01", ""))()
    bowl = {"problem": "bowl", "executor": "serial", "steps": 5, "config_dir": "own"}
    with pytest.raises(zb.ConfigError, match="optimizer=sign_sgd: its class has no default_lr; give lr"):
        zb.sweep(["sgd", without], **bowl, **keys)
    assert not (tmp_path / "results").exists()


def test_a_class_without_a_default_lr_is_trained_with_a_given_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    without = defined_in_a_cell(CELL.replace("default_lr = 0.01", ""))()
    runs = zb.sweep(without, lr=[0.1, 0.2], problem="bowl", executor="serial", steps=5).runs
    assert runs["lr"].tolist() == [0.1, 0.2]
    assert runs["status"].tolist() == ["completed"] * 2


@pytest.mark.slow
def test_an_object_is_known_to_its_sweep_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bowl = {"problem": "bowl", "executor": "serial", "steps": 5}
    for cell in (CELL, CELL.replace("SCALE = 1.0", "SCALE = 2.0")):
        results = zb.sweep(defined_in_a_cell(cell)(), **bowl)
        assert results.runs["status"].tolist() == ["completed"]
        with pytest.raises(zb.ConfigError, match="optimizer=sign_sgd: there is no such optimizer"):
            zb.sweep("sign_sgd", **bowl)
        assert given_parts().parts == {}
        assert results.comparisons[0].runs["variant"].tolist() == ["sign_sgd"]
    assert len(zb.load_results().runs["optimizer.source"].unique()) == 2
    with pytest.raises(zb.ConfigError, match="lr=-1"):
        zb.sweep(defined_in_a_cell()(), lr=-1, **bowl)
    assert given_parts().parts == {}


def test_generators_and_arrays_are_read_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    optimizers, seeds = (one for one in ("sgd", Adam(beta1=0.8))), (seed for seed in (3, 4))
    results = zb.sweep(optimizers, lr=np.array(0.1), seed=seeds, problem="bowl", steps=5, executor="serial")
    assert len(results.runs) == 4
    assert results.manifest.command.startswith("zdl_bench.sweep(optimizer=['sgd', Adam(beta1=0.8, ")
    assert "lr=0.1, seed=[3, 4], problem='bowl'" in results.manifest.command


LOGGED = """
class Size:
    def __init__(self, x):
        self.x = x
    def __reduce__(self):
        return make_size, (self.x,)

def make_size(x):
    with open("loads.txt", "a") as log:
        log.write("x")
    return Size(x)

SIZE = Size(1.0)
"""


@pytest.mark.slow
def test_a_child_unpacks_an_object_once_for_all_of_its_runs(tmp_path, monkeypatch):
    """Otherwise each run would compile its rule anew."""
    monkeypatch.chdir(tmp_path)
    cell = CELL.replace("SCALE = 1.0", LOGGED).replace("* SCALE", "* SIZE.x")
    results = zb.sweep(defined_in_a_cell(cell)(), problem="bowl", seed=range(6), steps=5, executor="processes", n_jobs=1)
    assert results.runs["status"].tolist() == ["completed"] * 6
    assert (tmp_path / "loads.txt").read_text() == "x"


@pytest.mark.slow
def test_an_object_that_cannot_leave_the_process_is_refused_before_the_first_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    cell = CELL.replace("SCALE = 1.0", "SCALE = 1.0\nimport threading")
    stuck = defined_in_a_cell(cell.replace("default_lr =", "__lock__ = threading.Lock()\n    default_lr ="))
    with pytest.raises(zb.ExecutorError, match=r"optimizer=sign_sgd: this object cannot be sent to a process .*; use executor"):
        zb.sweep(stuck(), problem="bowl", steps=5, executor="processes")
    capsys.readouterr()
    zb.sweep(stuck(), problem="bowl", steps=5, executor="serial", dry_run=True)
    assert "time:  unknown" in capsys.readouterr().out, "an estimate needs processes, a serial sweep does not"


def test_an_object_does_not_travel_to_a_cluster():
    with closing(NamedOptimizers()) as named:
        named.names_of(defined_in_a_cell()())
        with pytest.raises(zb.ExecutorError, match="optimizer=sign_sgd: an object stays on this machine"):
            require_named([digits_config(part("optimizer", "sign_sgd"))])
        require_named([digits_config("adam")])
