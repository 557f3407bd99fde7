"""README's example of an optimizer, taken at its word: one file and one YAML in a folder, nothing else."""

import re
import subprocess
import sys

import pytest
from conftest import SMALL
from own_folder import SIGN_SGD
from readme import README, block

from zdl_bench import load_results


@pytest.mark.slow
def test_the_optimizer_of_the_readme_works(tmp_path, digits):
    folder = tmp_path / "mine/optimizer"
    folder.mkdir(parents=True)
    (folder / "sign_sgd.py").write_text(block("python", "class SignSGD"))
    (folder / "sign_sgd.yaml").write_text(block("yaml", "SignSGD"))
    arguments = [
        "-m",
        "zdl_bench",
        "--config-dir",
        "mine",
        "-m",
        "optimizer=sgd,sign_sgd",
        "dataset=digits",
        "lr=0.01",
        "steps=200",
        *SMALL,
    ]
    done = subprocess.run([sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    runs = load_results(tmp_path / "results").runs.set_index("optimizer")
    assert runs.loc["sign_sgd", "status"] == "completed"
    assert runs.loc["sign_sgd", "learned"]


def test_the_example_is_the_one_that_the_readme_shows():
    assert (SIGN_SGD / "optimizer/sign_sgd.py").read_text() == block("python", "class SignSGD")
    assert (SIGN_SGD / "optimizer/sign_sgd.yaml").read_text() == block("yaml", "SignSGD")


@pytest.mark.slow
def test_the_example_from_python_works(tmp_path, monkeypatch, digits):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(block("python", "zb.sweep"), names)
    assert set(names["results"].runs["status"]) == {"completed"}
    assert len(names["results"].runs) == 40
    assert list(tmp_path.glob("results/sweeps/*/report.html"))


def test_the_keys_that_the_readme_names_exist(command):
    keys = set(re.findall(r"`(\w[\w.]*)=", README)) - {"sweep"}
    shown = command("--cfg", "job", "dataset=digits", "optimizer=adam").out
    for key in keys:
        assert f"{key.rpartition('.')[2]}:" in shown, key


def test_the_two_commands_are_marked():
    for mark in ("run", "test"):
        assert re.search(rf"<!-- {mark} -->\n```\n[^`]+```", README), mark
