"""The files of a report, and the figures and tables that its page shows."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from zdl_bench.report.figures.captions import CaptionedFigure
from zdl_bench.report.page import PageFigure, data_url
from zdl_bench.report.tables.formats import csv
from zdl_bench.report.tables.table import PageTable, Table

MAX_SIDE = 16_000
"""Largest side of an image on the page, in pixels. WebP allows 16,383."""
MAX_AREA = 80_000_000
"""Largest area of an image on the page, in pixels. Above about 89 million, Pillow warns of a possible attack."""
MAX_SAVED_SIDE = 65_000
"""Largest side of an image file, in pixels. matplotlib allows 65,535."""
MAX_IMAGES = 3_000_000
"""Number of characters of encoded images after which the page only links to the figures of further comparisons.

This limit keeps the page quick to open.
"""


@dataclass
class Files:
    """The files of a report, by their paths below the sweep's folder.

    formats: the file formats of each figure. letters: the number of characters of the encoded images on the page so far.
    """

    formats: Sequence[str]
    contents: dict[str, bytes] = field(default_factory=dict)
    letters: int = 0

    @property
    def is_full(self) -> bool:
        """Whether the images on the page have reached MAX_IMAGES."""
        return self.letters >= MAX_IMAGES

    def add_table(self, table: Table, slug: str = "") -> PageTable:
        """Add the files of a table, and return the table for the page."""
        self.contents |= table.files(slug)
        return table.on_page(slug)

    def add_numbers(self, name: str, numbers: pd.DataFrame, slug: str = "") -> None:
        """Add a table as a CSV file that the page does not show, if the table has rows."""
        if len(numbers):
            self.contents[f"tables/{name}{slug}.csv"] = csv(numbers).encode()

    def add_figure(self, figure: CaptionedFigure, slug: str = "") -> PageFigure:
        """Add the files of a figure, and return the figure for the page, without an image if the figure is too large."""
        if not can_be_shown(figure.figure):
            return self.add_linked_figure(figure, slug)
        png = encode_figure(figure.figure, "png")
        image = data_url(encode_webp(png))
        self.letters += len(image)
        return replace(self.add_linked_figure(figure, slug, png), image=image)

    def add_linked_figure(self, figure: CaptionedFigure, slug: str = "", png: bytes = b"") -> PageFigure:
        """Add the files of a figure, and return links to the files. png: the encoded figure, if there is one already."""
        images = {suffix: (suffix == "png" and png) or encode_figure(figure.figure, suffix) for suffix in self.formats}
        files = {f"figures/{figure.name}{slug}.{suffix}": image for suffix, image in images.items()}
        self.contents |= files
        return PageFigure(figure.title, figure.description, "", list(files))


def can_be_shown(figure: Figure) -> bool:
    """Return whether the figure is small enough for an image on the page."""
    width, height = figure.get_size_inches() * figure.dpi
    return bool(max(width, height) <= MAX_SIDE and width * height <= MAX_AREA)


def encode_figure(figure: Figure, suffix: str) -> bytes:
    """Return the figure as the bytes of a file without a date, so that the same figure gives the same bytes."""
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    stream = io.BytesIO()
    dpi = min(figure.dpi, MAX_SAVED_SIDE / max(figure.get_size_inches()))
    figure.savefig(stream, format=suffix, dpi=dpi, metadata=undated.get(suffix))
    return stream.getvalue()


def encode_webp(png: bytes) -> bytes:
    """Return the image as WebP for the page: the same pixels in about half as many bytes."""
    stream = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").save(stream, "webp", lossless=True, quality=50, method=3)
    return stream.getvalue()
