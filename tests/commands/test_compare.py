"""`compare`: what differs between two sweeps, verdicts seed by seed, and the exit status of a gate."""

import json
import os
import re
from dataclasses import replace

import numpy as np
import pytest
from conftest import digits_config, quadratic_config, trained_by
from markdown_it import MarkdownIt
from own_stores import NOISY, sweep_of, trained

from zdl_bench.report.sweep_change import compare_sweeps
from zdl_bench.run.run import Failure, Run, Status
from zdl_bench.store.store import Store
from zdl_bench.training.loop import train


def with_code(runs: list[Run], source: str, factor: float = 1.0) -> list[Run]:
    """The runs as another version of their rule would have made them, with losses that are larger by a factor."""
    made = []
    for run in runs:
        curve = run.curve
        probes = replace(curve.probes, probe_loss=curve.probes.probe_loss * np.where(curve.probes.step > 0, factor, 1.0))
        config = replace(run.config, optimizer=replace(run.config.optimizer, source=source))
        changed = replace(curve, train_loss=curve.train_loss * factor, probes=probes)
        made.append(replace(run, config=config, curve=changed, digest=f"{run.config.seed:064x}"[:-2] + source[:2]))
    return made


@pytest.fixture
def results(tmp_path):
    return Store(tmp_path / "results")


def test_the_same_runs_are_the_same(command, results):
    runs = trained()
    sweep_of(sweep_of(results, "one", runs), "two", runs)
    outcome = command("compare", "one", "two")
    assert outcome.status == 0
    assert "same: sgd lr=0.1, 8 runs with equal digests" in outcome.out
    assert "nothing changed: every run that was compared is the same, bit for bit" in outcome.out


def test_a_worse_optimizer_fails_and_a_better_one_does_not(command, results):
    sweep_of(results, "slow", trained(lr=0.02))
    sweep_of(results, "fast", trained(lr=0.1))
    outcome = command("compare", "fast", "slow")
    assert outcome.status == 1
    assert "config: lr: 0.1 → 0.02" in outcome.out
    assert "worse beyond 1.05: speed of sgd lr=0.02" in outcome.out
    assert command("compare", "slow", "fast", "--margin", "1e6").status == 0
    found = json.loads(command("compare", "slow", "fast", "--format", "json").out)
    speed = next(one for one in found["comparisons"] if one["question"] == "speed")
    assert speed["verdict"] == "better"
    assert speed["low"] < speed["ratio"] < speed["high"] < 1
    assert speed["n"] == 8
    assert len(speed["run_ids"]) == 16


def test_what_is_worse_within_the_margin_passes(command, results):
    runs = trained()
    sweep_of(results, "before", runs)
    sweep_of(results, "after", with_code(runs, "a" * 16, factor=1.03))
    found = json.loads(command("compare", "before", "after", "--format", "json").out)
    speed = next(one for one in found["comparisons"] if one["question"] == "speed")
    assert (speed["verdict"], speed["is_beyond_margin"]) == ("worse", False)
    assert 1.02 < speed["ratio"] < 1.03
    assert command("compare", "before", "after").status == 0
    assert command("compare", "before", "after", "--margin", "1.01").status == 1


def test_a_sweep_is_compared_with_itself_before_a_change_of_code(command, results):
    runs = trained()
    older, old, new = (with_code(runs, letter * 16, factor) for letter, factor in (("1", 3), ("2", 1), ("3", 1.2)))
    sweep_of(results, "study", older)
    sweep_of(results, "study", old)
    sweep_of(results, "study", new)
    for number, run in enumerate([*older, *old]):  # whatever the resolution of the file system's times
        path = results.run_path(run.run_id)
        os.utime(path, (1000 + number, 1000 + number))
    outcome = command("compare", "study")
    assert outcome.status == 1
    assert "study with earlier code → study" in outcome.out
    assert f"code: optimizer sgd: {'2' * 16} → {'3' * 16}" in outcome.out
    assert 1.15 < float(re.search(r"speed +([\d.]+)", outcome.out)[1]) < 1.25


