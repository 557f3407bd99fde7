"""The commands of docs/ci.md and docs/stores.md, as they stand there."""

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from own_stores import sweep_of, trained

from zdl_bench.store.store import Store

ROOT = Path(__file__).parents[2]
BEFORE = """
from dataclasses import dataclass

from zdl_bench.optimizers.adam import Adam


@dataclass(frozen=True)
class MyAdam(Adam):
    pass
"""
AFTER = f"""{BEFORE}
    def __post_init__(self):
        object.__setattr__(self, "beta2", 0.0)  # the mistake of the pull request
"""
YAML = "_target_: my_library.MyAdam\nname: my_adam\ndefault_lr: 0.001\n"


def commands_in(page: str) -> list[list[str]]:
    """Return the words of each indented command of a page."""
    lines = (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines()
    found = re.compile(r"    (?:python -m zdl_bench|zdl-bench) (.+)")
    return [shlex.split(match[1]) for line in lines if (match := found.fullmatch(line))]


class Yes(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.slow
@pytest.mark.extras
@pytest.mark.filterwarnings("ignore")
def test_the_commands_of_the_page_on_stores(command, tmp_path, monkeypatch):
    for module in ("tensorboard", "mlflow", "sqlalchemy"):
        pytest.importorskip(module, reason=f"needs {module}: python -m pip install 'zdl_bench[tensorboard,mlflow]'")
    for name, seeds in (("alice", range(4)), ("bob", range(4, 8))):
        sweep_of(Store(tmp_path / name), "study", trained(seeds=seeds))
    for name in "AB":
        sweep_of(Store(tmp_path / "results"), name, trained())
    monkeypatch.setattr(sys, "stdin", Yes("y\n"))
    commands = commands_in("stores.md")
    assert [words[0] for words in commands] == ["compare", "merge", "export", "export", "export", "rm"]
    for words in commands:
        outcome = command(*words)
        assert outcome.status == 0, (words, outcome.err)
    assert Store("results").sweep_names() == ["A", "B"]


def test_the_other_commands_of_the_page_on_ci(command, tmp_path):
    for name in ("before", "after"):
        sweep_of(Store(tmp_path / name), "speed", trained(seeds=[0]))
    for name in "AB":
        sweep_of(Store(tmp_path / "results"), name, trained(seeds=[0]))
    gate, two, one = commands_in("ci.md")
    assert '"comparisons": []' in command(*gate).out
    assert command(*two).status == 0
    assert "no run of A is stored with earlier code" in command(*one).err


@pytest.mark.slow
def test_the_workflow_of_the_page_on_ci(tmp_path, own_cache):
    """GitHub's runner is played here: each step's commands in its folder, and the installation of the library before each."""
    [page] = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/ci.md").read_text(encoding="utf-8"), re.DOTALL)
    steps = {step.get("name"): step for step in yaml.safe_load(page)["jobs"]["compare"]["steps"]}
    for name in ("base", "head"):
        (tmp_path / name / "bench/optimizer").mkdir(parents=True)
        (tmp_path / name / "bench/optimizer/my_adam.yaml").write_text(YAML)
        (tmp_path / name / "my_library.py").write_text(BEFORE)
    summary = tmp_path / "summary.md"

    def run(name: str) -> int:
        step = steps[name]
        folder = tmp_path / step.get("working-directory", ".")
        typed = [line for line in step["run"].splitlines() if not line.startswith("python -m pip install")]
        script = "\n".join(re.sub(r"^zdl-bench", f"{sys.executable} -m zdl_bench", line) for line in typed)
        variables = os.environ | {"PYTHONPATH": str(folder), "GITHUB_STEP_SUMMARY": str(summary)}
        done = subprocess.run(
            ["bash", "-e", "-c", script], cwd=folder, env=variables, capture_output=True, text=True, check=False
        )
        assert done.returncode in (0, 1), done.stderr
        return done.returncode

    assert run("before") == 0
    assert run("after") == 0
    assert run("compare") == 0
    assert "every run that was compared is the same, bit for bit" in summary.read_text()
    (tmp_path / "head/my_library.py").write_text(AFTER)
    shutil.rmtree(tmp_path / "after")  # the next pull request starts anew
    assert run("after") == 0
    summary.unlink()
    assert run("compare") == 1
    assert "worse beyond 1.05" in summary.read_text()
