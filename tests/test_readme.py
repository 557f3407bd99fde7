"""README's example of an optimizer, taken at its word: one file and one YAML in a copy of the checkout, nothing else."""

import re
import shutil
import subprocess
import sys

import matplotlib.pyplot as plt
import pytest
from conftest import SMALL
from readme import README, ROOT, block

from zdl_bench import load_results


@pytest.mark.slow
def test_the_optimizer_of_the_readme_works(tmp_path, digits):
    for name in ("conf", "experiments", "zdl_bench"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "zdl_bench/optimizers/sign_sgd.py").write_text(block("python", "class SignSGD"))
    (tmp_path / "conf/optimizer/sign_sgd.yaml").write_text(block("yaml", "SignSGD"))
    arguments = ["-m", "zdl_bench", "-m", "optimizer=sgd,sign_sgd", "dataset=digits", "lr=0.01", "steps=200", *SMALL]
    done = subprocess.run([sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    runs = load_results(tmp_path / "results").runs.set_index("optimizer")
    assert runs.loc["sign_sgd", "status"] == "completed"
    assert runs.loc["sign_sgd", "learned"]


@pytest.mark.slow
def test_the_notebook_example_draws_a_legend_from_a_store_of_several_sweeps(small_sweep, command):
    small_sweep("-m", "optimizer=sgd,adam", "lr=1e-3,1e-2", "seed=0,1", "problem.activation=relu,tanh", "name=first")
    small_sweep("-m", "optimizer=adam", "optimizer.beta2=0.9,0.999", "lr=1e-3,1e-2", "seed=0,1", "name=second")
    command("-m", "problem=bowl", "executor=serial", "report=false", "steps=20", "optimizer=sgd,adam", "lr=0.05,0.1")
    names: dict[str, object] = {}
    for part in ("load_results", "draw_lr_sensitivity"):
        exec(block("python", part), names)
    figures = [plt.figure(number) for number in plt.get_fignums()]
    legends = {axes.get_title(): axes.get_legend().get_texts() for figure in figures for axes in figure.axes}
    assert len(legends) == 3
    lines = ["sgd", "adam beta2=0.9", "adam beta2=0.999"]
    for setting, expected in (("relu", lines), ("tanh", [lines[0], lines[2]]), ("bowl", [lines[0], lines[2]])):
        [texts] = [texts for title, texts in legends.items() if setting in title]
        found = {text.get_text() for text in texts} - {"best", "at the grid's edge"}
        assert found == set(expected), setting
    plt.close("all")


def test_the_keys_that_the_readme_names_exist(command):
    keys = set(re.findall(r"`(\w[\w.]*)=", README)) - {"sweep"}
    shown = command("--cfg", "job", "dataset=digits", "optimizer=adam").out
    for key in keys:
        assert f"{key.rpartition('.')[2]}:" in shown, key


def test_the_two_commands_are_marked():
    for mark in ("run", "test"):
        assert re.search(rf"<!-- {mark} -->\n```\n[^`]+```", README), mark
