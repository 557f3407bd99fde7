"""Keep the translations in step with the texts: `python tests/catalogs.py` adds the new ones to every `conf/languages/NAME.po`.

`python tests/catalogs.py FILE.po …` also takes over the translations that these files have. Texts that are gone are left out.
"""

import ast
import io
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from zdl_bench.report.glossary import definition_of
from zdl_bench.report.print_columns import END_MEASURES, PACE, USUAL, heading_of
from zdl_bench.report.tables.group_statistics import OUTCOMES
from zdl_bench.report.tables.runs import FAILURE_COLUMNS, RUN_COLUMNS
from zdl_bench.report.tables.table import readable
from zdl_bench.run.run import Status
from zdl_bench.statistics.metrics.catalogue import METRICS
from zdl_bench.statistics.verdict import Verdict

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "zdl_bench"
LANGUAGES = ROOT / "conf/languages"
KEYWORDS = {
    "translate": None,
    "translatable": None,
    "later": None,
    "translate_with_links": None,
    "translate_count": (1, 2),
    "later_count": (1, 2),
}
METHODS = {"*.py": "python", "*.jinja": "jinja2.ext:babel_extract", "*.js": "javascript"}
HEADER = "# The texts of zdl_bench in another language. What stands in braces is filled in, and may stand anywhere.\n#"
LEFT_OUT = tuple(
    f'"{key}'.encode()
    for key in ("POT-Creation-Date", "PO-Revision-Date", "Report-Msgid", "Last-Translator", "Language-Team", "Generated-By")
)
"""The starts of lines of the header that would change with every writing, or name no one."""

Text = str | tuple[str, str]


@cache
def texts() -> dict[Text, list[str]]:
    """Return every text that the package says, each with the files in which it stands. A counted text is a pair."""
    found: dict[Text, list[str]] = {}
    for pattern, method in METHODS.items():
        for path in sorted(PACKAGE.rglob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            with path.open("rb") as stream:
                options = {"trimmed": "true", "encoding": "utf-8"}
                every = [one[1] for one in extract(method, stream, keywords=KEYWORDS, options=options)]
            for text in [*every, *(_counts(path) if pattern == "*.py" else ())]:
                places = found.setdefault(tuple(text) if isinstance(text, (tuple, list)) else text, [])
                places += [name] * (name not in places)
    for text, module in _names():
        places = found.setdefault(text, [])
        places += [module] * (module not in places)
    return found


def _names() -> Iterator[tuple[str, str]]:
    """Yield names and definitions that no file has as a whole text, each with the file that has them."""
    for metric in METRICS:
        module = f"{metric.compute.__module__.replace('.', '/')}.py"
        yield from ((text, module) for text in (readable(metric.name), definition_of(metric), metric.unit) if text != "1")
    tables = "zdl_bench/report/tables/table.py"
    yield from ((readable(name), tables) for name in (*RUN_COLUMNS, *FAILURE_COLUMNS, *END_MEASURES, PACE, *OUTCOMES, "reason"))
    yield from ((heading_of(name), "zdl_bench/report/print_columns.py") for group in USUAL for name in group)
    yield from ((status.value, "zdl_bench/run/run.py") for status in Status)
    yield from ((verdict.value, "zdl_bench/statistics/verdict.py") for verdict in Verdict)


def _counts(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the texts of `count_of(number, "seed")`: a number with its noun."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "count_of":
            noun = node.args[1]
            if isinstance(noun, ast.Constant):
                yield f"{{count}} {noun.value}", f"{{count}} {noun.value}s"


def read(path: Path) -> Catalog:
    with path.open("rb") as stream:
        return read_po(stream, locale=path.stem)


def updated(path: Path, others: list[Path]) -> Catalog:
    """Return the catalogue at a path with every text of today, translated where a file has it; its own translations first."""
    known: dict[Text, object] = {}
    for catalog in (read(path), *(read(other) for other in others if other.stem == path.stem)):
        for one in catalog:
            if one.id and is_translated(one):
                known.setdefault(tuple(one.id) if isinstance(one.id, (tuple, list)) else one.id, one.string)
    made = Catalog(locale=path.stem, header_comment=HEADER, project="zdl_bench", version="", fuzzy=False)
    for text, places in sorted(texts().items(), key=lambda one: (one[1][0], str(one[0]))):
        made.add(text, known.get(text), locations=[(place, None) for place in places])
    return made


def written(catalog: Catalog) -> bytes:
    stream = io.BytesIO()
    write_po(stream, catalog, width=128, omit_header=False, include_lineno=False, ignore_obsolete=True)
    lines = stream.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(LEFT_OUT))


def is_translated(one: Message) -> bool:
    return all(one.string) if isinstance(one.string, tuple) else bool(one.string)


if __name__ == "__main__":
    for path in sorted(LANGUAGES.glob("*.po")):
        catalog = updated(path, [Path(name) for name in sys.argv[1:]])
        path.write_bytes(written(catalog))
        missing = [one.id for one in catalog if one.id and not is_translated(one)]
        print(f"{path.name}: {len(catalog)} texts, {len(missing)} without a translation")
        print("".join(f"  {text}\n" for text in missing[:20]), end="")
