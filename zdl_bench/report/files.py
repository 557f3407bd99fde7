"""Collect the files of a report, and prepare its figures and tables for the page."""

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
"""Largest width or height of an image on the page, in pixels. WebP allows 16,383."""
MAX_AREA = 80_000_000
"""Largest area of an image on the page, in pixels. Above about 89 million, Pillow warns of a possible attack."""
MAX_SAVED_SIDE = 65_000
"""Largest width or height of an image file, in pixels. matplotlib allows 65,535."""
MAX_IMAGES = 3_000_000
"""Total length of the encoded images, in characters, after which the page only links to the figures of further comparisons.

This limit keeps the page quick to open.
"""


@dataclass
class Files:
    """The files of a report, collected while the report is built.

    formats: the file formats in which each figure is saved. contents: maps the path of each file, relative to the sweep's
    folder, to its content. letters: the total length of the images on the page so far, in encoded characters.
    """

    formats: Sequence[str]
    contents: dict[str, bytes] = field(default_factory=dict)
    letters: int = 0

    @property
    def is_full(self) -> bool:
        """Whether the images on the page have reached MAX_IMAGES."""
        return self.letters >= MAX_IMAGES

    def add_table(self, table: Table, slug: str = "") -> PageTable:
        """Add the CSV, Markdown and LaTeX files of a table, and return the table as the page shows it."""
        self.contents |= table.files(slug)
        return table.on_page(slug)

    def add_numbers(self, name: str, numbers: pd.DataFrame, slug: str = "") -> None:
        """Add a frame as a CSV file that the page links to but does not show. Add nothing if the frame has no rows."""
        if len(numbers):
            self.contents[f"tables/{name}{slug}.csv"] = csv(numbers).encode()

    def add_figure(self, figure: CaptionedFigure, slug: str = "") -> PageFigure:
        """Add the files of a figure, and return the figure as the page shows it.

        If the figure is too large for an image on the page, the page only links to the files of the figure.
        """
        if not can_be_shown(figure.figure):
            return self.add_linked_figure(figure, slug)
        png = encode_figure(figure.figure, "png")
        image = data_url(encode_webp(png))
        self.letters += len(image)
        return replace(self.add_linked_figure(figure, slug, png), image=image)

    def add_linked_figure(self, figure: CaptionedFigure, slug: str = "", png: bytes = b"") -> PageFigure:
        """Add the files of a figure, and return the figure for the page as links, without an image.

        png: the figure encoded as PNG, or empty if it has not been encoded yet.
        """
        images = {suffix: (suffix == "png" and png) or encode_figure(figure.figure, suffix) for suffix in self.formats}
        files = {f"figures/{figure.name}{slug}.{suffix}": image for suffix, image in images.items()}
        self.contents |= files
        return PageFigure(figure.title, figure.description, "", list(files))


def can_be_shown(figure: Figure) -> bool:
    """Return whether the figure is small enough for an image on the page."""
    width, height = figure.get_size_inches() * figure.dpi
    return bool(max(width, height) <= MAX_SIDE and width * height <= MAX_AREA)


def encode_figure(figure: Figure, suffix: str) -> bytes:
    """Return the content of an image file of the figure. The file stores no date, so the same figure gives the same bytes.

    suffix: the file format: png, svg or pdf.
    """
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    stream = io.BytesIO()
    dpi = min(figure.dpi, MAX_SAVED_SIDE / max(figure.get_size_inches()))
    figure.savefig(stream, format=suffix, dpi=dpi, metadata=undated.get(suffix))
    return stream.getvalue()


def encode_webp(png: bytes) -> bytes:
    """Convert a PNG image to WebP for the page. The pixels stay the same, and the size falls by about half."""
    stream = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").save(stream, "webp", lossless=True, quality=50, method=3)
    return stream.getvalue()
