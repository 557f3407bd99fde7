"""Texts in other scripts: a font that has their letters is found, and there are never boxes."""

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from zdl_bench.report import lettering
from zdl_bench.report.lettering import relabel

LETTERS = "学習率段"


@pytest.fixture
def japanese_font(tmp_path):
    """Let matplotlib know a font that has LETTERS, each a square, and forget it afterwards."""
    pen = TTGlyphPen(None)
    for move, point in zip([pen.moveTo, *[pen.lineTo] * 3], [(50, 0), (50, 800), (850, 800), (850, 0)], strict=True):
        move(point)
    pen.closePath()
    names = [".notdef", *(f"letter{number}" for number in range(len(LETTERS)))]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(letter): name for letter, name in zip(LETTERS, names[1:], strict=True)})
    builder.setupGlyf(dict.fromkeys(names, pen.glyph()))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (900, 50)))
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": "Test Kanji", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(tmp_path / "kanji.ttf")
    before = list(fontManager.ttflist)
    fontManager.ttflist[:] = [entry for entry in before if entry.name.startswith("DejaVu")]  # others may have them as well
    fontManager.addfont(tmp_path / "kanji.ttf")
    lettering.name_of_font_with.cache_clear()
    yield "Test Kanji"
    fontManager.ttflist[:] = before
    lettering.name_of_font_with.cache_clear()


def figure_with_texts():
    figure = Figure()
    axes = figure.subplots()
    axes.plot([1, 2], label="adam, lr 0.1")
    axes.set(xlabel="learning rate", ylabel="step", title="steps")
    axes.set_yticks([1, 2], ["adam", "adam beta1=0.8"])
    axes.legend()
    return figure, axes


def test_whole_words_are_replaced_and_the_longest_first():
    figure, axes = figure_with_texts()
    assert relabel(figure, {"adam": "Adam", "adam beta1=0.8": "Adam′", "step": "Schritt", "lr": "Lernrate"}) == ""
    figure.canvas.draw()
    assert [text.get_text() for text in axes.get_yticklabels()] == ["Adam", "Adam′"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["Adam, Lernrate 0.1"]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("learning rate", "Schritt", "steps")


def test_letters_come_from_a_font_that_has_them(japanese_font, recwarn):
    figure, axes = figure_with_texts()
    assert relabel(figure, {"learning rate": "学習率 lr", "adam": "段"}) == ""
    figure.canvas.draw()  # matplotlib warns of a letter that no font of a text has
    assert not recwarn.list
    assert axes.xaxis.label.get_fontfamily()[-1] == japanese_font
    assert {text.get_fontfamily()[-1] for text in axes.get_yticklabels()} == {japanese_font}
    assert axes.yaxis.label.get_fontfamily()[-1] != japanese_font


def test_without_a_font_the_label_stays_and_a_sentence_says_what_to_install(recwarn, monkeypatch):
    own = [entry for entry in fontManager.ttflist if entry.name.startswith(("DejaVu", "Last Resort"))]
    monkeypatch.setattr(fontManager, "ttflist", own)
    monkeypatch.setattr(lettering, "findSystemFonts", list)
    lettering.name_of_font_with.cache_clear()
    figure, axes = figure_with_texts()
    words = relabel(figure, {"learning rate": "学習率", "step": "Schritt"})
    lettering.name_of_font_with.cache_clear()
    assert words.startswith("no installed font has all letters of '学習率', so these labels stay as they were; install one")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("learning rate", "Schritt")
    figure.canvas.draw()
    assert not recwarn.list
