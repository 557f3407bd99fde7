"""Draw the figures of a page: as SVG, which is sharp at every size, or as WebP if they have too many points.

The title above a figure is left out, since the page has it as text.
"""

import io
import re
from urllib.parse import quote

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from zdl_bench.report.page import data_url

MAX_SVG_POINTS = 3_000
"""Largest number of points of an SVG. Of more points, its text becomes longer than that of the WebP image."""
COLOR_STEP = 8
"""Distance of neighbouring values of a colour in WebP images, of 256. The eye does not see it; it halves the page."""
PIXELS_PER_INCH = 110
"""Size of figures on a screen that is wide enough."""
READABLE = 9
"""Smallest height of letters on a screen, in pixels. A figure that does not fit with such letters scrolls in its box."""
LETTER_ROOM = 6
"""Width beside an SVG for letters that are wider than planned, in points."""
OTHER_FONTS = "Verdana, sans-serif"
"""Fonts for a browser without the one of the figure. Their letters are as wide or narrower, so texts keep their places."""


def page_image(figure: Figure, png: bytes) -> str:
    """Return the URL of the image of a figure. png: the figure as an image, which gave its panels and texts their places."""
    return _vector_image(figure) if point_count(figure) <= MAX_SVG_POINTS else data_url(encode_webp(png, _title_share(figure)))


def _vector_image(figure: Figure) -> str:
    """Return the URL of a figure as SVG, on the colour of the page. The figure must have been drawn once.

    Texts are written as text, which takes a third of the room of outlines.
    """
    stream, canvas, dpi, layout = io.StringIO(), figure.canvas, figure.dpi, figure.get_layout_engine()
    cut = _title_share(figure) * figure.get_figheight() * 72
    hidden = [*filter(None, [_title(figure)]), figure.patch, *(axes.patch for axes in figure.axes)]
    were_visible = [artist.get_visible() for artist in hidden]
    for artist in hidden:
        artist.set_visible(False)
    figure.set_layout_engine("none")  # everything keeps its place, which also saves time
    with mpl.rc_context({"svg.fonttype": "none"}):
        # savefig would first draw everything once without paper
        FigureCanvasSVG(figure).print_svg(stream, metadata={"Date": None})  # type: ignore[no-untyped-call]
    figure.set_canvas(canvas)
    figure.set_dpi(dpi)
    figure.set_layout_engine(layout)
    for artist, was_visible in zip(hidden, were_visible, strict=True):
        artist.set_visible(was_visible)
    return f"data:image/svg+xml,{quote(_shorten_svg(_cut_svg(stream.getvalue(), cut)), safe=' /:=,;()-.+')}"


def encode_webp(png: bytes, cut: float = 0.0) -> bytes:
    """Convert a PNG image to WebP, with colours in steps of COLOR_STEP. The size falls by about three quarters.

    cut: the share of the height that is left out at the top.
    """
    stream = io.BytesIO()
    nearest = [min(255, COLOR_STEP * round(value / COLOR_STEP)) for value in range(256)]  # white stays white
    with Image.open(io.BytesIO(png)) as image:
        rest = image.convert("RGB").crop((0, int(cut * image.height), image.width, image.height))
    rest.point(nearest * 3).save(stream, "webp", lossless=True, quality=50, method=3)
    return stream.getvalue()


def point_count(figure: Figure) -> int:
    """Return the number of points of lines, bands, cells and markers."""
    collections = [collection for axes in figure.axes for collection in axes.collections]
    lines = [np.size(line.get_xdata()) for axes in figure.axes for line in axes.lines]
    shapes = [np.size(path.vertices) // 2 for collection in collections for path in collection.get_paths()]
    return sum(lines) + sum(shapes) + sum(np.size(collection.get_offsets()) // 2 for collection in collections)


def page_widths(figure: Figure) -> tuple[int, int]:
    """Return the width of a figure on a wide screen and the smallest at which its letters can be read, in pixels."""
    width = figure.get_figwidth() * PIXELS_PER_INCH
    texts = [text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_visible() and text.get_text()]
    smallest = min((float(text.get_fontsize()) for text in texts), default=float(READABLE)) / 72 * PIXELS_PER_INCH
    return round(width), round(width * min(1.0, READABLE / smallest))


def _title(figure: Figure) -> Text | None:
    """Return the title above the panels, or None if there is none."""
    return next((text for text in figure.texts if text.get_text() and text.get_text() == figure.get_suptitle()), None)


def _title_share(figure: Figure) -> float:
    """Return the share of the height of a figure that its title takes."""
    title = _title(figure)
    return 1 - title.get_window_extent().y0 / figure.bbox.height if title else 0.0


def _cut_svg(svg: str, cut: float) -> str:
    """Return an SVG without `cut` points at its top, and with room for letters of a browser, which may be wider."""
    size = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt" viewBox="[^"]*"', svg)
    assert size
    width, height = float(size[1]) + LETTER_ROOM, float(size[2]) - cut
    new = f'width="{width:.2f}pt" height="{height:.2f}pt" viewBox="0 {cut:.2f} {width:.2f} {height:.2f}"'
    return svg.replace(size[0], new, 1)


def _shorten_svg(svg: str) -> str:
    """Return an SVG without comments, names of groups, line breaks and digits that nobody sees. Texts stay, with all spaces."""
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = svg.replace("</style>", "text{white-space:pre}</style>", 1)  # a browser shows one space of several otherwise
    svg = re.sub(r"<[^>]*>", lambda tag: _shorten_tag(tag[0]), svg)
    return re.sub(r">\s+<", "><", svg)


def _shorten_tag(tag: str) -> str:
    tag = re.sub(r'^<g id="[^"]*"', "<g", " ".join(tag.split()))
    tag = re.sub(r' transform="rotate\(-0 [^"]*"', "", tag)
    tag = re.sub(r'font-family: [^;"]*', rf"\g<0>, {OTHER_FONTS}", tag)
    return re.sub(r' (?:d|x|y)="[^"]*"', lambda places: re.sub(r"(\.\d\d)\d+", r"\1", places[0]), tag)
