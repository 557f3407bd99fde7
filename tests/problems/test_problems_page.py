"""docs/problems.md: its commands run, and it names every problem and schedule with its keys."""

import re
import shlex
from pathlib import Path

import pytest

from zdl_bench import load_results
from zdl_bench.registry import conf_files

PAGE = (Path(__file__).parents[2] / "docs/problems.md").read_text(encoding="utf-8")
COMMANDS = [line for text in re.findall(r"<!-- run -->\n```\n(.*?)\n```", PAGE, re.DOTALL) for line in text.splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_run_and_their_runs_learn(tmp_path, monkeypatch, command, digits, line):
    monkeypatch.chdir(tmp_path)
    outcome = command(*shlex.split(line)[3:])
    assert outcome.status == 0, outcome.err
    [page] = tmp_path.glob("results/sweeps/*/report.html")
    runs = load_results(tmp_path / "results").runs
    assert set(runs["status"]) == {"completed"}
    assert runs["learned"].mean() > 0.7
    text = page.read_text(encoding="utf-8")
    assert ("· mean squared error ·" in text) == ("problem=autoencoder" in line)
    assert runs["test_accuracy"].notna().all() == any(
        f"problem={name} " in line for name in ("softmax", "deep_mlp", "logistic")
    )


@pytest.mark.parametrize("group", ["problem", "schedule"])
def test_every_name_has_its_place_in_a_table(group):
    named = {name for row in re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert set(conf_files.names(group)) <= named


def test_the_keys_of_schedules_have_the_defaults_of_the_page():
    for name in conf_files.names("schedule"):
        [row] = re.findall(rf"^\| `{name}` \|.*$", PAGE, re.MULTILINE)
        stated = dict(re.findall(r"`(\w+)=([\d.]+)`", row))
        yaml = conf_files.load_yaml("schedule", name)
        own = {key: value for key, value in yaml.items() if key not in ("_target_", "name", "warmup_share")}
        assert {key: float(value) for key, value in stated.items()} == pytest.approx(own), name