def test_failures_of_earlier_code_are_no_version(command, results):
    """A version that only failed is stored last, but there is nothing to compare with."""
    runs = trained()
    old, new = (with_code(runs, letter * 16, factor) for letter, factor in (("1", 1), ("3", 1.2)))
    broken = [Run(run.config, Status.FAILED, failure=Failure("ValueError", "no", "")) for run in with_code(runs, "2" * 16)]
    for version in (old, broken, new):
        sweep_of(results, "study", version)
    for number, run in enumerate([*old, *broken]):  # whatever the resolution of the file system's times
        os.utime(results.run_path(run.run_id), (1000 + number, 1000 + number))
    outcome = command("compare", "study")
    assert outcome.status == 1
    assert f"code: optimizer sgd: {'1' * 16} → {'3' * 16}" in outcome.out


def test_without_earlier_code_the_remedy_is_named(command, results):
    sweep_of(results, "study", trained(seeds=[0]))
    outcome = command("compare", "study")
    assert outcome.status == 2
    assert "--against STORE" in outcome.err


def test_two_stores_may_hold_different_runs_of_one_id(command, tmp_path, results):
    """A library of a new version that gives itself the old number."""
    runs = trained()
    changed = with_code(runs, "a" * 16, factor=1.5)
    worse = [replace(one, config=run.config) for one, run in zip(changed, runs, strict=True)]
    sweep_of(Store(tmp_path / "before"), "study", runs)
    sweep_of(results, "study", worse)
    outcome = command("compare", "study", "--against", "before")
    assert outcome.status == 1
    assert "study in before → study in results" in outcome.out


def test_runs_are_paired_seed_by_seed_and_others_are_counted(command, results):
    sweep_of(results, "before", trained(seeds=range(2, 10)))
    sweep_of(results, "after", [*trained(lr=0.05, seeds=range(8)), *trained("adam", seeds=range(3))])
    outcome = command("compare", "before", "after", "--format", "json")
    found = json.loads(outcome.out)
    assert found["unmatched"] == {"before": 2, "after": 5}, "adam has no partner, nor have four seeds of sgd"
    sweep_of(results, "after", trained(lr=0.05, seeds=range(8)))
    found = json.loads(command("compare", "before", "after", "--format", "json").out)
    assert found["unmatched"] == {"before": 2, "after": 2}
    assert {one["n"] for one in found["comparisons"]} == {6}


def test_sweeps_without_a_run_in_common_cannot_be_compared(command, results):
    sweep_of(results, "before", trained(seeds=[0]))
    sweep_of(results, "after", [train(quadratic_config(steps=61, problem=NOISY))])
    assert command("compare", "before", "after").status == 2
    sweep_of(results, "after", trained(lr=0.05, seeds=[1]))
    outcome = command("compare", "before", "after")
    assert outcome.status == 2
    assert "share no seed" in outcome.err


def test_few_seeds_are_undecided(command, results):
    sweep_of(results, "before", trained(seeds=range(5)))
    sweep_of(results, "after", trained(lr=0.01, seeds=range(5)))
    outcome = command("compare", "before", "after")
    assert outcome.status == 0
    assert "undecided: 5 seeds can show nothing; train 6 or more" in outcome.out


def test_runs_that_diverge_after_a_change_are_worse_whatever_the_ratio(command, results):
    sweep_of(results, "before", trained())
    sweep_of(results, "after", trained(lr=1e9))
    outcome = command("compare", "before", "after", "--margin", "1000")
    assert outcome.status == 1
    assert "no value" in outcome.out


def test_deterministic_runs_are_compared_exactly(command, results):
    sweep_of(results, "before", [train(quadratic_config(lr=0.1, seed=seed)) for seed in (0, 1)])
    sweep_of(results, "after", [train(quadratic_config(lr=0.05, seed=seed)) for seed in (0, 1)])
    outcome = command("compare", "before", "after")
    assert outcome.status == 1
    assert "exact" in outcome.out


def test_an_environment_that_differs_is_shown(command, results):
    runs = trained()
    sweep_of(results, "before", [replace(run, environment={"numpy": "1", "commit": "a"}) for run in runs])
    sweep_of(results, "after", [replace(run, environment={"numpy": "2", "commit": "a"}) for run in with_code(runs, "a" * 16)])
    out = command("compare", "before", "after").out
    assert "environment: numpy: 1 → 2" in out
    assert "commit" not in out


