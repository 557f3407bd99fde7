"""`new`: files that work at once, and none that is overwritten."""

import shlex
import subprocess
import sys

import pytest
from conftest import run_process

from zdl_bench.plan.command_names import NEW_KINDS
from zdl_bench.registry import conf_files

FILES = ("{kind}/{name}.py", "{kind}/{name}.yaml", "{kind}/test_{kind}_{name}.py")


@pytest.mark.slow
@pytest.mark.parametrize("kind", NEW_KINDS)
def test_a_new_part_runs_and_its_test_passes(kind, tmp_path):
    made = run_process("new", kind, "my_part", cwd=tmp_path)
    assert made.status == 0, made.err
    written = [f"conf/{file.format(kind=kind, name='my_part')}" for file in FILES]
    assert [line.removeprefix("written: ") for line in made.out.splitlines()[:3]] == written
    run, test = (line.partition("python -m ")[2] for line in made.out.splitlines()[3:])
    done = run_process(*shlex.split(run)[1:], "steps=20", "report=false", "dataset=digits", cwd=tmp_path)
    assert done.status == 0, done.err
    assert test == f"pytest {written[2]}"
    assert_passes(tmp_path, written[2])


def assert_passes(folder, file):
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", file], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", FILES)
def test_no_file_is_overwritten_and_none_is_written_beside_it(command, tmp_path, file):
    path = tmp_path / "mine" / file.format(kind="optimizer", name="rule")
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    outcome = command("new", "optimizer", "rule", "--config-dir", "mine")
    assert outcome.status == 2
    assert f"mine/{path.relative_to(tmp_path / 'mine')}: this file exists, and nothing is written" in outcome.err
    assert path.read_text() == "mine"
    assert [one for one in (tmp_path / "mine").rglob("*") if one.is_file()] == [path]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("optimizer", "adam"), "optimizer=adam: this name is taken"),
        (("optimizer", "My-Rule"), "NAME=My-Rule: give a name of lower-case letters"),
        (("optimizer", "class"), "NAME=class: give a name"),
        (("optimizer", "../rule"), "NAME=../rule: give a name"),
        (("metric", "rule"), "invalid choice: 'metric'"),
        (("optimizer",), "NAME"),
        (("optimizer", "rule", "--config-dir", str(conf_files.CONF)), "this folder is zdl_bench's own"),
    ],
)
def test_what_cannot_be_made_is_one_line(command, tmp_path, arguments, words):
    outcome = command("new", *arguments)
    assert outcome.status == 2
    assert words in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []


def test_the_first_folder_of_the_variable_is_the_default(command, tmp_path, monkeypatch):
    (tmp_path / "first").mkdir()
    monkeypatch.setenv("ZDL_BENCH_CONF", str(tmp_path / "first"))
    assert command("new", "schedule", "falls").status == 0
    assert (tmp_path / "first/schedule/falls.yaml").is_file()
    assert command("schedule=falls", "problem=bowl", "steps=5", "executor=serial", "report=false").status == 0
