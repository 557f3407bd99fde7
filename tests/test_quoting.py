"""What the documentation and the program tell people to type is taken by zsh, macOS's default, as well as by bash."""

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from zdl_bench.plan.help import BENCH, help_text
from zdl_bench.registry import conf_files

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("results/reference/*.md")]
)
PROGRAM = r"(?:python3?|pip|zdl-bench|pytest|dask|kubectl|\.venv/bin/\S+|eval|export|for|[A-Z_]+=\S+ +python3?)"
IS_COMMAND = re.compile(rf"\s*{PROGRAM}(\s|$)")
IS_OVERRIDE = re.compile(r"""\s*(?:-m\s+)?["']?[+~]*[a-z_]\w*(?:[./]\w+)*=""")
USAGE = re.compile(r"\[(?:[A-Z]+|--[a-z]+(?: [A-Z]+)?|[A-Z]+=[A-Z]+ \.\.\.)\]")
"""What may be left out, as in `report [SWEEP]`: nobody types the brackets."""
QUOTED = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.")
OBEYED = re.compile(r"[][()*?]|(?<![\w/.-])~(?!/)|\{[^}]*(?:,|\.\.)")
"""Patterns, users' folders, and lists in braces. A comma is one letter like others outside of braces."""


def typed_in(markdown: str) -> list[str]:
    """The lines of a page that a person types into a shell: in blocks, and in the text."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", markdown, re.DOTALL | re.MULTILINE)
    shell = [line for language, block in blocks if language in ("", "sh", "bash") for line in block.splitlines()]
    rest = re.sub(r"^```.*?^```", "", markdown, flags=re.DOTALL | re.MULTILINE)
    indented = [line for line in rest.splitlines() if line.startswith("    ") and IS_COMMAND.match(line)]
    inline = re.findall(r"`([^`\n]+)`", "\n".join(line for line in rest.splitlines() if line not in indented))
    return [*shell, *indented, *(text for text in inline if IS_COMMAND.match(text) or IS_OVERRIDE.match(text))]


def unquoted(line: str) -> str:
    return QUOTED.sub("", USAGE.sub("", line))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_everything_that_is_typed_is_quoted(page):
    for line in typed_in(page.read_text(encoding="utf-8")):
        assert not OBEYED.search(unquoted(line)), f"zsh takes this for a pattern: {line}"


def test_help_quotes_what_it_shows(command):
    texts = [help_text(), BENCH, *(command(name, "--help").out for name in ("report", "verify", "ls"))]
    assert "problem.hidden=" in BENCH
    for line in (line for text in texts for line in text.splitlines()):
        for word in unquoted(line).split():
            assert not (IS_OVERRIDE.match(word) and OBEYED.search(word.strip("(),;:`"))), line


def test_errors_quote_what_they_advise():
    """Every text of the program that has a list or a range in it, as something to type."""
    advised = re.compile(r"(.?)\b[a-z_.]+=(?:\[[\w,. ]+\]|range\()")
    found = [
        (path.name, match[0])
        for path in sorted(conf_files.PACKAGE.glob("*/**/*.py"))  # the docstring of the package itself shows Python
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for match in advised.finditer(node.value)
    ]
    assert ("command_line.py", "'key=[a,b]") in found
    assert [one for one in found if one[1][0] not in "'`\""] == []


def test_the_lines_are_found():
    """A test of nothing would pass, too."""
    typed = typed_in((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(typed) > 40
    assert any("-m zdl_bench -m optimizer=sgd,adam" in line for line in typed)
    assert any("problem.hidden=[50]" in line for line in typed)
    assert any(line.startswith("python -m zdl_bench report") for line in typed)
    assert [line for page in PAGES for line in typed_in(page.read_text(encoding="utf-8")) if line.startswith("    kubectl")]


@pytest.mark.parametrize(
    ("line", "is_safe"),
    [
        ("problem.hidden=[50],[100]", False),
        ("'problem.hidden=[50],[100]'", True),
        ('python -m zdl_bench "seed=range(0,5)" lr=1e-3,1e-2', True),
        ("python -m zdl_bench seed=range(0,5)", False),
        ("schedule=glob(*)", False),
        ("~probe", False),
        ("results_dir=~/results", True),
        ("probe={count:3}", True),
        ("probe={count:3,images:4}", False),
        ("pip install zdl-bench[dask]", False),
        ("python -m zdl_bench verify [SWEEP] [--runs N]", True),
        ("dataset.mirrors=http://x/?y", False),
    ],
)
def test_what_is_taken_for_a_pattern(tmp_path, line, is_safe):
    assert (OBEYED.search(unquoted(line)) is None) == is_safe
    zsh = shutil.which("zsh")
    if zsh and "[SWEEP]" not in line:
        done = subprocess.run(
            [zsh, "-f", "-c", f"print -r -- {line}"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        expected = line.replace("'", "").replace('"', "")
        assert (done.stdout.strip() == expected) == is_safe
