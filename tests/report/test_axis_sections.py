"""The page of a sweep over any key: first one figure and one finding on the key, then its single values."""

import re
import shlex
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from conftest import SMALL, part, quadratic_config

from zdl_bench.report.axis_runs import axis_runs
from zdl_bench.report.build import report_files
from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.conclusions import conclusions_of
from zdl_bench.report.page_budget import page_tests
from zdl_bench.report.words.answer import answer_of
from zdl_bench.report.words.axes import about_axis
from zdl_bench.statistics.axis_tests import judge_axes
from zdl_bench.store.manifest import Manifest
from zdl_bench.training.loop import train

ROOT = Path(__file__).parents[2]
COMMANDS = re.findall(r"<!-- run -->\n```\n(.*?)\n```", (ROOT / "docs/axes.md").read_text(encoding="utf-8"))


def manifest_of(runs) -> Manifest:
    return Manifest("sweep", "", "the command", [], [run.run_id for run in runs], "2026-01-01T00:00:00+00:00")


def page_of_steps(steps, **changes) -> tuple[str, dict[str, bytes]]:
    """The page of a deterministic sweep of two optimizers over these numbers of steps, and its files."""
    runs = [train(quadratic_config(name, steps=one, **changes)) for name in ("sgd", "adagrad") for one in steps]
    files = report_files(manifest_of(runs), runs, ["png"])
    return files["report.html"].decode(), files


def headings(html: str) -> list[str]:
    return re.findall(r"<h2>(.*?)</h2>", html)


@pytest.mark.slow
def test_the_page_begins_with_the_figure_and_the_finding_of_the_key():
    html, files = page_of_steps([10, 20])
    assert headings(html)[:2] == ["Influence of steps", "Findings"]
    section = html[html.index('id="axis-1"') : html.index('id="findings"')]
    assert section.index("<figure>") < section.index("<h3>Influence of steps: it matters")
    assert {"figures/axis-steps.png", "tables/findings-axis-steps.csv"} <= set(files)
    assert files["tables/findings.md"].decode().startswith("# Influence of steps\n")


@pytest.mark.slow
def test_up_to_three_values_have_open_sections_and_more_are_closed():
    few, _ = page_of_steps([10, 20, 30])
    assert headings(few).count("steps=20") == 1
    assert '<details class="part"' not in few
    many, files = page_of_steps([10, 20, 30, 40])
    assert headings(many) == ["Influence of steps", "Findings", "All curves", "Single values", *headings(few)[-7:]]
    assert many.count('<details class="part" id="part-') == 4
    assert len([path for path in files if path.startswith("figures/loss_curves-")]) == 4, "the files are all there"


@pytest.mark.slow
def test_a_page_without_a_varied_key_is_as_before():
    html, files = page_of_steps([10])
    assert headings(html)[0] == "Findings"
    assert not any("axis" in path for path in files)


def test_deterministic_runs_need_no_test():
    runs = [train(quadratic_config(name, steps=steps)) for name in ("sgd", "adagrad") for steps in (10, 40)]
    said = conclusions_of(manifest_of(runs), runs)["Influence of steps"]
    assert said.startswith("It matters for the loss at the end, speed and jitter from step to step of SGD and AdaGrad.")


def test_the_answer_says_which_key_has_the_influence():
    runs = [train(quadratic_config(name, steps=steps)) for name in ("sgd", "adagrad") for steps in (10, 40)]
    answer = answer_of(page_tests(comparisons_of(runs), [], manifest_of(runs)))
    assert answer.because.startswith("Influence of steps: it matters for the loss at the end")


@pytest.fixture(scope="module")
def noisy():
    """SGD and Momentum at two numbers of steps on a noisy quadratic, eight seeds each."""
    noise = {"gradient_noise": 0.1, "start_std": 0.1}
    return [
        train(quadratic_config(name, 0.02, noise, steps=steps, seed=seed))
        for name in ("sgd", "momentum")
        for steps in (20, 80)
        for seed in range(8)
    ]


