"""Tables of a report: a frame of numbers, and a list of columns that says how readers see the numbers."""

import math
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

import pandas as pd

from zdl_bench.language import translatable, translate
from zdl_bench.report.display_names import with_keys
from zdl_bench.report.tables.formats import cell_text, csv, latex, markdown
from zdl_bench.run.conditions import accuracy_text, texts_of
from zdl_bench.statistics.measures import ACCURACY

Record = Mapping[str, Any]
"""A row of a table's frame, as a mapping from column names to values."""
NO_TEXT = ("", "–")
INFINITE = sys.float_info.max
"""The sort key of ∞, which JSON cannot express."""


class Cell(NamedTuple):
    """A cell of a table. order: the key by which a page sorts the cell, or None: it comes last. href: its link, or empty."""

    text: str
    order: float | str | None = None
    href: str = ""


@dataclass(frozen=True)
class Column:
    """A column as readers see it.

    key: the column of the frame that is shown, and by which a page sorts. write: turns a value into text. missing: the text for
    a missing value. row_text: turns the whole row into the text of the cell, and replaces `write` and `missing`. href: the link
    of each cell, with {} in place of the value, or empty. is_shaded, is_bold: whether the cell of a row is, or None: none is.
    explanation: what the heading means, or empty.
    """

    heading: str
    key: str
    write: Callable[[Any], str] = cell_text
    missing: str = "–"
    row_text: Callable[[Record], str] | None = None
    href: str = ""
    is_shaded: Callable[[Record], bool] | None = None
    is_bold: Callable[[Record], bool] | None = None
    explanation: str = ""

    def cell(self, row: Record) -> Cell:
        value = row[self.key]
        is_missing = value is None or value != value
        text = self.row_text(row) if self.row_text else self.missing if is_missing else self.write(value)
        order = None if is_missing or text in NO_TEXT else order_of(value)
        return Cell(text, order, self.href.format(value))


def order_of(value: object) -> float | str:
    """Return the key by which a page sorts a value: a number itself, or any other value as text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value if math.isfinite(value) else math.copysign(INFINITE, value)
    return cell_text(value)


def readable(name: str) -> str:
    """Return the name of a frame's column as English readers see it, such as `tail loss` for `tail_loss`."""
    return name.replace("variant", "optimizer").replace("_", " ")


def column_of(name: str) -> Column:
    """Return a table column that shows the values of a frame's column. Run ids link to the files of the runs."""
    href = "../../runs/{0:.2}/{0}.parquet" if name == "run_id" else ""
    write = translate if name == "status" else accuracy_text if name.endswith(ACCURACY) else cell_text
    return Column(translate(readable(name)), name, write, href=href)


def lr_column(numbers: pd.DataFrame, key: str = "lr", missing: str = translatable("none")) -> Column:
    """Return the column of learning rates, with enough digits to tell different learning rates apart."""
    texts = texts_of(numbers[key].dropna().unique().tolist())
    return Column("lr", key, texts.__getitem__, translate(missing))


@dataclass(frozen=True)
class PageTable:
    """A table as a page shows it.

    file: the path of the table's CSV file, relative to the page. shaded, bold: the row and the column of each such cell.
    explanations: what the headings mean, or none at all; an empty one for a heading that needs none.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    file: str = ""
    shaded: Collection[tuple[int, int]] = ()
    bold: Collection[tuple[int, int]] = ()
    explanations: Sequence[str] = ()

    @property
    def texts(self) -> list[list[str]]:
        return [[cell.text for cell in row] for row in self.rows]

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
    """How a page sorts a column. is_numeric: whether by numbers. has_keys: whether sort keys differ from the texts of cells."""

    is_numeric: bool
    has_keys: bool


@dataclass(frozen=True)
class Table:
    """A table of the report.

    name: the name of the table's files. numbers: the values with every digit, for programs. columns: what readers see. heading,
    note: shown on the page. summary: the rows that readers see instead of those of `numbers`, or None if readers see `numbers`.
    tex: the LaTeX file, or empty if it has what readers see, without the columns `not_in_latex`.
    """

    name: str
    numbers: pd.DataFrame
    columns: Sequence[Column]
    heading: str = ""
    note: str = ""
    summary: pd.DataFrame | None = None
    tex: str = ""
    not_in_latex: Sequence[str] = ()

    @cached_property
    def _seen(self) -> list[Record]:
        seen = self.numbers if self.summary is None else self.summary
        return [{str(key): value for key, value in row.items()} for row in seen.to_dict("records")]

    @cached_property
    def cells(self) -> list[list[Cell]]:
        """The cells that readers see, row by row."""
        return [[column.cell(row) for column in self.columns] for row in self._seen]

    @cached_property
    def shaded(self) -> set[tuple[int, int]]:
        """The row and the column of each shaded cell."""
        return self._marked([column.is_shaded for column in self.columns])

    def _marked(self, tests: Sequence[Callable[[Record], bool] | None]) -> set[tuple[int, int]]:
        found = [(place, test) for place, test in enumerate(tests) if test]
        return {(number, place) for number, row in enumerate(self._seen) for place, test in found if test(row)}

    @property
    def reading(self) -> pd.DataFrame:
        """The table as readers see it, as a frame of texts, with a mark on shaded cells."""
        page = self.on_page()
        texts = [
            [f"{text} ≈" if (row, column) in self.shaded else text for column, text in enumerate(cells)]
            for row, cells in enumerate(page.texts)
        ]
        return pd.DataFrame(texts, columns=page.columns, dtype=object)

    def files(self, slug: str = "", keys: Mapping[str, str] = MappingProxyType({})) -> dict[str, bytes]:
        """Map the path of each file of the table, relative to the sweep's folder, to its content. No rows give no files.

        keys: name for readers → name in the CSV file.
        """
        if self.numbers.empty:
            return {}
        reading = self.reading
        tex = self.tex or latex(reading.drop(columns=list(self.not_in_latex)))
        texts = {"csv": csv(with_keys(self.numbers, keys)), "md": markdown(reading), "tex": tex}
        return {f"tables/{self.name}{slug}.{suffix}": text.encode() for suffix, text in texts.items()}

    def on_page(self, slug: str = "") -> PageTable:
        """Return the table as a page shows it."""
        bold = self._marked([column.is_bold for column in self.columns])
        headings = [column.heading for column in self.columns]
        explanations = [column.explanation for column in self.columns]
        return PageTable(headings, self.cells, f"tables/{self.name}{slug}.csv", self.shaded, bold, explanations)
