"""What a report has of a figure."""

import io
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.figure import Figure
from PIL import Image

mpl.use("agg")

import matplotlib.pyplot as plt


@dataclass(frozen=True)
class Drawn:
    """A figure with the name of its file, its title and words for who cannot see it."""

    name: str
    title: str
    description: str
    figure: Figure

    def close(self) -> None:
        """Gives back what pyplot keeps of it."""
        plt.close(self.figure)


def image(figure: Figure, suffix: str) -> bytes:
    """The figure as a file, without a date, so that the same figure gives the same bytes."""
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    stream = io.BytesIO()
    figure.savefig(stream, format=suffix, metadata=undated.get(suffix))
    return stream.getvalue()


def webp_of(png: bytes) -> bytes:
    """The same pixels in half the bytes, for the page."""
    stream = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").save(stream, "webp", lossless=True, quality=50, method=3)
    return stream.getvalue()
