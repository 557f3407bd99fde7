"""The figures of `docs/gallery.md`. `python tests/gallery.py` runs the page's commands and copies what they draw."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "gallery.md").read_text(encoding="utf-8")
PART = re.compile(r"^<!-- run -->\n```\n(.*?)```\n(.*?)(?=^<!-- run -->|\Z)", re.DOTALL | re.MULTILINE)
"""A command of the page, and the text up to the next one, which shows what the command draws."""


def images() -> list[str]:
    return re.findall(r"\]\(figures/gallery/(.+?)\)", PAGE)


def draw(folder: Path) -> dict[str, Path]:
    """Run the commands of the page in a folder, and return the file of each of its images."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    found = {}
    for command, text in PART.findall(PAGE):
        subprocess.run(["bash", "-euc", command], cwd=folder, env=environment, check=True, capture_output=True)
        [name] = re.findall(r" name=(\w+)$", command.strip())
        for image in re.findall(r"\]\(figures/gallery/(.+?)\)", text):
            found[image] = folder / "results/sweeps" / name / "figures" / image
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        (DOCS / "figures/gallery").mkdir(exist_ok=True)
        for image, path in draw(Path(place)).items():
            shutil.copy(path, DOCS / "figures/gallery" / image)
