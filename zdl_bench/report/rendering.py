"""Render the page as one self-contained HTML file. All text from a config is escaped."""

import json
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from zdl_bench.language import spoken, translate, translate_count
from zdl_bench.report.embedding import packed_json, packed_libraries, script_hash
from zdl_bench.report.glossary import glossary_row
from zdl_bench.report.page import Page
from zdl_bench.statistics.metrics.catalogue import METRICS

TEMPLATES = Path(__file__).with_name("templates")
SCRIPTS = (
    "unpack.js",
    "tables.js",
    "chart.js",
    "chart_means.js",
    "chart_controls.js",
    "chart_zoom.js",
    "chart_run.js",
    "page.js",
)
MAX_HTML_ROWS = 200
"""Largest number of rows of a table that is written as HTML.

A longer table is stored as compressed data, and the browser builds only the rows on the screen.
"""


def render(page: Page) -> str:
    """Return the HTML of the page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = _own(*SCRIPTS)
    environment.globals |= {"translate": translate, "translate_count": translate_count, "translate_with_links": _with_links}
    return environment.get_template("page.html.jinja").render(
        page=page,
        language=spoken().code,
        words={text: said for text, said in spoken().texts.items() if json.dumps(text, ensure_ascii=False) in script},
        max_html_rows=MAX_HTML_ROWS,
        style=_own("page.css"),
        script=script,
        libraries=packed_libraries(),
        metrics=[glossary_row(metric) for metric in METRICS],
        packed_json=packed_json,
        script_hash=script_hash,
    )


def _with_links(text: str, **values: object) -> Markup:
    """Return a text in the language of the reader, as HTML: values that are HTML already, such as links, stay as they are."""
    return escape(spoken().texts.get(text, text)).format(**values)


def _own(*names: str) -> Markup:
    """Return the text of these files in TEMPLATES, joined and marked as safe HTML that is not escaped."""
    return Markup("\n".join((TEMPLATES / name).read_text(encoding="utf-8") for name in names))  # noqa: S704
