"""docs/write_an_optimizer.md: its classes are what they say, and its commands run."""

import re
import shlex

import numpy as np
import pytest
from readme import ROOT

from zdl_bench import load_results

GUIDE = (ROOT / "docs/write_an_optimizer.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"`(\w+/\w+\.(?:py|yaml))`[^`]*:\n\n```\w+\n(.*?)```", GUIDE, re.DOTALL))
COMMANDS = [line for text in re.findall(r"<!-- run -->\n```\n(.*?)```", GUIDE, re.DOTALL) for line in text.splitlines()]


@pytest.fixture
def mine(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "mine"


def test_every_class_has_its_yaml():
    assert {name.partition(".")[0] for name in FILES} == {
        "optimizer/averaged", "optimizer/normalized", "transform/extragradient",
    }  # fmt: skip
    assert len(FILES) == 6


@pytest.mark.slow
def test_its_commands_run(command, mine):
    for line in COMMANDS:
        words = shlex.split(line)
        assert words[:3] == ["python", "-m", "zdl_bench"]
        keys = () if "verify" in words else ("executor=serial", "steps=40", "report=false")
        outcome = command(*words[3:], *keys)
        assert outcome.status == 0, (line, outcome.err)
    runs = load_results("results").runs
    assert (runs["status"] == "completed").all()
    asked = runs["transform"] == '["extragradient"]'
    assert (runs["evaluations"] == np.where(asked, 80, 40)).all()
    assert asked.sum() == 2