def test_the_axes_have_half_of_the_error_and_the_settings_share_the_rest(noisy):
    tests = page_tests(comparisons_of(noisy), [], manifest_of(noisy))
    assert [one.share for one in tests.standings] == [0.25, 0.25]
    [(_, tested)] = tests.axes
    alone = judge_axes([tested.tests], 1.0)[0]
    for half, whole in zip(tested.tests, alone.tests, strict=True):
        assert half.p == pytest.approx(min(1.0, 2 * whole.p), nan_ok=True)


def test_one_optimizer_leaves_all_of_the_error_to_its_axis(noisy):
    runs = [run for run in noisy if run.config.optimizer.name == "sgd"]
    tests = page_tests(comparisons_of(runs), [], manifest_of(runs))
    assert min(test.p for test in tests.axes[0][1].tests) == pytest.approx(2**-7), "8 seeds, and nothing to share"


def test_a_finding_on_runs_with_seeds_names_its_p_and_its_runs(noisy):
    along, tested = page_tests(comparisons_of(noisy), [], manifest_of(noisy)).axes[0]
    finding = about_axis(along, tested)
    assert finding.heading.startswith("Influence of steps: it matters")
    assert "lowest mean loss at the end first: Momentum, SGD at 20 and 80" in finding.details
    assert any(
        re.fullmatch(
            r"loss at the end, SGD at 20 against 80: .* times as high \[.*\], better on 0 of 8 seeds, p 0\.0\d+ on this page",
            one,
        )
        for one in finding.details
    )
    numbers = pd.DataFrame(finding.rows)
    assert set(numbers["about"]) == {"values", "optimizers", "gain"}
    assert {*" ".join(numbers["run_ids"]).split()} == {run.run_id for run in noisy}


def test_too_few_seeds_are_said(noisy):
    runs = [run for run in noisy if run.config.seed < 6]
    along, tested = page_tests(comparisons_of(runs), [], manifest_of(runs)).axes[0]
    finding = about_axis(along, tested)
    assert finding.heading == "Influence of steps: not tested"
    assert finding.sentence == "Not tested: 6 seeds, and this page needs 7."
    assert any("% higher [" in line or "times as high [" in line for line in finding.details), (
        "the effects are shown nevertheless"
    )


def test_a_change_of_the_ranking_is_said_each_optimizer_at_its_best_learning_rate():
    """On the bowl AdaGrad is ahead soon and SGD late; nothing is random, and 0.5 is worse for both of them."""
    bowl = part("problem", "bowl")
    configs = [
        replace(quadratic_config(name, lr, steps=steps), problem=bowl)
        for name, lr in (("sgd", 0.5), ("sgd", 0.9), ("adagrad", 0.5), ("adagrad", 0.9))
        for steps in (10, 40)
    ]
    [along] = axis_runs(comparisons_of([train(config) for config in configs]))
    assert set(along.runs["lr"]) == {0.9}
    finding = about_axis(along, judge_axes([along.compared], 1.0)[0])
    assert finding.heading == "Influence of steps: it matters and changes the ranking"
    assert "It changes the ranking: by loss at the end, AdaGrad is ahead of SGD at 10 and behind at 40" in finding.sentence
    assert finding.details[0] == "lowest mean loss at the end first: AdaGrad, SGD at 10; SGD, AdaGrad at 40"


def test_keys_that_are_paired_are_one_axis_and_named_together():
    runs = [
        train(quadratic_config(name, steps=steps, probe_count=count))
        for name in ("sgd", "adagrad")
        for steps, count in ((10, 5), (20, 10))
    ]
    [along] = axis_runs(comparisons_of(runs))
    finding = about_axis(along, judge_axes([along.compared], 1.0)[0])
    assert finding.heading.startswith("Influence of steps with probe.count:")
    assert any("SGD at 10 (probe.count=5) against 20 (probe.count=10)" in line for line in finding.details)


@pytest.mark.slow
@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_of_the_guide_run(command, digits, line):
    assert line.startswith("python -m zdl_bench ")
    words = shlex.split(line)[3:]
    outcome = command(*words, "n_jobs=2", *(one for one in SMALL if one.startswith("probe.")))
    assert outcome.status == 0, outcome.err
    [page] = Path("results/sweeps").glob("*/report.html")
    is_zipped = any(word.startswith("zip=") for word in words)
    assert ("Influence of" in page.read_text(encoding="utf-8")) is not is_zipped
