"""How a report looks: the keys `figure.*` and `table.*`, which change no number."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from zdl_bench.errors import require

FORMATS = ("png", "svg", "pdf")
"""The file formats of figures."""
HOUSE, PAPER = "house", "paper"
WIDTHS = (89, 183)
"""Widths of figures for print, in mm: one and two columns of a journal."""
MAX_ASKED_OPTIMIZERS = 200
"""Largest number of optimizers that a person can ask for. With more, a figure could be too large for a file."""
MAX_CHOSEN_MEASURES = 12
"""Largest number of measures in a table for print."""


@dataclass(frozen=True)
class Presentation:
    """The look of a report's figures, the columns of its tables for print, and its language.

    style: house, paper, or the path of a matplotlib style file. width: of the figures, in mm, or None: as each figure needs.
    columns: the measures of the tables for print, or none for the usual ones. optimizers: how many each figure shows, or None:
    as many as it has room for. language: its code, such as `ja`.

    Raises ConfigError for a value that no report can have.
    """

    style: str = HOUSE
    width: int | None = None
    columns: tuple[str, ...] = ()
    optimizers: int | None = None
    language: str = "en"

    def __post_init__(self) -> None:
        is_file = self.style in (HOUSE, PAPER) or Path(self.style).is_file()
        require("figure.style", self.style, is_file, "give house, paper, or the path of a matplotlib style file")
        is_known = self.width is None or self.width in WIDTHS
        require("figure.width", self.width, is_known, "give 89 or 183, in mm: one or two columns of a journal")
        fits = self.width is None or self.style != HOUSE
        require("figure.width", self.width, fits, "figures of the house style have widths of their own; add figure.style=paper")
        is_count = self.optimizers is None or (type(self.optimizers) is int and 2 <= self.optimizers <= MAX_ASKED_OPTIMIZERS)
        remedy = f"give how many optimizers each figure shows, 2 to {MAX_ASKED_OPTIMIZERS}, or null: as many as fit"
        require("figure.optimizers", self.optimizers, is_count, remedy)
        few = len(self.columns) <= MAX_CHOSEN_MEASURES
        require("table.columns", list(self.columns), few, f"a page has room for {MAX_CHOSEN_MEASURES} columns; give fewer")

    @property
    def style_file(self) -> Path | None:
        return None if self.style in (HOUSE, PAPER) else Path(self.style)

    @property
    def is_for_print(self) -> bool:
        """Whether figures have the width of a column and leave their caption to the text."""
        return self.style == PAPER or self.width is not None

    @property
    def about(self) -> list[object]:
        """All that determines the look, with a hash of the style file."""
        content = self.style_file and hashlib.sha256(self.style_file.read_bytes()).hexdigest()
        return [self.style if content is None else content, self.width, list(self.columns), self.optimizers, self.language]


PLAIN = Presentation()


def formats_of(key: str, names: Iterable[object]) -> tuple[str, ...]:
    """Return the names of file formats. Raise ConfigError, which names the key, if there are none or one is not in FORMATS."""
    formats = (names,) if isinstance(names, str) else tuple(map(str, names))
    are_known = bool(formats) and all(name in FORMATS for name in formats)
    require(key, ",".join(formats), are_known, f"give one or more of {', '.join(FORMATS)}")
    return formats
