"""Every command of README.md and of docs/ is run: by the test of its page, by the one here, or it is listed with a reason."""

import re
import shlex
import shutil

import pytest
from conftest import SMALL
from readme import ROOT
from test_quoting import typed_in

PAGES = [ROOT / "README.md", ROOT / "experiments/README.md", *sorted((ROOT / "docs").glob("*.md"))]
MARKED = re.compile(r"^<!-- (?:run|python|test) -->\n```\w*\n.*?^```", re.DOTALL | re.MULTILINE)
BLOCK = re.compile(r"^```\w*\n.*?^```", re.DOTALL | re.MULTILINE)
INDENTED = re.compile(r"^    .*$", re.MULTILINE)
COMMAND = re.compile(
    r"(?:python3? (?:-m [\w.]+ \S|tests)|zdl-bench \w|pip install|\.venv/|source|eval|dask \w|kubectl|pytest |for \w+ in ).*"
)
RUN_ELSEWHERE = {
    "README.md": (MARKED, ".ci/run"),
    "articles.md": (MARKED, "tests/test_site.py"),
    "axes.md": (MARKED, "tests/report/test_axis_sections.py"),
    "ci.md": (INDENTED, "tests/commands/test_store_pages.py"),
    "gallery.md": (MARKED, "tests/gallery.py"),
    "languages.md": (MARKED, "tests/test_site.py"),
    "own_data.md": (BLOCK, "tests/test_own_data_page.py"),
    "own_parts.md": (MARKED, "tests/test_package.py"),
    "print.md": (BLOCK, "tests/report/test_print_page.py"),
    "problems.md": (MARKED, "tests/problems/test_problems_page.py"),
    "reading.md": (MARKED, "tests/test_site.py"),
    "stores.md": (INDENTED, "tests/commands/test_store_pages.py"),
    "tuning.md": (MARKED, "tests/report/test_tuning_page.py"),
    "tutorial.md": (MARKED, "tests/test_site.py"),
    "which_one.md": (MARKED, "tests/test_site.py"),
    "write_an_optimizer.md": (MARKED, "tests/optimizers/test_guide.py"),
}
"""Which commands of a page the file runs that is named there."""
ON_DIGITS = f"dataset=digits steps=20 executor=serial report=false {' '.join(SMALL)}"
RUN_HERE = {
    'python -m zdl_bench -m optimizer=sgd,adam lr=1e-3,1e-2 "seed=range(0,5)"': (
        "steps=100 dataset=digits problem.hidden=30 executor=serial report=false name=a"
    ),
    'python -m zdl_bench -m optimizer=sgd,adam lr=1e-3,1e-2 "seed=range(0,6)" steps=100 dataset=digits problem.hidden=30': (
        "executor=serial report=false name=b"
    ),
    "python -m zdl_bench optimizer=adam lr=0.01": ON_DIGITS,
    "python -m zdl_bench -m optimizer=adam lr=1e-3,1e-2": ON_DIGITS,
    'python -m zdl_bench -m optimizer=sgd,momentum,adagrad,rmsprop,adam lr=1e-3,1e-2 "seed=range(0,5)"': ON_DIGITS,
    "python -m zdl_bench -m problem=bowl optimizer=sgd,adagrad lr=0.5,0.9 steps=30": "executor=serial report=false",
    "python -m zdl_bench --config-dir examples/sign_sgd -m optimizer=sgd,sign_sgd lr=1e-3,1e-2": ON_DIGITS,
    "python -m zdl_bench ls --results theirs": "",
    "python -m zdl_bench verify THEIR_SWEEP --results theirs --runs 5": "",
    "python -m zdl_bench report THEIR_SWEEP --results theirs": "",
    "python -m zdl_bench ls": "",
    "python -m zdl_bench report a --formats pdf,svg": "",
    "python -m zdl_bench report b": "",
    "python -m zdl_bench verify a --runs 1 --timeout 60": "",
    "python -m zdl_bench compare a b": "",
    "python -m zdl_bench merge theirs": "",
    "python -m zdl_bench export a": "",
    "python -m zdl_bench rm a": "--yes",
    "python -m zdl_bench new optimizer mine": "",
    "python -m zdl_bench --help": "",
}
"""The commands that the test of this file runs, in this order, each with what makes it small."""
NAMED = {
    "report [SWEEP]": "report a",
    "verify [SWEEP] [--runs N] [--timeout SECONDS]": "verify a --runs 1 --timeout 60",
    "compare A [B]": "compare a b",
    "merge STORE": "merge theirs",
    "export [SWEEP]": "export a",
    "rm SWEEP": "rm a",
    "new KIND NAME": "new optimizer mine",
    "report NAME": "report b",
}
"""What stands for names in a page, and what a test types."""
NOT_RUN = {
    r"python3 -m venv .*|\.venv/bin/python -m pip .*|(python -m )?pip install .*|source .*": "needs a network; .ci/run does it",
    r"(dask|kubectl) .*|.* executor=dask .*": "needs a cluster; tests/executors starts workers of its own",
    r"python -m zdl_bench -m experiment=.*|for name in .*": "minutes on MNIST; tests/plan composes every experiment",
    r"python -m zdl_bench verify .*--reference.*": "trains for minutes on MNIST; tests/commands has small references",
    r"python -m zdl_bench --config-dir examples/sign_sgd experiment=signs": "tests/test_examples.py runs it",
    r"python tests/benchmarks/.*": "simulates for minutes or hours; tests/statistics runs them in small",
    r"python tests/catalogs\.py": "adds texts to the catalogues, which tests/test_catalogs.py compares",
    r"python tests/house\.py": "draws a picture of the tree, which tests/test_house.py compares",
    r"python -m zdl_bench bench.*": "measures this machine; tests/commands/test_bench.py runs it in small",
    r".*(torch_|optax_).*": "needs an extra; tests/optimizers/test_library_rules.py runs these rules",
    r".* optimizer=adam,theirs .*": "needs a stranger's optimizer",
    r"eval .*": "changes the shell of a person; tests/plan asks for completions",
    r"pytest .*": "is what runs this",
    r"zdl-bench (new optimizer NAME|compare)": "names a command without what it needs",
}
"""Patterns of commands that no test runs as they stand, each with the reason."""


