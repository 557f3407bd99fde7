"""The commands of docs/print.md, as they stand there."""

import re
import shlex

import pytest
from conftest import SMALL
from readme import ROOT

PAGE = (ROOT / "docs/print.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_commands_of_the_page_on_print_work(command, digits, tmp_path):
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    lines = [line for language, block in blocks if not language for line in block.splitlines()]
    assert len(lines) == 6
    for line in lines:
        if line.startswith("echo"):
            text, file = re.fullmatch(r'echo "(.*)" > (\S+)', line).groups()
            (tmp_path / file).write_text(f"{text}\n")
            continue
        words = shlex.split(line.removeprefix("python -m zdl_bench "))
        quick = ["executor=serial", "steps=20", *SMALL] if "-m" in words else []
        assert command(*words, *quick).status == 0, line
    folder = tmp_path / "results/sweeps/paper"
    for name in re.findall(r"\\input{results/sweeps/paper/(\S+)}", PAGE):
        assert (folder / name).is_file(), name
    assert "Steps to loss 0.5" in (folder / "tables/optimizers.tex").read_text()  # a key that is not given stays
    assert (folder / "figures/loss_at_best_lr.tex").is_file()
    assert (folder / "figures/loss_at_best_lr.pdf").is_file()
