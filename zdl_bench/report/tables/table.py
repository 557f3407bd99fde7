"""A table: a frame of numbers, and one list of columns that says how readers see it."""

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

import pandas as pd

from zdl_bench.report.tables.formats import cell_text, csv, latex, markdown
from zdl_bench.run.conditions import accuracy_text, texts_of
from zdl_bench.statistics.measures import ACCURACY

Row = Mapping[str, Any]
"""A row of a table's frame: its values by the names of the frame's columns."""
MISSING = ("", "–")
INFINITE = sys.float_info.max
"""Stands for ∞, which JSON cannot express."""


class Cell(NamedTuple):
    """A cell of a table: its text, what it is sorted by (None comes last), and where it leads."""

    text: str
    order: float | str | None = None
    href: str = ""


@dataclass(frozen=True)
class Column:
    """A column as readers see it.

    heading: above it. key: the frame's column that it shows, and by which a page sorts it. text: writes a row's cell; by
    default, the value with four digits. href: where a row's cell leads.
    """

    heading: str
    key: str
    text: Callable[[Row], str] | None = None
    href: Callable[[Row], str] | None = None

    def cell(self, row: Row) -> Cell:
        text = self.text(row) if self.text else cell_text(row[self.key])
        return Cell(text, None if text in MISSING else order_of(row[self.key]), self.href(row) if self.href else "")


def order_of(value: object) -> float | str | None:
    """Return what sorts a value: a number by its size, anything else by its text, None if it is missing."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None if value is None else cell_text(value) or None
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else math.copysign(INFINITE, value)


def readable(name: str) -> str:
    """Return the heading of a column of numbers."""
    return name.replace("variant", "optimizer").replace("_", " ")


def column_of(name: str) -> Column:
    """Return the column that shows one of the runs' columns as it is."""
    if name == "run_id":
        return Column("run id", name, href=lambda row: f"../../runs/{row[name][:2]}/{row[name]}.parquet")
    return Column(readable(name), name, partial(_accuracy, name=name) if name.endswith(ACCURACY) else None)


def _accuracy(row: Row, name: str) -> str:
    return "–" if math.isnan(row[name]) else accuracy_text(row[name])


def lr_column(numbers: pd.DataFrame, key: str = "lr", heading: str = "lr", missing: str = "none") -> Column:
    """Return the column of learning rates, no two different ones written alike."""
    texts = texts_of(numbers[key].dropna().unique().tolist())
    return Column(heading, key, lambda row: texts.get(row[key], missing))


@dataclass(frozen=True)
class PageTable:
    """A table as a page shows it. file: beside the page, with the same rows."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    file: str = ""

    @property
    def columns_about(self) -> list["ColumnAbout"]:
        columns = zip(*self.rows, strict=True) if self.rows else [()] * len(self.columns)
        return [
            ColumnAbout(
                is_numeric=any(isinstance(cell.order, int | float) for cell in cells),
                has_keys=any(cell.order != cell.text for cell in cells),
            )
            for cells in columns
        ]


class ColumnAbout(NamedTuple):
    """is_numeric: whether a column is sorted by numbers. has_keys: whether it is sorted by something else than its texts."""

    is_numeric: bool
    has_keys: bool


@dataclass(frozen=True)
class Table:
    """A table of the report.

    name: of its files. numbers: every digit, for programs. columns: what readers see of it. heading, note: on the page.
    summary: the rows that readers see if they are not those of the numbers.
    """

    name: str
    numbers: pd.DataFrame
    columns: Sequence[Column]
    heading: str = ""
    note: str = ""
    summary: pd.DataFrame | None = None

    @cached_property
    def cells(self) -> list[list[Cell]]:
        """The cells that readers see, row by row."""
        frame = self.numbers if self.summary is None else self.summary
        return [[column.cell(row) for column in self.columns] for row in frame.to_dict("records")]

    @property
    def reading(self) -> pd.DataFrame:
        """The table as texts."""
        texts = [[cell.text for cell in row] for row in self.cells]
        return pd.DataFrame(texts, columns=[column.heading for column in self.columns], dtype=object)

    def files(self, slug: str = "") -> dict[str, bytes]:
        """Return its files by their paths below the sweep's folder; none if it has no rows."""
        if self.numbers.empty:
            return {}
        texts = {"csv": csv(self.numbers), "md": markdown(self.reading), "tex": latex(self.reading)}
        return {f"tables/{self.name}{slug}.{suffix}": text.encode() for suffix, text in texts.items()}

    def on_page(self, slug: str = "") -> PageTable:
        """Return what a page shows of it."""
        return PageTable([column.heading for column in self.columns], self.cells, f"tables/{self.name}{slug}.csv")
