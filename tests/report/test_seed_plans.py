"""Planned seeds in words: what a comparison can find, what it needs, what that costs, and a command that trains it."""

import math
import re
import shlex
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from zdl_bench import load_results
from zdl_bench.language import speaking
from zdl_bench.registry.languages import language_named
from zdl_bench.report.comparison import comparisons
from zdl_bench.report.more_seeds import MoreSeeds, seeds_text
from zdl_bench.report.standings import SPEED, Question, Standings
from zdl_bench.report.words.seed_plans import seed_plan_lines
from zdl_bench.statistics.claim_part import View
from zdl_bench.statistics.finding import Effect, Finding
from zdl_bench.statistics.inference import ALPHA
from zdl_bench.statistics.seed_plan import Spread, ratio_text, seeds_for, smallest_ratio
from zdl_bench.store.store import Store

NOISY = (
    "problem=quadratic", "problem.gradient_noise=0.05", "optimizer=sgd,momentum", "lr=0.05",
    "executor=serial", "report=false", "steps=30",
)  # fmt: skip


def sweep_of(command, *arguments: str) -> tuple[Finding, MoreSeeds]:
    """Return the finding on momentum against sgd of a sweep with these arguments, and what more of its seeds cost."""
    assert command(*arguments).status == 0
    manifest = Store("results").latest_manifest()
    compared = comparisons(load_results("results", manifest.name))
    [standing] = [standing for question, standing in Standings(compared[0]).at_best if question == SPEED]
    return standing.measures[0].pairs["Momentum", "SGD"], MoreSeeds.of(manifest.command, compared)


@pytest.mark.slow
def test_an_undecided_comparison_is_told_its_seeds_and_a_command_that_trains_them(command):
    finding, more = sweep_of(command, "-m", *NOISY, "seed=range(0,8)")
    spread = Spread.of(np.array(finding.differences))
    needs = {ratio: seeds_for(ratio, spread, ALPHA) for ratio in (1.05, 1.1, 1.2)}
    line, told = seed_plan_lines(SPEED, finding, ALPHA, more)
    assert line.startswith(f"8 seeds find a ratio of {ratio_text(smallest_ratio(8, spread, ALPHA))} in 80 % of cases; ")
    for ratio, n in needs.items():
        runs = f"+{2 * (n - 8)} runs, under 0.1 core-minutes of training"
        assert f"{ratio:g} needs {n} seeds" + (f" ({runs})" if n > 8 else "") in line
    n = min(n for n in needs.values() if n > 8)
    seeds, _, retyped = told.partition(": ")
    assert seeds == f"{n} seeds"
    assert retyped == f"seed=range(0,{n})"
    outcome = command(*shlex.split(more.command_for(n))[3:])
    assert f"{2 * n} runs, {2 * (n - 8)} to train, 16 in the store" in outcome.err


@pytest.mark.slow
def test_few_seeds_are_told_the_fewest(command):
    finding, more = sweep_of(command, "-m", *NOISY, "seed=3,5")
    line, told = seed_plan_lines(SPEED, finding, ALPHA, more)
    assert line.startswith("2 seeds cannot decide this, 6 are the fewest that can; 1.05 needs ")
    assert re.search(r" seed=3,range\(5,\d+\)$", told)
    finding, more = sweep_of(command, "-m", *NOISY)
    line, told = seed_plan_lines(SPEED, finding, ALPHA, more)
    assert line == "1 seed cannot decide this, 6 are the fewest that can"
    assert told == "6 seeds: seed=range(0,6)"
    assert more.command_for(6) == shlex.join(["python", "-m", "zdl_bench", "-m", *NOISY, "seed=range(0,6)"])
    assert seed_plan_lines(SPEED, finding, ALPHA / 10, more)[0].startswith("1 seed cannot decide this, 9 are")


def finding_of(*differences: float) -> Finding:
    values = np.array(differences)
    found = values[np.isfinite(values)]
    return Finding(View.BEST_LR, len(values), len(found), len(values), Effect.of(found, "difference"), differences=differences)


MORE = MoreSeeds("python -m zdl_bench -m x=1", tuple(range(10)), (), pd.DataFrame({"runs": [10, 10], "seconds": [2.0, 4.0]}))


def test_what_many_seeds_find_needs_no_more():
    rng = np.random.default_rng(0)
    [line] = seed_plan_lines(SPEED, finding_of(*rng.normal(0, 0.01, 10)), ALPHA, MORE)
    assert re.fullmatch(
        r"10 seeds find a ratio of 1\.0\d+ in 80 % of cases; 1\.05 needs 6 seeds, 1\.1 needs 6 seeds, 1\.2 needs 6 seeds", line
    )


