"""Tab completion, as bash asks for it."""

import os
import shutil
import subprocess
import sys

import pytest

from zdl_bench.plan.command_names import COMMAND_OPTIONS

BOWL = ("problem=bowl", "steps=5", "report=false", "executor=serial")
ASK = """
eval "$(zdl-bench -sc install=bash)"
for COMP_LINE in "$@"; do
    words=($COMP_LINE)
    COMP_POINT=${#COMP_LINE}; COMP_CWORD=$((${#words[@]} - 1)); COMPREPLY=()
    [[ $COMP_LINE == *" " ]] && COMP_CWORD=${#words[@]}
    hydra_bash_completion
    echo "${COMPREPLY[*]}"
done
"""


@pytest.fixture
def completed(command, monkeypatch):
    """What may follow a line, and that nothing is said on stderr, in the middle of what is being typed."""

    def ask(line: str) -> list[str]:
        monkeypatch.setenv("COMP_LINE", line)
        outcome = command("-sc", "query=bash")
        assert (outcome.status, outcome.err) == (0, "")
        return outcome.out.split()

    return ask


def test_sweeps_are_completed(command, completed):
    for arguments in (("name=first",), ("name=second",), ("name=third", "results_dir=other")):
        assert command(*BOWL, *arguments).status == 0
    for name in ("report", "verify"):
        assert completed(f"zdl-bench {name} ") == ["first", "second"]
        assert completed(f"zdl-bench {name} fi") == ["first"]
        assert completed(f"zdl-bench {name} --results other ") == ["third"]
        assert completed(f"zdl-bench {name} --results=other t") == ["third"]
        assert completed(f"zdl-bench {name} --results nowhere ") == []
        assert completed(f"zdl-bench {name} --results ") == [], "the shell knows folders"
    assert completed("zdl-bench verify --runs ") == []
    assert completed("zdl-bench verify --reference day64") == ["day64", "day64_parity"]


@pytest.mark.slow
def test_commands_and_options_are_completed(command, completed):
    assert completed("zdl-bench rep") == ["report", "report="]
    assert {"report", "verify", "ls", "bench", "lr=", "optimizer="} <= {*completed("zdl-bench ")}
    assert completed("zdl-bench verify --r") == ["--results", "--runs", "--reference"]
    for name, options in COMMAND_OPTIONS.items():
        if name in ("bench", "conform"):
            continue  # it has keys of a run instead
        shown = command(name, "--help").out
        assert {word.rstrip(",") for word in shown.split() if word.startswith("--")} == {*options, "--help"}


def test_keys_are_completed(completed):
    assert completed("zdl-bench optimizer=adam optimizer.b") == [
        "optimizer.beta1=",
        "optimizer.beta2=",
        "optimizer.bias_correction=",
    ]
    assert completed("zdl-bench bench optimizer=adam_") == ["optimizer=adam_articles"]
    assert "experiment=day64" in completed("zdl-bench -m experiment=da")
    assert completed("zdl-bench -m tuning") == ["tuning_seeds="]


@pytest.mark.slow
@pytest.mark.parametrize(
    "line", ["zdl-bench optimizer=foo l", "zdl-bench optimizer=[ l", "zdl-bench nonsense l", "zdl-bench +", ""]
)
def test_a_line_that_cannot_be_read_is_completed_in_silence(completed, line):
    completed(line)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_a_real_bash_completes(command, tmp_path):
    for name in ("sgd-first", "sgd-second", "other"):
        assert command(*BOWL, f"name={name}").status == 0
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "zdl-bench"
    script.write_text(f"#!{sys.executable}\nimport sys\nfrom zdl_bench.cli import main\nsys.exit(main())\n")
    script.chmod(0o755)
    variables = os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}

    lines = ["zdl-bench report ", "zdl-bench verify sgd-"]
    done = subprocess.run(["bash", "-c", ASK, "bash", *lines], env=variables, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["other sgd-first sgd-second", "sgd-first sgd-second"]
    assert done.stderr == ""
