"""Collect the files of a report, and prepare its figures and tables for the page."""

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from zdl_bench.language import ENGLISH, speaking, spoken
from zdl_bench.report.display_names import with_keys
from zdl_bench.report.figures.captions import CaptionedFigure
from zdl_bench.report.figures.print_layout import MM, is_for_print
from zdl_bench.report.page import PageFigure, PagePart
from zdl_bench.report.page_images import page_image, page_widths
from zdl_bench.report.tables.formats import csv
from zdl_bench.report.tables.latex import latex_figure
from zdl_bench.report.tables.table import Table
from zdl_bench.run.presentation import PLAIN, Presentation

MAX_SIDE = 16_000
"""Largest width or height of an image on the page, in pixels. WebP allows 16,383."""
MAX_AREA = 80_000_000
"""Largest area of an image on the page, in pixels. Above about 89 million, Pillow warns of a possible attack."""
MAX_SAVED_SIDE = 65_000
"""Largest width or height of an image file, in pixels. matplotlib allows 65,535."""
MAX_IMAGES = 2_000_000
"""Largest total length of the encoded images, in characters. The page only links to figures beyond it.

This limit keeps the page below 5 MB, of which its libraries take 2.2, and quick to open.
"""


@dataclass
class Files:
    """The files of a report, collected while the report is built.

    formats: the file formats in which each figure is saved. keys: name for readers → name in CSV files. presentation: the look.
    contents: maps the path of each file, relative to the sweep's folder, to its content. letters: the total length of the
    images on the page so far, in encoded characters. findings: those of each section so far, in English.
    """

    formats: Sequence[str]
    keys: Mapping[str, str] = field(default_factory=dict)
    presentation: Presentation = PLAIN
    contents: dict[str, bytes] = field(default_factory=dict)
    findings: list[PagePart] = field(default_factory=list)
    letters: int = 0

    def add_table(self, build: Callable[[], Table], slug: str = "") -> Table:
        """Add the CSV, Markdown and LaTeX files of a table, which are in English, and return it in the reader's language."""
        with speaking(ENGLISH):
            table = build()
            self.contents |= table.files(slug, self.keys)
        return table if spoken() == ENGLISH else build()

    def add_numbers(self, name: str, numbers: pd.DataFrame, slug: str = "") -> None:
        """Add a frame as a CSV file that the page links to but does not show. Add nothing if the frame has no rows."""
        if len(numbers):
            self.contents[f"tables/{name}{slug}.csv"] = csv(with_keys(numbers, self.keys)).encode()

    def add_figure(self, figure: CaptionedFigure, slug: str = "") -> PageFigure:
        """Add the files of a figure, and return the figure as the page shows it.

        If the figure is too large for an image on the page, or the images have reached MAX_IMAGES, the page only links to the
        files of the figure.
        """
        return self._with_image(self._add_files(figure, slug), figure.figure)

    def add_first_figure(self, figure: CaptionedFigure) -> PageFigure:
        """Return the figure with which the page begins, as `add_figure` does.

        In print it has no files: it belongs to the page, and a paper has the figure of the same losses.
        """
        return self._with_image(_on_page(figure, []), figure.figure) if is_for_print() else self.add_figure(figure)

    def _with_image(self, shown: PageFigure, figure: Figure) -> PageFigure:
        if self.letters >= MAX_IMAGES or not can_be_shown(figure):
            return shown
        saved = next((self.contents[file] for file in shown.files if file.endswith(".png")), None)
        image = page_image(figure, saved or encode_figure(figure, "png"))
        self.letters += len(image)
        return replace(shown, image=image) if self.letters <= MAX_IMAGES else shown

    def _add_files(self, figure: CaptionedFigure, slug: str) -> PageFigure:
        """Add the files of a figure, and return the figure for the page as links, without an image."""
        images = {suffix: encode_figure(figure.figure, suffix) for suffix in self.formats}
        name = f"{figure.name}{slug}"
        files = {f"figures/{name}.{suffix}": image for suffix, image in images.items()}
        self.contents |= files
        if figure.caption and is_for_print():
            width = round(figure.figure.get_figwidth() / MM)
            texts = {"txt": f"{figure.caption}\n", "tex": latex_figure(_for_latex(files), figure.caption, width)}
            self.contents |= {f"figures/{name}.{suffix}": text.encode() for suffix, text in texts.items()}
        return _on_page(figure, list(files))


def _on_page(figure: CaptionedFigure, files: Sequence[str]) -> PageFigure:
    widths = page_widths(figure.figure)
    return PageFigure(figure.title, figure.description, "", files, figure.caption, figure.notes, widths)


def _for_latex(files: Iterable[str]) -> str:
    """Return the name of the image that LaTeX can include, preferably the one with vectors."""
    names = [file.rpartition("/")[2] for file in files]
    return next((name for suffix in ("pdf", "png") for name in names if name.endswith(suffix)), names[0])


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
    if suffix == "png" and dpi == figure.dpi and isinstance(figure.canvas, FigureCanvasAgg):
        # savefig would first draw everything once without paper
        figure.canvas.print_png(stream)  # type: ignore[no-untyped-call]
        return stream.getvalue()
    figure.savefig(stream, format=suffix, dpi=dpi, metadata=undated.get(suffix))
    return stream.getvalue()