def commands_of(page) -> list[str]:
    """Return the commands of a page that the test of the page does not run."""
    elsewhere, _ = RUN_ELSEWHERE.get(page.name, (None, "")) if page.parent.name != "experiments" else (None, "")
    text = page.read_text(encoding="utf-8")
    typed = [line.strip() for line in typed_in(elsewhere.sub("", text) if elsewhere else text)]
    return [line for line in typed if COMMAND.fullmatch(line)]


def as_typed(line: str) -> str:
    for names, typed in NAMED.items():
        line = re.sub(rf"(?<= ){re.escape(names)}(?= |$)", typed, line)
    return line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_is_run_or_has_a_reason(page):
    unknown = [
        line
        for line in map(as_typed, commands_of(page))
        if line not in RUN_HERE and not any(re.fullmatch(pattern, line) for pattern in NOT_RUN)
    ]
    assert unknown == [], "run it in this file or in the test of the page, or give a reason in NOT_RUN"


def test_the_lists_name_nothing_that_is_gone():
    typed = [as_typed(line) for page in PAGES for line in commands_of(page)]
    assert [line for line in RUN_HERE if line not in typed] == []
    assert [pattern for pattern in NOT_RUN if not any(re.fullmatch(pattern, line) for line in typed)] == []
    assert {name for name, _ in RUN_ELSEWHERE.items()} <= {page.name for page in PAGES}
    for page, (_, test) in RUN_ELSEWHERE.items():
        assert page in (ROOT / test).read_text(encoding="utf-8"), (page, test)


@pytest.mark.slow
def test_the_commands_run(command, digits, tmp_path):
    shutil.copytree(ROOT / "examples", "examples")
    for line, small in RUN_HERE.items():
        if line.endswith("--results theirs") and not (tmp_path / "theirs").exists():
            command(*shlex.split(f"-m optimizer=sgd,adam {ON_DIGITS} results_dir=theirs name=THEIR_SWEEP"))
        outcome = command(*shlex.split(line.removeprefix("python -m zdl_bench ")), *shlex.split(small))
        assert outcome.status == 0, (line, outcome.err)
