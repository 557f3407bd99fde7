"""What a dry run says about the power of a sweep of which some runs are stored."""

from collections.abc import Callable

import pytest

from zdl_bench import cli, load_results
from zdl_bench.statistics.inference import ALPHA
from zdl_bench.statistics.seed_plan import Spread, ratio_text, smallest_ratio

NOISY = ("-m", "problem=quadratic", "problem.gradient_noise=0.05", "executor=serial", "report=false", "steps=30", "lr=0.05")


def power(outcome) -> list[str]:
    return [line.removeprefix("power: ") for line in outcome.out.splitlines() if line.startswith("power: ")]


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> str:
    """Return the store of a pilot: two optimizers, ten seeds."""
    folder = f"results_dir={tmp_path_factory.mktemp('pilot') / 'results'}"
    assert cli.main([*NOISY, "optimizer=sgd,momentum", "seed=range(0,10)", folder]) == 0
    return folder


@pytest.fixture
def plan(command, store) -> Callable[..., list[str]]:
    """Return a function that plans a sweep over the pilot's store and returns what it says about power."""
    return lambda *arguments: power(command(*NOISY, *arguments, store, "dry_run=true"))


def spread(store: str, first_seed: int = 0) -> Spread:
    runs = load_results(store.partition("=")[2]).runs.query(f"seed >= {first_seed}")
    speed = runs.pivot(index="seed", columns="optimizer", values="log_aulc")
    return Spread.of((speed["momentum"] - speed["sgd"]).to_numpy())


@pytest.mark.slow
@pytest.mark.parametrize("n", [10, 24])
def test_a_dry_run_says_which_ratio_the_planned_seeds_find(plan, store, n):
    ratio = ratio_text(smallest_ratio(n, spread(store), 0.9 * ALPHA))
    [line] = plan("optimizer=sgd,momentum", f"seed=range(0,{n})")
    assert line == f"momentum / sgd: {n} seeds find a ratio of {ratio} in speed in 80 % of cases, by the 10 in the store"


@pytest.mark.slow
def test_each_optimizer_of_several_is_compared_with_the_first_at_the_leaders_level(plan, store):
    ratio = ratio_text(smallest_ratio(25, spread(store, 5), 0.045))
    [line] = plan("optimizer=momentum,sgd,adam", "seed=range(5,30)")
    assert line == f"sgd / momentum: 25 seeds find a ratio of {ratio} in speed in 80 % of cases, by the 5 in the store"


@pytest.mark.slow
def test_settings_are_told_apart(plan):
    [line] = plan("optimizer=sgd,momentum", "dtype=float64,float32", "seed=range(0,12)")
    assert line.startswith("dtype=")
    assert ", momentum / sgd: 12 seeds find" in line


def test_too_few_seeds_cannot_decide(plan):
    [line] = plan("optimizer=sgd,momentum", "seed=range(0,4)")
    assert line == "momentum / sgd: 4 seeds cannot decide this, 6 are the fewest that can"


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("optimizer=sgd,momentum", "seed=range(20,30)"),  # nothing is stored
        ("optimizer=sgd", "seed=range(0,20)"),  # nothing to compare
        ("optimizer=sgd,adam", "seed=range(0,20)"),  # of one of them
    ],
)
def test_without_a_pilot_of_both_nothing_is_said(plan, arguments):
    assert plan(*arguments) == []


@pytest.mark.slow
def test_deterministic_runs_have_no_power(command):
    deterministic = ("-m", "problem=bowl", "executor=serial", "report=false", "optimizer=sgd,momentum", "steps=10")
    assert command(*deterministic, "seed=0,1").status == 0
    assert power(command(*deterministic, "seed=range(0,20)", "dry_run=true")) == []


@pytest.mark.slow
def test_learning_rates_chosen_on_the_judging_seeds_have_no_power(command, store):
    several = [*NOISY[:-1], "lr=0.05,0.1", "optimizer=sgd,momentum", "seed=range(0,20)"]
    assert power(command(*several, store, "dry_run=true")) == []
