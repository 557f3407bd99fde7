"""The files of a report, and what its page shows of them."""

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
"""Pixels of an image on the page: WebP has 16,383."""
MAX_AREA = 80_000_000
"""Pixels of an image on the page: of more, Pillow suspects an attack."""
MAX_SAVED_SIDE = 65_000
"""Pixels of a file: matplotlib has 65,535."""
MAX_IMAGES = 3_000_000
"""Letters of a page's images, after which the figures of further comparisons are left beside it: a page opens at once."""


@dataclass
class Files:
    """The files of a report, by their paths below the sweep's folder; figures in the formats asked for.

    letters: of the images that the page shows so far.
    """

    formats: Sequence[str]
    contents: dict[str, bytes] = field(default_factory=dict)
    letters: int = 0

    @property
    def is_full(self) -> bool:
        """Whether the page has as many images as it should."""
        return self.letters >= MAX_IMAGES

    def add_table(self, table: Table, slug: str = "") -> PageTable:
        """Add the table's files, and return what the page shows of it."""
        self.contents |= table.files(slug)
        return table.on_page(slug)

    def add_numbers(self, name: str, numbers: pd.DataFrame, slug: str = "") -> None:
        """Add a table for programs alone, if it has rows."""
        if len(numbers):
            self.contents[f"tables/{name}{slug}.csv"] = csv(numbers).encode()

    def add_figure(self, figure: CaptionedFigure, slug: str = "") -> PageFigure:
        """Add the figure's files, and return what the page shows of it: only links if it is too large."""
        if not can_be_shown(figure.figure):
            return self.add_linked_figure(figure, slug)
        png = encode_figure(figure.figure, "png")
        image = data_url(encode_webp(png))
        self.letters += len(image)
        return replace(self.add_linked_figure(figure, slug, png), image=image)

    def add_linked_figure(self, figure: CaptionedFigure, slug: str = "", png: bytes = b"") -> PageFigure:
        """Add the figure's files, and return links to them. png: if it is encoded already."""
        images = {suffix: (suffix == "png" and png) or encode_figure(figure.figure, suffix) for suffix in self.formats}
        files = {f"figures/{figure.name}{slug}.{suffix}": image for suffix, image in images.items()}
        self.contents |= files
        return PageFigure(figure.title, figure.description, "", list(files))


def can_be_shown(figure: Figure) -> bool:
    """Return whether a page can have the figure's pixels."""
    width, height = figure.get_size_inches() * figure.dpi
    return bool(max(width, height) <= MAX_SIDE and width * height <= MAX_AREA)


def encode_figure(figure: Figure, suffix: str) -> bytes:
    """Encode the figure as a file without a date, so that the same figure gives the same bytes."""
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    stream = io.BytesIO()
    dpi = min(figure.dpi, MAX_SAVED_SIDE / max(figure.get_size_inches()))
    figure.savefig(stream, format=suffix, dpi=dpi, metadata=undated.get(suffix))
    return stream.getvalue()


def encode_webp(png: bytes) -> bytes:
    """Encode the same pixels in half the bytes, for the page."""
    stream = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").save(stream, "webp", lossless=True, quality=50, method=3)
    return stream.getvalue()
