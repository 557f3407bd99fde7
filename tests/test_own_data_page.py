"""The page on own data, taken at its word: its files are made and its commands run, with their reports."""

import re
import shlex
from pathlib import Path

import pytest
from readme import ROOT

from zdl_bench import load_results

PAGE = (ROOT / "docs/own_data.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^python -m zdl_bench (.*)$", PAGE, re.MULTILINE)


@pytest.fixture
def own_files(command, tmp_path):
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(code, {})
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("number", range(2))
def test_the_commands_run_with_their_reports(command, own_files, number):
    outcome = command(*shlex.split(COMMANDS[number]), "executor=serial", "name=mine", "seed=range(0,6)", "probe.count=20")
    assert outcome.status == 0, outcome.err
    runs = load_results("results").runs
    assert len(runs) == 24
    assert runs["learned"].any()
    is_regression = number == 1
    assert runs["test_accuracy"].isna().all() == is_regression
    assert runs["test_loss"].notna().any()
    folder = Path("results/sweeps/mine")
    page, findings = (folder / "report.html").read_text(), (folder / "tables/findings.md").read_text()
    assert ("Lowest test loss" in findings) == is_regression
    assert ("Highest test accuracy" in findings) == (not is_regression)
    assert ("mean squared error" in findings) == is_regression
    assert f"{'csv' if is_regression else 'npz'} {runs['dataset.checksum'].iloc[0][:8]}" in findings
    assert ("test loss" if is_regression else "test accuracy") in outcome.out
    assert "First to the targets" not in page
    assert not list((folder / "figures").glob("*ecdf*"))
    table = (folder / "tables/optimizers.csv").read_text()
    assert ("test_loss_mean" in table) == is_regression
    assert ("test_accuracy_mean" in table) == (not is_regression)


@pytest.mark.slow
def test_a_yaml_gives_data_a_name_and_targets(command, own_files):
    [text] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    path = own_files / "mine/dataset/prices.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    outcome = command(*shlex.split(COMMANDS[2]), "executor=serial", "report=false")
    assert outcome.status == 0, outcome.err
    [row] = load_results("results").runs.to_dict("records")
    assert row["dataset"] == "prices"
    verified = command("verify", "--config-dir", "mine")
    assert "1 same bits" in verified.out, verified.out
    assert command("report", "--config-dir", "mine").status == 0
    assert "reached_0.5" in next(Path("results").glob("sweeps/*/tables/runs.csv")).read_text()
