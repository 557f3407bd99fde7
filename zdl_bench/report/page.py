"""The content of a report's page."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field

from zdl_bench.report.chart_data import Chart
from zdl_bench.report.phrases import join_notes
from zdl_bench.report.tables.table import PageTable
from zdl_bench.report.words.answer import Answer
from zdl_bench.report.words.reported_finding import ReportedFinding

MAX_OPEN_PARTS = 3
"""Largest number of sections on single values of a varied key that a page shows open."""


@dataclass(frozen=True)
class PageFigure:
    """A figure on the page.

    image: a data URL, or empty if the page only links to the files. files: the paths of the figure's files, relative to the
    page. caption: what the first figure of the page leaves out. notes: what stands beside the title, one fact each. widths: of
    the figure on a wide screen, and the smallest at which its letters can be read, in pixels.
    """

    title: str
    description: str
    image: str
    files: Sequence[str] = ()
    caption: str = ""
    notes: Sequence[str] = ()
    widths: tuple[int, int] = (0, 0)

    def caption_without(self, known: Sequence[str]) -> str:
        """Return the notes without those that a reader knows from the text above the figure."""
        return join_notes(*(note for note in self.notes if note not in known))

    @property
    def links(self) -> list[tuple[str, str]]:
        """The name of each file format, with the path of the file."""
        return [(file.rpartition(".")[2].upper(), file) for file in self.files]


def data_url(image: bytes, kind: str = "webp") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"


@dataclass(frozen=True)
class PageVerdict:
    """The page's section on a claim: a heading with the verdict, the claim, notes, and a table of the comparisons."""

    heading: str
    sentence: str
    notes: Sequence[str]
    comparisons: PageTable


@dataclass(frozen=True)
class PagePart:
    """The page's section on a comparison, or on an axis of the sweep.

    tables: the heading, the note and the content of each table. The page leaves out tables without rows.
    """

    heading: str
    context: Sequence[str]
    figures: Sequence[PageFigure]
    tables: Sequence[tuple[str, str, PageTable]]
    findings: Sequence[ReportedFinding] = ()


@dataclass(frozen=True)
class FirstScreen:
    """What a reader sees first. context: what was run, in one line. note: what the table shows, and what not."""

    answer: Answer
    context: str = ""
    figure: PageFigure | None = None
    table: PageTable = field(default_factory=lambda: PageTable([], []))
    note: str = ""


@dataclass(frozen=True)
class Page:
    """The whole content of a sweep's page.

    notes: warnings at the head of the page. across: figures that combine all comparisons. downloads: paths of the files that
    the page links to. made: when the sweep started and finished. settings: what was run, with one row per optimizer.
    axes: the sections on the keys that were varied. error: how often such a page names a difference that is none, or empty.
    first: the first screen.
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
    axes: Sequence[PagePart] = ()
    first: FirstScreen = field(default_factory=lambda: FirstScreen(Answer("")))

    @property
    def has_closed_parts(self) -> bool:
        """Whether the sections on single values of a varied key are closed until a reader opens them."""
        return bool(self.axes) and len(self.parts) > MAX_OPEN_PARTS