def test_more_seeds_than_anyone_trains_have_no_command():
    [line] = seed_plan_lines(SPEED, finding_of(*np.random.default_rng(0).normal(0, 20, 10)), ALPHA, MORE)
    assert line.endswith("1.2 needs more than 1,000 seeds")


@pytest.mark.parametrize(
    ("code", "start"),
    [
        ("en", "no ratio is so large that 10 seeds find it in 80 % of cases; "),
        ("ja", "10 シードで 80 % の確率で検出できる比はありません"),
        ("de", "kein Verhältnis ist so groß, dass 10 Startwerte es in 80 % der Fälle finden; "),
    ],
)
def test_where_no_ratio_would_be_found_it_is_said(code, start):
    finding = finding_of(*np.random.default_rng(0).normal(0, 1000, 10))
    with speaking(language_named(code)):
        [line] = seed_plan_lines(SPEED, finding, ALPHA, MORE)
    assert line.startswith(start)


@pytest.mark.parametrize("differences", [(0.1,) * 10])
def test_equal_differences_plan_nothing(differences):
    assert seed_plan_lines(SPEED, finding_of(*differences), ALPHA, MORE) == []


def test_wins_plan_nothing():
    [line] = seed_plan_lines(SPEED, finding_of(0.1, 0.2, math.nan), ALPHA, MORE)
    assert line == "no seeds are planned, because some runs have no value and wins decide"


def test_plain_differences_and_exact_runs_plan_nothing():
    plain = Question("tail_loss", "", "", "lower", "")
    assert seed_plan_lines(plain, finding_of(0.1, 0.2), ALPHA, MORE) == []
    assert seed_plan_lines(SPEED, replace(finding_of(0.1, 0.2), is_exact=True), ALPHA, MORE) == []
    assert seed_plan_lines(SPEED, Finding(finding_of(0.1).view, reason="no runs"), ALPHA, MORE) == []


def test_the_cost_is_that_of_each_condition():
    assert MORE.cost_text(40) == "+60 runs, about 3.0 core-minutes of training"
    assert MORE.cost_text(1000) == "+1980 runs, about 99 core-minutes of training"
    assert MORE.cost_text(5) == "+0 runs, under 0.1 core-minutes of training"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("python -m zdl_bench -m optimizer=sgd,adam 'seed=range(0,10)' lr=1", "-m optimizer=sgd,adam 'seed=range(0,12)' lr=1"),
        ("python -m zdl_bench -m optimizer=sgd,adam seed=0,1,2", "-m optimizer=sgd,adam 'seed=range(0,12)'"),
        ("python -m zdl_bench --multirun optimizer=sgd ++seed=1", "--multirun optimizer=sgd 'seed=range(0,12)'"),
        ("python -m zdl_bench experiment=noise", "experiment=noise 'seed=range(0,12)'"),
        ("python -m zdl_bench optimizer=sgd", "-m optimizer=sgd 'seed=range(0,12)'"),
        ("python -m zdl_bench -m force=true name='a b'", "-m 'name=a b' 'seed=range(0,12)'"),
    ],
)
def test_the_seeds_are_replaced_in_any_command(command, expected):
    assert replace(MORE, command=command).command_for(12) == f"python -m zdl_bench {expected}"


@pytest.mark.parametrize("command", ["python 'open", "python -m zdl_bench -m hydra/sweeper=optuna", "zdl +hydra/sweeper=ax"])
def test_a_command_to_which_seeds_cannot_be_given(command):
    assert replace(MORE, command=command).command_for(12) == ""


def test_a_sweep_that_judges_on_no_seed_has_no_command():
    assert replace(MORE, seeds=()).command_for(12) == ""


def test_new_seeds_are_neither_used_nor_reserved():
    assert (
        replace(MORE, seeds=(97, 98, 99), reserved=(100, 101, 102))
        .command_for(6)
        .endswith("'seed=range(97,100),range(103,106)'")
    )
    assert replace(MORE, seeds=(4, 2**63 - 1)).command_for(4).endswith(f" seed=0,1,4,{2**63 - 1}")


def test_seeds_as_text():
    assert seeds_text([1]) == "1"
    assert seeds_text([1, 2, 5, 7, 8, 9]) == "1,2,5,range(7,10)"
