"""What a page shows."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field

from zdl_bench.report.chart import Chart
from zdl_bench.report.tables.table import PageTable
from zdl_bench.report.words.finding import ReportedFinding


@dataclass(frozen=True)
class PageFigure:
    """A figure on the page. image: as a data URL; empty where the page only leads to the files. files: beside the page."""

    title: str
    description: str
    image: str
    files: Sequence[str] = ()

    @property
    def links(self) -> list[tuple[str, str]]:
        """The name of a format, and the file in it."""
        return [(file.rpartition(".")[2].upper(), file) for file in self.files]


def data_url(webp: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(webp).decode()}"


@dataclass(frozen=True)
class PageVerdict:
    """A claim on the page: what was found, what it says, what has to be known besides, and its comparisons."""

    heading: str
    sentence: str
    notes: Sequence[str]
    comparisons: PageTable


@dataclass(frozen=True)
class PagePart:
    """One comparison on the page. tables: heading, note, table; a table without rows is left out."""

    heading: str
    context: Sequence[str]
    figures: Sequence[PageFigure]
    tables: Sequence[tuple[str, str, PageTable]]
    findings: Sequence[ReportedFinding] = ()


@dataclass(frozen=True)
class Page:
    """All content of a sweep's page.

    notes: what a reader has to be warned of. across: figures of all comparisons together. downloads: files beside the page.
    made: when the runs were made, and how long that took. settings: what was tried, one row per optimizer.
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
