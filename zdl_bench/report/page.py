"""What a page shows."""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from zdl_bench.report.chart import Chart

NUMBER = re.compile(r"([-−]?\d[\d,]*(?:\.\d*)?(?:e[-+]?\d+)?)(?:[ %].*)?")
"""A number as tables show it, with or without more behind it: its spread, a count."""
NO_VALUE = ("", "–", "none", "never")


class Cell(NamedTuple):
    """A cell of a table: its text, what it is sorted by (None comes last), and where it leads."""

    text: str
    order: float | str | None = None
    href: str = ""


@dataclass(frozen=True)
class PageFigure:
    """A figure on the page. image: as a data URL."""

    title: str
    description: str
    image: str

    @classmethod
    def of_webp(cls, title: str, description: str, webp: bytes) -> "PageFigure":
        return cls(title, description, f"data:image/webp;base64,{base64.b64encode(webp).decode()}")


@dataclass(frozen=True)
class PageTable:
    columns: list[str]
    rows: list[list[Cell]]

    @classmethod
    def of_frame(
        cls,
        frame: pd.DataFrame,
        keys: pd.DataFrame | None = None,
        links: Mapping[str, Sequence[str]] | None = None,
    ) -> "PageTable":
        """The table of a frame of texts.

        keys: has the frame's index and some of its columns, with the raw values to sort by; a column that is not among
        them is sorted by its texts, as numbers where all of them are. links: column → one address per row.
        """
        columns = []
        for column in frame.columns:
            texts = [str(text) for text in frame[column]]
            orders = _keys(keys[column]) if keys is not None and column in keys else _orders(texts)
            hrefs = links[column] if links and column in links else [""] * len(texts)
            columns.append([Cell(*cell) for cell in zip(texts, orders, hrefs, strict=True)])
        return cls([str(column) for column in frame.columns], [list(row) for row in zip(*columns, strict=True)])

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


def _keys(values: "pd.Series") -> list[float | str | None]:
    return [None if pd.isna(value) else value if isinstance(value, str) else float(value) for value in values]


def _orders(texts: Sequence[str]) -> list[float | str | None]:
    """The numbers that the texts begin with, where every text that says something does; otherwise the texts."""
    found = [NUMBER.fullmatch(text) for text in texts]
    if all(match or text in NO_VALUE for match, text in zip(found, texts, strict=True)):
        return [float(match[1].replace(",", "").replace("−", "-")) if match else None for match in found]
    return [text if text not in NO_VALUE else None for text in texts]


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
