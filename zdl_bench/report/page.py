"""What a page shows."""

import base64
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

from zdl_bench.report.chart import Chart

NUMBER = re.compile(
    r"(?:[<>≤≥] ?|ratio |odds ratio |difference |slope )?"
    r"(?P<sign>[-−])?(?:(?P<digits>\d[\d,]*(?:\.\d*)?(?:e[-+]?\d+)?)|∞|inf)(?:[ %,;].*)?"
)
"""A number as tables show it, with or without more about it: what it is, its spread, a count."""
NO_VALUE = ("", "–", "none", "never", "no value")
LARGEST = sys.float_info.max
"""Stands for ∞, which JSON does not have."""


class Cell(NamedTuple):
    """A cell of a table: its text, what it is sorted by (None comes last), and where it leads."""

    text: str
    order: float | str | None = None
    href: str = ""


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
class PageTable:
    """file: beside the page, with the same rows."""

    columns: list[str]
    rows: list[list[Cell]]
    file: str = ""

    @classmethod
    def of_frame(cls, frame: pd.DataFrame, links: Mapping[str, Sequence[str]] | None = None, file: str = "") -> "PageTable":
        """The table of a frame of texts, sorted by the numbers that they show. links: column → one address per row."""
        columns = []
        for column in frame.columns:
            texts = [str(text) for text in frame[column]]
            hrefs = links[column] if links and column in links else [""] * len(texts)
            columns.append([Cell(*cell) for cell in zip(texts, _orders(texts), hrefs, strict=True)])
        return cls([str(column) for column in frame.columns], [list(row) for row in zip(*columns, strict=True)], file)

    @property
    def columns_about(self) -> list["ColumnAbout"]:
        columns = zip(*self.rows, strict=True) if self.rows else [()] * len(self.columns)
        return [ColumnAbout.of_cells(cells) for cells in columns]


class ColumnAbout(NamedTuple):
    """is_numeric: whether a column is sorted by numbers. has_keys: whether by something else than its texts."""

    is_numeric: bool
    has_keys: bool

    @classmethod
    def of_cells(cls, cells: Sequence[Cell]) -> "ColumnAbout":
        is_numeric = any(isinstance(cell.order, int | float) for cell in cells)
        return cls(is_numeric, has_keys=any(cell.order != cell.text for cell in cells))


def _orders(texts: Sequence[str]) -> list[float | str | None]:
    """The numbers that the texts begin with, where most of the different texts do, None for the others; otherwise the texts.

    Different ones, since a reason why there is no number is often that of many rows.
    """
    numbers = {text: _number(text) for text in texts if text not in NO_VALUE}
    if 2 * sum(number is not None for number in numbers.values()) > len(numbers):
        return [numbers.get(text) for text in texts]
    return [text if text not in NO_VALUE else None for text in texts]


def _number(text: str) -> float | None:
    match = NUMBER.fullmatch(text)
    if not match:
        return None
    size = float(match["digits"].replace(",", "")) if match["digits"] else LARGEST
    return -min(size, LARGEST) if match["sign"] else min(size, LARGEST)


@dataclass(frozen=True)
class PageVerdict:
    """A claim on the page: what was found, what it says, what has to be known besides, and its comparisons."""

    heading: str
    sentence: str
    notes: Sequence[str]
    comparisons: PageTable


@dataclass(frozen=True)
class PageFinding:
    """What a comparison shows, in words."""

    heading: str
    sentence: str
    details: Sequence[str]


@dataclass(frozen=True)
class PagePart:
    """One comparison on the page. tables: heading, note, table; a table without rows is left out."""

    heading: str
    context: Sequence[str]
    figures: Sequence[PageFigure]
    tables: Sequence[tuple[str, str, PageTable]]
    findings: Sequence[PageFinding] = ()


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
