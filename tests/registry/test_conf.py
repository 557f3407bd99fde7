"""Every YAML of conf/ and experiments/ composes and runs for a few steps; adding one needs nothing but its file."""

import pytest
from conftest import SMALL

from zdl_bench import load_results
from zdl_bench.registry import conf_files

EXPERIMENTS = conf_files.experiment_names()
FAST = {"sgd", "schedule_free_adamw", "prodigy", "mlp", "autoencoder", "noisy_quadratic", "rosenbrock"}
"""Optimizers and problems that README's test command runs, too."""
FEWER = {"study": ["optimizer=adam,sgd,prodigy"]}
"""What makes an experiment small if fewer steps and seeds do not."""


@pytest.mark.parametrize("name", conf_files.native_names("schedule"))
def test_schedules_compose_and_run(small_sweep, name):
    _compose_and_run(small_sweep, "schedule", name)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in FAST else pytest.mark.slow) for name in conf_files.native_names("optimizer")],
)
def test_optimizers_compose_and_run(small_sweep, name):
    _compose_and_run(small_sweep, "optimizer", name)


def _compose_and_run(small_sweep, group, name):
    outcome = small_sweep(f"{group}={name}")
    assert outcome.status == 0, outcome.err
    row = load_results("results").runs.iloc[0]
    assert row[group] == name
    assert row["status"] == "completed"


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in FAST else pytest.mark.slow) for name in conf_files.names("problem")]
)
def test_problems_compose_and_run(command, digits, name):
    outcome = command(f"problem={name}", "dataset=digits", "steps=5", "report=false", "executor=serial")
    assert outcome.status == 0, outcome.err
    assert load_results("results").runs.iloc[0]["problem"] == name


@pytest.mark.parametrize("name", ["processes", "serial"])  # dask: tests/executors/test_dask.py
def test_executors_compose_and_run(command, digits, name):
    outcome = command(f"executor={name}", "dataset=digits", "steps=5", "report=false", "n_jobs=1", *SMALL)
    assert outcome.status == 0, outcome.err


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_experiments_run_small(command, digits, name):
    """Fewer steps and seeds, and the digits; with its report and a verdict for each claim."""
    overrides = ["dataset=digits", "steps=6", "seed=0,1", "executor=serial", "probe.count=6", "probe.images=50", "name=small"]
    overrides += FEWER.get(name, [])
    outcome = command(f"experiment={name}", *overrides)
    assert outcome.status == 0, outcome.err
    assert set(load_results("results").runs["status"]) <= {"completed", "diverged"}
    for claim in conf_files.load_experiment(name).get("claims", []):
        assert f"claim {claim['id']}: " in outcome.out


@pytest.mark.parametrize("group", ["optimizer", "problem", "dataset", "schedule", "executor"])
def test_a_yaml_has_the_name_of_its_file_and_real_numbers(group):
    for name in conf_files.names(group):
        yaml = conf_files.load_yaml(group, name)
        assert yaml["name"] == name
        for key, value in yaml.items():
            assert not (isinstance(value, str) and value[:1].isdigit()), f"{group}/{name}.yaml: {key} is no number to YAML"


@pytest.mark.parametrize("name", conf_files.native_names("optimizer"))
def test_an_optimizer_has_a_default_lr_and_a_family(name):
    yaml = conf_files.load_yaml("optimizer", name)
    assert yaml["default_lr"] is None or yaml["default_lr"] > 0
    assert yaml["family"]


def test_styles_are_distinct():
    yamls = [conf_files.load_yaml("optimizer", name) for name in conf_files.native_names("optimizer")]
    looks = [tuple(yaml["style"].values()) for yaml in yamls if "style" in yaml]
    assert len(set(looks)) == len(looks) >= 7


def test_mnist_composes_and_runs(command, mnist):
    outcome = command("dataset=mnist", "steps=5", "report=false", "executor=serial", *SMALL)
    assert outcome.status == 0, outcome.err
    assert load_results("results").runs.iloc[0]["dataset"] == "mnist"
