"""Pages of the site that nobody writes by hand: every choice in conf/, with its keys and what its class says; all commands."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from inspect import getdoc
from pathlib import Path
from pydoc import locate
from typing import Any

from zdl_bench.plan.command_names import COMMAND_OPTIONS
from zdl_bench.registry import conf_files, registry

GROUPS = {
    "transform": "Transforms around an optimizer",
    "schedule": "Schedules of the learning rate",
    "problem": "Problems",
    "dataset": "Data sets",
    "executor": "Executors",
}
ROOT_PAGES = {
    "SECURITY.md": "security.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "experiments/README.md": "experiments.md",
}
"""File beside the folder of the docs → the page of the site that includes it."""

ARGUMENT = re.compile(r"\*{0,2}[\w ]+(, \*{0,2}\w+)*: ")
"""How a line about an argument or a field begins; whether it is one, the line before it decides, too."""


def write(folder: Path) -> None:
    """Write one page per group of conf/ into a folder."""
    folder.mkdir(exist_ok=True)
    pages = {group: _part_page(group, title) for group, title in GROUPS.items()} | {"commands": _command_page()}
    for path in folder.glob("*.md"):
        if path.stem not in pages:  # of an earlier version
            path.unlink()
    for name, lines in pages.items():
        path, text = folder / f"{name}.md", "\n".join(lines)
        if not path.exists() or path.read_text(encoding="utf-8") != text:  # a page that is newer is built again
            path.write_text(text, encoding="utf-8")


def _command_page() -> Iterator[str]:
    yield "# Commands\n\nWhat `python -m zdl_bench --help` prints, and then each command."
    for command in ("", *(name for name in COMMAND_OPTIONS if name)):
        run = [sys.executable, "-m", "zdl_bench", *command.split(), "--help"]
        text = subprocess.run(run, check=True, capture_output=True, text=True, env={**os.environ, "COLUMNS": "100"}).stdout
        yield f"\n## {command or 'All keys'}\n\n```text\n{text}```"


def _part_page(group: str, title: str) -> Iterator[str]:
    yield f"# {title}\n"
    yield f"Choose one with `{group}=NAME`, and set a key of it with `{conf_files.key_prefix(group, 'NAME')}.KEY=VALUE`.\n"
    for name in conf_files.native_names(group):
        content = conf_files.load_yaml(group, name)
        yield f"## {name}\n"
        if "_target_" in content:
            yield from docstring_as_markdown(getdoc(locate(content["_target_"])) or "")
        prefix = conf_files.key_prefix(group, name)
        keys = {key: value for key, value in content.items() if key not in registry.KEYS_ABOUT_A_PART}
        if keys:
            yield "| key | default |\n|---|---|"
            yield from (f"| `{prefix}.{key}` | `{text_of(value)}` |" for key, value in keys.items())
            yield ""


def docstring_as_markdown(docstring: str) -> Iterator[str]:
    """Yield the first paragraph, the rule of an optimizer, as a block of code, and the others as text and lists."""
    first, *others = docstring.split("\n\n")
    yield f"```text\n{first}\n```\n"
    for paragraph in others:
        marked = _marked(_joined(paragraph.splitlines()))
        yield "\n".join(f"- {escaped(line)}" if is_argument else escaped(line) for line, is_argument in marked) + "\n"


def _joined(lines: Sequence[str]) -> list[str]:
    """Append each indented line to the one before it: it is the second line about an argument."""
    joined: list[str] = []
    for line in lines:
        if line.startswith("    ") and joined and joined[-1].strip() and not joined[-1].startswith("    "):
            joined[-1] += " " + line.strip()
        else:
            joined.append(line)
    return joined


def _marked(lines: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Yield each line, and whether it is about an argument. A line within a sentence is not, even if a colon follows a word."""
    before = ""
    for line in lines:
        yield line, bool(ARGUMENT.match(line)) and (not before.strip() or before.rstrip().endswith((".", ":")))
        before = line


def escaped(line: str) -> str:
    """Escape what a page would take for marks: |g|, a star for keyword-only arguments, names_."""
    return line if "`" in line else re.sub(r"([|*_<])", r"\\\1", line)


def text_of(value: Any) -> str:
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text.replace("|", r"\|")


def link_to_files_beside_the_docs(app: Any, page: str, source: list[str]) -> None:
    """Change links to files that are no pages: those that the site includes, and notebooks to download."""
    up = "../" * page.count("/")
    text = source[0]
    for file, target in ROOT_PAGES.items():
        text = re.sub(rf"\]\({re.escape(up)}\.\./{re.escape(file)}", f"]({up}{target}", text)
    source[0] = re.sub(r"\]\(((?:\.\./)+examples/[\w./-]+\.ipynb)\)", r"](path:\1)", text)


def mark_up_docstring(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Turn a docstring into reStructuredText, with a paragraph per argument."""
    marked = [["", line] if is_argument else [line] for line, is_argument in _marked(_joined(lines))]
    lines[:] = [escaped(line) for group in marked for line in group]
