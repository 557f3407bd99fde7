"""The content of a report's page."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field

from zdl_bench.report.chart import Chart
from zdl_bench.report.tables.table import PageTable
from zdl_bench.report.words.reported_finding import ReportedFinding


@dataclass(frozen=True)
class PageFigure:
    """A figure on the page.

    image: a data URL, or empty if the page only links to the files. files: the paths of the figure's files, relative to the
    page.
    """

    title: str
    description: str
    image: str
    files: Sequence[str] = ()

    @property
    def links(self) -> list[tuple[str, str]]:
        """The name of each file format, with the path of the file."""
        return [(file.rpartition(".")[2].upper(), file) for file in self.files]


def data_url(webp: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(webp).decode()}"


@dataclass(frozen=True)
class PageVerdict:
    """The page's section on a claim: a heading with the verdict, the claim, notes, and a table of the comparisons."""

    heading: str
    sentence: str
    notes: Sequence[str]
    comparisons: PageTable


@dataclass(frozen=True)
class PagePart:
    """The page's section on a comparison.

    tables: the heading, the note and the content of each table. The page leaves out tables without rows.
    """

    heading: str
    context: Sequence[str]
    figures: Sequence[PageFigure]
    tables: Sequence[tuple[str, str, PageTable]]
    findings: Sequence[ReportedFinding] = ()


@dataclass(frozen=True)
class Page:
    """The whole content of a sweep's page.

    notes: warnings at the head of the page. across: figures that combine all comparisons. downloads: paths of the files that
    the page links to. made: when the sweep started and finished. settings: what was run, with one row per optimizer.
    error: how often such a page names a difference that is none, or empty.
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
    error: str = ""
    settings: PageTable = field(default_factory=lambda: PageTable([], []))
