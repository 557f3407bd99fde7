"""Render the page as one self-contained HTML file. All text from a config is escaped."""

import inspect
from pathlib import Path

import jinja2
from markupsafe import Markup

from zdl_bench.report.embedding import embedded_json, packed_json, packed_libraries, script_hash
from zdl_bench.report.page import Page
from zdl_bench.report.tables.table import readable
from zdl_bench.statistics.metrics.catalogue import METRICS
from zdl_bench.statistics.metrics.metric import Metric

TEMPLATES = Path(__file__).with_name("templates")
SCRIPTS = ("unpack.js", "tables.js", "chart.js", "chart_controls.js", "page.js")
MAX_HTML_ROWS = 500
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
    return environment.get_template("page.html.jinja").render(
        page=page,
        max_html_rows=MAX_HTML_ROWS,
        style=_own("page.css"),
        script=_own(*SCRIPTS),
        libraries=packed_libraries(),
        metrics=[_glossary_row(metric) for metric in METRICS],
        embedded_json=embedded_json,
        packed_json=packed_json,
        script_hash=script_hash,
    )


def _glossary_row(metric: Metric) -> tuple[str, str, str, str]:
    """Return the metric's name, definition and unit, and whether lower or higher values are better."""
    definition = " ".join((inspect.getdoc(metric.compute) or "").split()).replace("NaN", "No value")
    return readable(metric.name), definition, metric.unit, "lower" if metric.lower_is_better else "higher"


def _own(*names: str) -> Markup:
    """Return the text of these files in TEMPLATES, joined and marked as safe HTML that is not escaped."""
    return Markup("\n".join((TEMPLATES / name).read_text(encoding="utf-8") for name in names))  # noqa: S704
