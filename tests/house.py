"""The rooms (subpackages) of the package and their imports, as `docs/house.md` shows them.

`python tests/house.py` draws `docs/figures/house.svg` again. `tests/test_house.py` compares the picture with the source tree.
"""

import ast
import importlib
import tomllib
from collections.abc import Iterator
from html import escape
from pathlib import Path

from zdl_bench.registry.module_files import ROOMS as PARTS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "zdl_bench"
PICTURE = ROOT / "docs/figures/house.svg"
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
WIDTH, BOX, HEIGHT, GAP = 1120, 250, 62, 46
"""In pixels: the width of the picture, the width and the height of a box, and the gap between two floors."""
STYLE = (
    "text{font-family:system-ui,sans-serif;fill:#1a1a1a}.name{font-size:15px;font-weight:600}.what{font-size:10.5px;fill:#444}"
    "rect{fill:#f4f7fb;stroke:#4a6785;stroke-width:1.2}path{fill:none;stroke:#4a6785;stroke-width:1.1;opacity:.75}"
)


def floors() -> list[list[str]]:
    """Return the rooms of each floor, from top to bottom. The floors are the layers that import-linter checks."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    listed = [[room for room in layer.split(" | ") if room in ROOMS] for layer in layers]
    return [floor for floor in listed if floor]


def arrows() -> set[tuple[str, str]]:
    """Return the pairs (room, imported room) of all imports, except those under `if TYPE_CHECKING`."""
    found = set()
    for room in ROOMS:
        for path in (PACKAGE / room).rglob("*.py"):
            for module in _imports(ast.parse(path.read_text(encoding="utf-8"))):
                package, _, below = module.partition(".")
                target = below.partition(".")[0]
                if package == PACKAGE.name and target in ROOMS and target != room:
                    found.add((room, target))
    return found


def _imports(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.ImportFrom) and child.module:
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        yield from _imports(child)


def below(room: str, among: set[tuple[str, str]]) -> set[str]:
    """Return all rooms that a room reaches by arrows."""
    reached: set[str] = set()
    waiting = [room]
    while waiting:
        here = waiting.pop()
        for target in {end for start, end in among if start == here} - reached:
            reached.add(target)
            waiting.append(target)
    return reached


def drawn_arrows() -> set[tuple[str, str]]:
    """Return the arrows without those that a longer path implies, so that the picture is readable."""
    every = arrows()
    return {
        (start, end)
        for start, end in every
        if not any(end in below(middle, every) for begin, middle in every if begin == start and middle != end)
    }


def purpose(room: str) -> str:
    """Return the first line of the room's docstring."""
    return (importlib.import_module(f"{PACKAGE.name}.{room}").__doc__ or "").partition("\n")[0].replace("`", "")


def picture() -> str:
    """Return an SVG of the rooms on their floors, each with its purpose, and of the arrows of `drawn_arrows`.

    Dashed arrows show the rooms whose code `registry` finds by name, without an import.
    """
    centre = {
        room: (int(WIDTH * (column + 0.5) / len(floor)), row * (HEIGHT + GAP) + HEIGHT // 2 + 8)
        for row, floor in enumerate(floors())
        for column, room in enumerate(floor)
    }
    height = len(floors()) * (HEIGHT + GAP) - GAP + 16
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        "<title>The rooms of zdl_bench; each imports only rooms below it</title>",
        f"<style>{STYLE}</style>",
    ]
    by_name = {("registry", room) for room in PARTS}
    for start, end in sorted(drawn_arrows() | by_name):
        (x, y), (to_x, to_y) = centre[start], centre[end]
        y, to_y = y + HEIGHT // 2, to_y - HEIGHT // 2
        dashes = ' stroke-dasharray="4 4"' if (start, end) in by_name else ""
        lines.append(f'<path d="M{x} {y} C{x} {y + GAP} {to_x} {to_y - GAP} {to_x} {to_y}"{dashes}/>')
    for room, (x, y) in centre.items():
        lines.append(f'<rect x="{x - BOX // 2}" y="{y - HEIGHT // 2}" width="{BOX}" height="{HEIGHT}" rx="8"/>')
        lines.append(f'<text class="name" x="{x}" y="{y - 11}" text-anchor="middle">{room}</text>')
        for number, words in enumerate(_two_lines(purpose(room))):
            lines.append(f'<text class="what" x="{x}" y="{y + 7 + 14 * number}" text-anchor="middle">{escape(words)}</text>')
    return "\n".join([*lines, "</svg>", ""])


def _two_lines(text: str, letters: int = 43) -> list[str]:
    words, first = text.split(), ""
    while words and len(first) + len(words[0]) < letters:
        first = f"{first} {words.pop(0)}".strip()
    rest = " ".join(words)
    return [first, rest if len(rest) <= letters else rest[: letters - 1].rsplit(" ", 1)[0] + " …"]


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
    print(f"{len(ROOMS)} rooms, {len(arrows())} arrows, {len(drawn_arrows())} of them drawn")
