"""The content of a report's page."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field

from zdl_bench.report.chart import Chart
from zdl_bench.report.tables.table import PageTable
from zdl_bench.report.words.reported_finding import ReportedFinding


@dataclass(frozen=True)
class PageFigure:
    """A figure on the page. image: a data URL; empty if the page only links to the files. files: beside the page."""

    title: str
    description: str
    image: str
    files: Sequence[str] = ()

    @property
    def links(self) -> list[tuple[str, str]]:
        """The name of each format with its file."""
        return [(file.rpartition(".")[2].upper(), file) for file in self.files]


def data_url(webp: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(webp).decode()}"


@dataclass(frozen=True)
class PageVerdict:
    """A claim on the page: its verdict, its sentence, notes on both, and its comparisons."""

    heading: str
    sentence: str
    notes: Sequence[str]
    comparisons: PageTable


@dataclass(frozen=True)
class PagePart:
    """A comparison on the page. tables: heading, note, table; tables without rows are left out."""

    heading: str
    context: Sequence[str]
    figures: Sequence[PageFigure]
    tables: Sequence[tuple[str, str, PageTable]]
    findings: Sequence[ReportedFinding] = ()


@dataclass(frozen=True)
class Page:
    """All content of a sweep's page.

    notes: warnings. across: figures of all comparisons together. downloads: files beside the page.
    made: when the runs were made, and how long that took. settings: what was run, one row per optimizer.
    """

    name: str
    title: str
    source: str
    command: str
    run_count: int
    notes: Sequence[str]
    verdicts: Sequence[PageVerdict]
    across: Sequence[PageFigure]
    parts: Sequence[PagePart]
    chart: Chart
    runs: PageTable
    environment: PageTable
    downloads: Sequence[str]
    made: str = ""
    settings: PageTable = field(default_factory=lambda: PageTable([], []))
