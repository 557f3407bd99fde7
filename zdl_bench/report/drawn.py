"""What a report has of a figure."""

import io
from dataclasses import dataclass

from matplotlib.figure import Figure
from PIL import Image

MAX_SHOWN = 16_000
"""Pixels of a side: WebP has 16,383."""
MAX_SHOWN_IN_ALL = 80_000_000
"""Pixels: of more, Pillow suspects an attack."""
MAX_SAVED = 65_000
"""Pixels of a side: matplotlib has 65,535."""


@dataclass(frozen=True)
class Drawn:
    """A figure with the name of its file, its title and words for who cannot see it."""

    name: str
    title: str
    description: str
    figure: Figure


def can_be_shown(figure: Figure) -> bool:
    """Whether a page can have its pixels."""
    width, height = figure.get_size_inches() * figure.dpi
    return bool(max(width, height) <= MAX_SHOWN and width * height <= MAX_SHOWN_IN_ALL)


def image(figure: Figure, suffix: str) -> bytes:
    """The figure as a file, without a date, so that the same figure gives the same bytes."""
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    stream = io.BytesIO()
    dpi = min(figure.dpi, MAX_SAVED / max(figure.get_size_inches()))
    figure.savefig(stream, format=suffix, dpi=dpi, metadata=undated.get(suffix))
    return stream.getvalue()


def webp_of(png: bytes) -> bytes:
    """The same pixels in half the bytes, for the page."""
    stream = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").save(stream, "webp", lossless=True, quality=50, method=3)
    return stream.getvalue()
