"""A page → one self-contained HTML file. Everything that came from a config is escaped."""

from pathlib import Path

import jinja2
from markupsafe import Markup

from zdl_bench.report.embedding import embedded_json, packed_json, packed_libraries, script_hash
from zdl_bench.report.page import Page
from zdl_bench.report.words.glossary import SYMBOLS, glossary

TEMPLATES = Path(__file__).with_name("templates")
SCRIPTS = ("unpack.js", "tables.js", "chart.js", "chart_controls.js", "page.js")
MAX_HTML_ROWS = 500
"""Of a table; of more, a browser gets the data, packed, and builds what is looked at."""


def render(page: Page) -> str:
    """The page's HTML."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.jinja").render(
        page=page,
        sections=_sections(page),
        with_findings=[part for part in page.parts if part.findings],
        most_html_rows=MAX_HTML_ROWS,
        style=_own("page.css"),
        script=_own(*SCRIPTS),
        libraries=packed_libraries(),
        glossary=glossary(),
        symbols=SYMBOLS,
        embedded_json=embedded_json,
        packed_json=packed_json,
        script_hash=script_hash,
    )


def _sections(page: Page) -> list[tuple[str, str]]:
    """Anchor and heading of each section that the page has."""
    parts = [(f"part-{number}", part.heading) for number, part in enumerate(page.parts, start=1)]
    found = [
        (page.verdicts, "verdicts", "Verdicts"),
        (any(part.findings for part in page.parts), "findings", "Findings"),
        (page.chart.runs, "chart", "All curves"),
        (page.across, "across", "Across settings"),
        *((True, anchor, heading) for anchor, heading in parts),
        (True, "runs", "Runs"),
        (page.settings.rows, "settings", "What was run"),
        (True, "environment", "Environment"),
        (page.downloads, "files", "Files"),
        (True, "glossary", "What the numbers mean"),
    ]
    return [(anchor, heading) for is_there, anchor, heading in found if is_there]


def _own(*names: str) -> Markup:
    """The project's own text of these files, one after the other."""
    return Markup("\n".join((TEMPLATES / name).read_text(encoding="utf-8") for name in names))  # noqa: S704
