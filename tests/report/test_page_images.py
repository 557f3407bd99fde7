"""The images of a page: SVG up to a number of points, WebP beyond, and the title beside them in place of in them."""

import io
import re
from base64 import b64decode
from urllib.parse import unquote
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from zdl_bench.registry import conf_files
from zdl_bench.report.figures.captions import caption
from zdl_bench.report.figures.grid import grid_of
from zdl_bench.report.figures.style import FALLBACK_COLORS, house_style, look_of
from zdl_bench.report.files import Files, encode_figure
from zdl_bench.report.page import PageFigure
from zdl_bench.report.page_images import MAX_SVG_POINTS, READABLE, page_image, page_widths, point_count
from zdl_bench.run.presentation import PLAIN, Presentation

NASTY = '<b>"1.23456" & \'d="0.98765"\' --> \N{SNOWMAN}'


@pytest.fixture(autouse=True)
def style():
    with house_style():
        yield


def drawn(points: int = 10, label: str = "step"):
    figure, [axes] = grid_of(1, 1, (6, 4))
    axes.plot(np.linspace(0, 1, points), np.random.default_rng(0).random(points))
    axes.set_xlabel(label, parse_math=False)
    return caption(figure, "name", "The title", ["digits · 10 seeds", "lower is better"], ["words"])


def image_of(figure: Figure) -> str:
    return page_image(figure, encode_figure(figure, "png"))


def svg_of(figure: Figure) -> str:
    kind, _, text = image_of(figure).partition(",")
    assert kind == "data:image/svg+xml"
    return unquote(text)


@pytest.mark.slow
def test_a_browser_shows_every_space_of_a_label(browser):
    """It sets `white-space` for texts itself, so what they would inherit from the image has no effect."""
    page, widths = browser.new_page(), []
    for spaces in (1, 7):
        page.goto(image_of(drawn(label=f"ratio{spaces * ' '}(1: no difference)").figure))
        texts = "[...document.querySelectorAll('text')]"
        widths.append(page.evaluate(f"{texts}.find((one) => one.textContent.startsWith('ratio')).getComputedTextLength()"))
    page.close()
    assert widths[1] > 1.1 * widths[0]


def test_a_figure_is_svg_without_its_title_and_stays_as_it_was():
    figure = drawn(label=NASTY).figure
    png = encode_figure(figure, "png")
    found = svg_of(figure)
    assert "The title" not in found
    assert "fill: #ffffff" not in found, "the page's colour is seen"
    texts = [text for element in ElementTree.fromstring(found).iter() for text in [element.text or ""]]
    assert NASTY in texts
    width, height = map(float, re.search(r'viewBox="0 [\d.]+ ([\d.]+) ([\d.]+)"', found).groups())
    assert width == pytest.approx(6 * 72, abs=10)
    assert 0.6 * 4 * 72 < height < 0.95 * 4 * 72
    assert encode_figure(figure, "png") == png, "the saved file keeps its title and its layout"
    assert svg_of(figure) == found


@pytest.mark.slow
def test_a_figure_of_many_points_is_webp_without_its_title():
    few, many = drawn(MAX_SVG_POINTS).figure, drawn(MAX_SVG_POINTS + 1).figure
    assert [point_count(figure) for figure in (few, many)] == [MAX_SVG_POINTS, MAX_SVG_POINTS + 1]
    assert image_of(few).startswith("data:image/svg+xml,")
    kind, _, text = image_of(many).partition(",")
    assert kind == "data:image/webp;base64"
    with Image.open(io.BytesIO(encode_figure(many, "png"))) as saved, Image.open(io.BytesIO(b64decode(text))) as shown:
        assert shown.width == saved.width
        assert 0.6 * saved.height < shown.height < 0.95 * saved.height


@pytest.mark.parametrize("for_print", [False, True])
def test_the_first_figure_of_a_page_keeps_the_limit_of_points_as_all_do(for_print):
    with house_style(Presentation("paper") if for_print else PLAIN):
        few, many = Files(()).add_first_figure(drawn()), Files(()).add_first_figure(drawn(MAX_SVG_POINTS + 1))
    assert [one.image.partition(",")[0] for one in (few, many)] == ["data:image/svg+xml", "data:image/webp;base64"]


def test_a_caption_leaves_out_what_stands_above_the_figure():
    shown = Files(("png",)).add_figure(drawn())
    assert shown.caption_without([]) == "digits · 10 seeds; lower is better"
    assert shown.caption_without(["digits · 10 seeds"]) == "lower is better"
    assert PageFigure("title", "words", "").caption_without([]) == ""


def test_names_keep_their_spelling_in_the_caption_of_a_paper():
    with house_style(Presentation("paper")):
        figure = caption(drawn().figure, "name", "The title", ["digits · 10 seeds", "", "optimizer.beta2 on a log scale"], [])
    assert figure.caption == "The title. digits · 10 seeds; optimizer.beta2 on a log scale."


def test_letters_are_readable_at_the_smallest_width():
    figure = drawn().figure
    width, smallest = page_widths(figure)
    points = min(text.get_fontsize() for text in figure.findobj(mpl.text.Text) if text.get_text())
    assert points / 72 * smallest / 6 == pytest.approx(READABLE, abs=0.1)
    assert smallest < width


def luminance(color) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def in_the_dark(color) -> np.ndarray:
    """What the filter and the blending of the page's style make of a colour, on the page's dark colour."""
    turned = np.array([[-0.574, 1.43, 0.144], [0.426, 0.43, 0.144], [0.426, 1.43, -0.856]])  # the hue, by half a circle
    shown = 0.93 * np.clip(turned @ (1 - np.array(mpl.colors.to_rgb(color))), 0, 1)
    return 1 - (1 - shown) * (1 - np.array(mpl.colors.to_rgb("#0d1117")))


def dark_letters() -> float:
    return (luminance(in_the_dark("black")) + 0.05) / (luminance(in_the_dark("white")) + 0.05)


def test_lines_and_letters_have_as_much_contrast_in_the_dark_as_in_the_light():
    paper = luminance(in_the_dark("white"))
    for color in {*(look_of(name).color for name in conf_files.names("optimizer")), *FALLBACK_COLORS, "black"}:
        dark = (luminance(in_the_dark(color)) + 0.05) / (paper + 0.05)
        light = 1.05 / (luminance(mpl.colors.to_rgb(color)) + 0.05)
        assert dark > min(light, 4), (color, dark, light)
    assert dark_letters() > 12