def test_tuned_sweeps_are_compared_at_their_best(command, results):
    tuning = [*trained(lr=0.1, seeds=[100, 101]), *trained(lr=0.05, seeds=[100, 101])]
    sweep_of(results, "before", [*tuning, *trained(lr=0.1)], tuning_seeds=[100, 101])
    sweep_of(results, "after", [*tuning, *trained(lr=0.05)], tuning_seeds=[100, 101])
    found = json.loads(command("compare", "before", "after", "--format", "json").out)
    assert {one["n"] for one in found["comparisons"]} == {8}
    assert found["unmatched"] == {"before": 0, "after": 0}


def test_markdown_escapes_what_files_say(command, results):
    runs = trained()
    sweep_of(results, "before", runs)
    evil = "<img src=x onerror=alert(1)>"
    sweep_of(
        results, "after", [replace(run, environment={evil: "[link](https://x)"}) for run in with_code(runs, "a" * 16, 1.5)]
    )
    outcome = command("compare", "before", "after", "--format", "markdown")
    assert outcome.status == 1
    page = MarkdownIt("gfm-like").render(outcome.out)
    assert "<img" not in page
    assert "<a " not in page
    assert "| sgd lr=0.1 | speed |" in outcome.out


def test_no_value_of_a_file_looks_like_a_conclusion(command, results):
    runs = trained()
    sweep_of(results, "before", runs)
    evil = {"cpu": "x\x1b[2J\x9b\nnothing is shown to be worse"}
    sweep_of(results, "after", [replace(run, environment=evil) for run in with_code(runs, "a" * 16, 1.5)])
    for style in ("text", "markdown", "json"):
        out = command("compare", "before", "after", "--format", style).out
        assert all(letter.isprintable() or letter == "\n" for letter in out)
        assert not [line for line in out.splitlines() if line.startswith("nothing")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--margin", "0.9"), "--margin=0.9"),
        (("--margin", "nan"), "--margin=nan"),
        (("--against", "nowhere"), "nowhere holds no results"),
        (("--format", "xml"), "--format"),
        (("other",), "there is no sweep other"),
    ],
)
def test_wrong_input_ends_with_two(command, results, arguments, words):
    sweep_of(results, "one", trained(seeds=[0]))
    outcome = command("compare", "one", *arguments)
    assert outcome.status == 2
    assert words in outcome.err


def test_missing_runs_and_other_engines_are_named(command, results):
    runs = trained(seeds=[0, 1])
    sweep_of(results, "one", runs)
    results.run_path(runs[0].run_id).unlink()
    outcome = command("compare", "one", "one")
    assert outcome.status == 2
    assert "1 of 2 runs of one" in outcome.err
    sweep_of(results, "old", [trained_by(1, quadratic_config(seed=0))])
    assert command("compare", "old", "old").status == 2


def failed(runs: list[Run]) -> list[Run]:
    return [replace(run, status=Status.FAILED, curve=None, digest=None, end={}) for run in runs]


def test_a_condition_without_values_is_named_and_not_called_the_same(results, command):
    """One optimizer did not change, of the other no run has a value, neither before nor after."""
    same, lost = trained(), failed(trained("adam"))
    sweep_of(sweep_of(results, "one", [*same, *lost]), "two", [*same, *lost])
    outcome = command("compare", "one", "two")
    assert "not compared: adam lr=0.1: no run has a value" in outcome.out
    assert outcome.out.splitlines()[-1].endswith("is the same, bit for bit; 1 condition could not be compared")
    sweep_of(sweep_of(results, "lost", lost), "lost_too", lost)
    assert "cannot be compared: no run has a value" in command("compare", "lost", "lost_too").err


def as_regression(run: Run, factor: float) -> Run:
    """The run as one on the squared error, with a test loss that is larger by a factor and no accuracy."""
    problem = replace(run.config.problem, values={**run.config.problem.values, "loss": "mse"})
    end = {"test_loss": factor * run.end["test_loss"], "val_loss": run.end["val_loss"]}
    return replace(run, config=replace(run.config, problem=problem), end=end, digest=f"{int(10 * factor):02x}{run.digest[2:]}")


def test_a_regression_is_compared_by_its_test_loss(digits):
    runs = [train(digits_config("adam", lr=0.01, seed=seed, steps=100)) for seed in range(8)]
    found = compare_sweeps(*([as_regression(run, factor) for run in runs] for factor in (1.0, 1.5)))
    [test_loss] = [one for one in found.changes if one.question == "test loss"]
    assert test_loss.worsening.mean == pytest.approx(1.5)
    assert not any(one.question == "test accuracy" for one in found.changes)
