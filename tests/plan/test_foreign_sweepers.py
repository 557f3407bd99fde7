"""Hydra's own keys and plug-ins: what is open, what serves instead of the rest, and nothing in the working folder."""

import sys

import pytest

from zdl_bench import load_results
from zdl_bench.store.store import Store

BOWL = ("problem=bowl", "steps=5", "report=false", "executor=serial")
SEARCHING = '''
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from omegaconf import OmegaConf

class Searching(Sweeper):
    """Asks for one run after the other, and writes what it has found, as the sweeper of Optuna does."""

    def __init__(self, rounds):
        self.rounds = rounds

    def setup(self, *, hydra_context, task_function, config):
        self.config = config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments):
        losses = {}
        for place in range(self.rounds):
            lr = 0.1 * (place + 1)
            [returned] = self.launcher.launch([[*arguments, f"lr={lr}"]], initial_job_idx=place)
            losses[lr] = returned.return_value
        best = min(losses, key=losses.get)
        found = {"best_evaluated_params": {"lr": best}, "best_evaluated_result": losses[best]}
        OmegaConf.save(OmegaConf.create(found), f"{self.config.hydra.sweep.dir}/optimization_results.yaml")

node = {"_target_": f"{__name__}.Searching", "rounds": 3}
ConfigStore.instance().store(group="hydra/sweeper", name="searching", node=node, provider="searching")
'''


@pytest.fixture
def searching(tmp_path_factory, monkeypatch):
    """A sweeper of somebody else, installed beside Hydra."""
    from hydra.core.config_store import ConfigStore
    from hydra.core.plugins import Plugins
    from hydra.core.singleton import Singleton

    folder = tmp_path_factory.mktemp("plugins")
    (folder / "hydra_plugins").mkdir()
    (folder / "hydra_plugins" / "searching.py").write_text(SEARCHING)
    monkeypatch.syspath_prepend(str(folder))
    Singleton._instances.pop(Plugins, None)  # so that the next start looks for plug-ins again
    yield
    Singleton._instances.pop(Plugins, None)
    ConfigStore.instance().repo["hydra"]["sweeper"].pop("searching.yaml")
    sys.modules.pop("hydra_plugins.searching", None)


def test_a_foreign_sweeper_writes_nothing_into_the_working_folder(command, tmp_path, searching):
    outcome = command("-m", *BOWL, "hydra/sweeper=searching", "hydra.sweeper.rounds=2", "name=mine")
    assert outcome.status == 0, outcome.err
    assert [path.name for path in tmp_path.iterdir()] == ["results"]
    found = (tmp_path / "results/sweeps/mine/optimization_results.yaml").read_text()
    assert "lr: 0.2" in found, "kept with the sweep"
    assert sorted(load_results("results").runs["lr"]) == [0.1, 0.2]
    Store("results").replace_report("mine", {})
    assert (tmp_path / "results/sweeps/mine/optimization_results.yaml").is_file(), "a report leaves it"


def test_hydras_basic_sweeper_writes_nothing_into_the_working_folder(command, tmp_path):
    outcome = command("-m", *BOWL, "hydra/sweeper=basic", "hydra.sweeper.max_batch_size=1", "seed=1,2")
    assert outcome.status == 0, outcome.err
    assert [path.name for path in tmp_path.iterdir()] == ["results"]
    assert len(Store("results").latest_manifest().run_ids) == 2


INSTEAD = {
    "hydra/launcher=joblib": ["without a launcher of Hydra", "n_jobs=N", "executor=dask"],
    "hydra/launcher=submitit_slurm": ["without a launcher of Hydra", "executor=dask"],
    "hydra.launcher.n_jobs=2": ["without a launcher of Hydra", "n_jobs=N"],
    "+hydra.launcher={n_jobs:2}": ["without a launcher of Hydra"],
    "hydra.sweeper.params.lr=1,2": ["values of a sweep are given as keys", "-m lr=1e-3,1e-2"],
    "+hydra.sweeper.params.lr='1,2'": ["values of a sweep are given as keys", "-m lr=1e-3,1e-2"],
    "+hydra.sweeper.params={lr:5}": ["values of a sweep are given as keys"],
    "hydra.sweeper.n_trials=20": ["zdl_bench's own sweeper has no keys", "hydra/sweeper=NAME"],
    "hydra/sweeper=optuna": [
        "the package hydra-optuna-sweeper is not installed",
        "choose one of basic, zdl_bench",
        "lr=1e-3,1e-2",
    ],
    "hydra/sweeper=mine": ["no installed package has this sweeper", "choose one of basic, zdl_bench"],
}


@pytest.mark.parametrize("argument", INSTEAD)
def test_what_serves_instead_is_named(command, tmp_path, argument):
    outcome = command("-m", *BOWL, argument)
    assert outcome.status == 2
    assert argument in outcome.err
    for words in INSTEAD[argument]:
        assert words in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["basic", "zdl_bench"])
def test_launchers_that_work_are_open(command, name):
    assert command("-m", *BOWL, f"hydra/launcher={name}", "seed=1,2").status == 0
    assert sorted(load_results("results").runs["seed"]) == [1, 2]
