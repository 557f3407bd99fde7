"""A user's folder with parts of their own: README's SignSGD, and what the tests add to it."""

import shutil
from pathlib import Path

SIGN_SGD = Path(__file__).parents[1] / "examples/sign_sgd"


def copy_sign_sgd(folder: Path) -> Path:
    """Return a copy of the example, for edits."""
    return Path(shutil.copytree(SIGN_SGD, folder, ignore=shutil.ignore_patterns("__pycache__")))


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
