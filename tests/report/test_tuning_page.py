"""What the page says of tuning: costs, the alarm, the figure and the table; and the commands of docs/tuning.md."""

import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import quadratic_config
from readme import ROOT

from zdl_bench import load_results
from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.figures import tuning_budget
from zdl_bench.report.figures.style import house_style
from zdl_bench.report.standings import Standings
from zdl_bench.report.tables.tuning import tuning_table
from zdl_bench.report.words.tuning import about_tuning, concerns_about
from zdl_bench.statistics.tuning_budget import TuningCost, tuning_costs
from zdl_bench.training.loop import train

PAGE = (ROOT / "docs/tuning.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"<!-- run -->\n```\n(.*?)\n```", PAGE)
TUNING = (100, 101, 102)


def cost(losses: dict[float, list[float]], variant="SGD", evaluations=100.0) -> TuningCost:
    rows = [(lr, seed, loss) for lr, seeds in losses.items() for seed, loss in enumerate(seeds)]
    frame = pd.DataFrame(rows, columns=["lr", "seed", "tail_loss"])
    [found] = tuning_costs(frame.assign(variant=variant, start_loss=9.0, evaluations=evaluations, steps=evaluations))
    return found


SURE = {0.1: [2.0, 2.1, 2.0], 1.0: [1.99, 1.98, 1.97], 10.0: [2.0, 2.0, 2.0]}


def test_a_sound_tuning_raises_no_concern():
    assert concerns_about(cost(SURE), None) == []
    assert concerns_about(cost(SURE), cost(SURE, "Adam")) == []
    assert concerns_about(cost({np.nan: [1.0, 1.0, 1.0]}), None) == []


CONCERNS = {
    "edge": (cost({1.0: [2.0, 2.0], 10.0: [1.95, 1.95]}), None, "its best learning rate, 10, is the largest that was tried"),
    "other edge": (
        cost({1.0: [1.95, 1.95], 10.0: [2.0, 2.0]}),
        None,
        "its best learning rate, 1, is the smallest that",
    ),
    "budget": (cost(SURE), cost(SURE, "SAM", 200.0), "its tuning had 900 gradient evaluations, and SAM, which is ahead, 1,800"),
    "falls": (cost(SURE | {1.0: [1.0, 1.0, 1.0]}), None, "its last trial still lowered its expected loss, by a factor of 1.33"),
    "noise": (cost(SURE | {10.0: [1.9, 2.0, 2.05]}), None, "another value is within noise: lr 1 is chosen in "),
    "nothing": (
        cost({1.0: [np.nan, 1.0], 10.0: [1.0, np.nan]}),
        None,
        "no value that was tried has a loss on all",
    ),
}


@pytest.mark.parametrize("kind", CONCERNS)
def test_each_sign_of_an_undertuned_baseline_is_named(kind):
    found, ahead, words = CONCERNS[kind]
    [concern] = concerns_about(found, ahead)
    assert concern.startswith(words)


def tuned_runs(lrs, seeds=range(6)):
    """Train each optimizer at its learning rates on the tuning seeds, and at the given best one on the others."""
    configs = [
        quadratic_config(name, lr=lr, seed=seed, problem={"gradient_noise": 0.1})
        for name, (tried, best) in lrs.items()
        for lr, chosen in [*((lr, TUNING) for lr in tried), (best, seeds)]
        for seed in chosen
    ]
    return [train(config) for config in configs]


@pytest.fixture(scope="module")
def comparison():
    lrs = {"sgd": ((0.0001, 0.001), 0.001), "momentum": ((0.01, 0.1, 1.0), 0.1)}
    [found] = comparisons_of(tuned_runs(lrs), TUNING)
    return found


def test_the_finding_warns_of_an_undertuned_control(comparison):
    [finding] = about_tuning(Standings(comparison))
    assert finding.heading == "Tuning budgets"
    assert finding.sentence.startswith(
        "Baseline undertuned? A lead over SGD, the control, may be one of tuning: its best learning rate, 0.001, is the largest"
    )
    assert "and Momentum, which is ahead, " in finding.sentence
    assert "Momentum has the lowest loss on the tuning seeds in 100 % of draws, with all trials in 100 %." in finding.sentence
    assert finding.details[0].startswith("unequal budgets: from ")
    assert finding.details[1].startswith("SGD: 2 trials, 6 runs, ")


def test_a_control_that_is_ahead_itself_needs_no_alarm(comparison):
    swapped = comparisons_of(sorted(comparison.members, key=lambda run: run.config.optimizer.name), TUNING)
    [finding] = about_tuning(Standings(swapped[0]))
    assert finding.sentence.startswith("Momentum, the control, has the lowest loss at the end itself, so that no lead rests on")


def test_a_control_without_trials_was_not_tuned(comparison):
    runs = [run for run in comparison.members if run.config.optimizer.name != "sgd" or run.config.seed not in TUNING]
    [found] = comparisons_of(runs, TUNING)
    [finding] = about_tuning(Standings(found))
    assert finding.sentence.startswith(
        "Baseline undertuned? SGD, the control, was not tuned: it has no runs on the tuning seeds."
    )


def test_without_tuning_seeds_nothing_is_said(comparison):
    [plain] = comparisons_of(comparison.members)
    assert list(about_tuning(Standings(plain))) == []
    assert plain.tuning_costs == []


def test_the_table_counts_trials_runs_and_evaluations(comparison):
    numbers = tuning_table(comparison.tuning_costs).numbers
    assert numbers[["optimizer", "trials", "runs"]].to_numpy().tolist() == [["SGD", 2, 6], ["Momentum", 3, 9]]
    assert (numbers["evaluations"] == [run_evaluations(comparison, name) for name in ("SGD", "Momentum")]).all()
    assert numbers["ahead_share"].sum() == pytest.approx(1)


def run_evaluations(comparison, variant):
    trials = comparison.trials
    return trials.loc[trials["variant"] == variant, "evaluations"].sum()


def test_the_figure_has_a_line_per_optimizer_with_as_many_markers_as_trials(comparison):
    with house_style():
        [figure] = tuning_budget.captioned_figures(comparison)
    lines = {line.get_label(): line for line in figure.figure.axes[0].get_lines()}
    assert [len(lines[name].get_xdata()) for name in ("SGD", "Momentum")] == [3, 3]
    assert lines["SGD"].get_markevery() == slice(0, 2)
    assert lines["Momentum"].get_ydata()[-1] == pytest.approx(1)
    assert "100 %" in [label.get_text() for label in figure.figure.axes[0].get_yticklabels()]
    assert "With all trials, Momentum has it most often, in 100 %." in figure.description


@pytest.mark.slow
@pytest.mark.parametrize("line", COMMANDS, ids=[shlex.split(line)[-1] for line in COMMANDS])
def test_the_commands_of_the_page_run(command, line):
    words = shlex.split(line)
    assert words[:3] == ["python", "-m", "zdl_bench"]
    outcome = command(*words[3:], "executor=serial")
    assert outcome.status == 0, outcome.err
    if "dry_run=true" in words:
        assert "where the best lies at an edge, the grid goes on, at most 8 further runs" in outcome.out
        return
    name = words[-1].removeprefix("name=")
    findings = Path(f"results/sweeps/{name}/tables/findings.md").read_text()
    assert "## Tuning budgets" in findings
    assert Path(f"results/sweeps/{name}/figures/tuning_budget.png").is_file()
    table = pd.read_csv(f"results/sweeps/{name}/tables/tuning.csv", index_col="optimizer")
    if name == "tuned":
        assert table.loc["prodigy", ["trials", "has_lr"]].tolist() == [1, False]
        assert "Prodigy: no learning rate, so one trial and nothing to choose; 3 runs, 300 gradient evaluations" in findings
    else:
        assert table.loc["adam", "best"].endswith(("beta1=0.5", "beta1=0.9"))
        assert {*load_results("results", name).comparisons[0].runs["variant"]} == {"Adam", "AMSGrad"}
        assert "# Influence of" not in findings
    page = Path(f"results/sweeps/{name}/report.html").read_bytes()
    assert command("report", name).status == 0
    assert Path(f"results/sweeps/{name}/report.html").read_bytes() == page
    assert "not stated" not in command("verify", name).out
