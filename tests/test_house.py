"""The package as a house of rooms: `docs/house.md` is up to date, each room states its purpose, each name means one thing."""

import ast
import importlib
import re
from collections import defaultdict

import pytest
from house import PACKAGE, PICTURE, ROOMS, ROOT, arrows, floors, picture

LOOSE = {"__init__.py", "__main__.py", "cli.py", "errors.py", "interrupts.py", "language.py"}
MAX_ARROWS = 60
SHARED = {"main": "an entry point", "captioned_figures": "what a file in `report/figures/` gives the report"}
"""Names that several modules may define, each in its own form, and what each name means."""


def public_names(path):
    """Yield the public names that a module defines at its top level."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
        else:
            names = []
        yield from (name for name in names if not name.startswith("_"))


def test_the_picture_shows_the_tree():
    assert PICTURE.read_text(encoding="utf-8") == picture(), "the picture is out of date; run python tests/house.py"


def test_every_module_is_in_a_room():
    assert {path.name for path in PACKAGE.glob("*.py")} == LOOSE
    assert sorted(room for floor in floors() for room in floor) == ROOMS


def test_the_rooms_have_few_arrows():
    assert len(arrows()) <= MAX_ARROWS


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_holds_and_what_it_must_not_know(room):
    held, empty, *limits = importlib.import_module(f"zdl_bench.{room}").__doc__.strip().split("\n")
    assert held
    assert not empty
    assert limits


@pytest.mark.parametrize("room", ROOMS)
def test_the_guide_has_a_paragraph_on_every_room(room):
    guide = (ROOT / "docs/house.md").read_text(encoding="utf-8")
    assert re.search(rf"^\*\*`{room}/`\*\* ", guide, re.MULTILINE)


def test_the_files_that_the_guides_name_are_there():
    for page in ("docs/house.md", "CONTRIBUTING.md"):
        for name in re.findall(r"`((?:zdl_bench|tests|conf|docs|experiments|\.ci)/[\w./-]*)`", (ROOT / page).read_text()):
            assert "NAME" in name or (ROOT / name).exists(), (page, name)


def test_a_public_name_means_one_thing():
    places = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        for name in public_names(path):
            places[name].add(path.relative_to(PACKAGE).as_posix())
    assert {name: sorted(paths) for name, paths in places.items() if len(paths) > 1 and name not in SHARED} == {}


def test_no_module_is_longer_than_a_thought():
    lengths = {path.relative_to(PACKAGE).as_posix(): len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {name: lines for name, lines in lengths.items() if lines > 200} == {}
