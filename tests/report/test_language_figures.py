"""Figures in the language of the reader: every text is translated, has its letters, and fits into its figure."""

import re
from contextlib import contextmanager
from dataclasses import replace
from html import unescape
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import digits_config, part, quadratic_config
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.text import Text
from own_stores import sweep_of

from zdl_bench.language import ENGLISH, Language, speaking
from zdl_bench.registry.languages import language_named
from zdl_bench.report import language_fonts, lettering
from zdl_bench.report.axis_runs import axis_runs
from zdl_bench.report.build import build_report, report_files
from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.figures.captions import CaptionedFigure
from zdl_bench.report.figures.catalogue import axis_figures, comparison_figures, standing_figures, sweep_figures
from zdl_bench.report.figures.label_room import break_labels
from zdl_bench.report.figures.named_lines import named_lines
from zdl_bench.report.figures.style import house_style
from zdl_bench.report.freshness import intact_runs, is_built_from
from zdl_bench.report.line_breaks import columns_of, packed, wrap
from zdl_bench.report.standings import Standings
from zdl_bench.run.presentation import Presentation
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.store import Store
from zdl_bench.training.loop import train

NAMES = {"SGD", "Momentum", "Adam", "digits", "mlp", "relu", "float32", "float64", "bowl", "start", "quadratic"}
"""Names of parts and of their values, which are the same in every language."""
KEYS = {"lr", "optimizer", "problem", "beta2", "steps", "dimension", "condition", "number"}
NUMBER = re.compile(r"[−\d.e+-]+( ?%)?")
JAPANESE = re.compile("[ぁ-ヿ一-鿿]")


class Brackets(dict):
    """Translations of every text: the text in brackets."""

    def get(self, text, default=None):
        return f"⟦{text}⟧"


class CountedBrackets(dict):
    def get(self, one, default=None):
        return (f"⟦{one}⟧",) * 2


@pytest.fixture(scope="module")
def sweeps(digits):
    """Sweeps that have all figures between them: with and without tuning seeds, over a surface, two keys, and two settings."""
    lrs = {"sgd": (0.01, 0.1, 1e30), "momentum": (0.01, 0.03), "adam": (0.001, 0.01)}
    steps = {"steps": 120, "problem": part("problem", "mlp", hidden=(8,), batch_size=20)}
    tuned = [train(digits_config(name, lr, seed=seed, **steps)) for name in lrs for lr in lrs[name] for seed in range(4)]
    at = {"problem": part("problem", "bowl")}
    surface = [train(replace(quadratic_config(name, lr, steps=30), **at)) for name in lrs for lr in (0.05, 0.3, 3.0)]
    adams = [part("optimizer", "adam", beta2=beta2) for beta2 in (0.9, 0.99)]
    axes = [train(quadratic_config(one, steps=steps, seed=0)) for one in ("sgd",) for steps in (10, 20, 40)]
    axes += [train(replace(quadratic_config("adam", steps=steps), optimizer=adam)) for adam in adams for steps in (10, 20, 40)]
    bowls = [{"condition_number": number} for number in (5.0, 10.0)]
    settings = [train(quadratic_config(name, lr, bowl, steps=60)) for name in lrs for lr in (0.03, 0.1) for bowl in bowls]
    about = {"tuned": tuned, "tried": tuned, "surface": surface, "axes": axes, "settings": settings}
    return {name: (runs, (0, 1) if name == "tuned" else ()) for name, runs in about.items()}


def figures_of(runs, seeds=()) -> list[CaptionedFigure]:
    comparisons = comparisons_of(runs, seeds)
    found = [figure for figure in [named_lines(comparisons[0])] if figure]
    found += [*comparison_figures(comparisons[0]), *standing_figures(Standings(comparisons[0]))]
    return [*found, *sweep_figures(comparisons), *(each for one in axis_runs(comparisons) for each in axis_figures(one))]


def texts_of(figure: Figure) -> list[Text]:
    """The texts of a figure that can be seen."""
    texts = [text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text().strip()]
    return [text for text in texts if text.get_visible() and (text.axes is None or text.axes.get_visible())]


def outside_brackets(text: str) -> str:
    depth, left = 0, []
    for letter in text:
        depth += (letter == "⟦") - (letter == "⟧")
        left.append(letter if depth == 0 and letter != "⟧" else " ")
    assert depth == 0, text
    return "".join(left)


def english_words(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z]{2,}\d*", outside_brackets(text))) - NAMES - KEYS


@pytest.mark.slow
@pytest.mark.parametrize("sweep", ["tuned", "tried", "surface", "axes", "settings"])
def test_no_text_of_a_figure_is_left_in_english(sweeps, sweep):
    with speaking(Language("xx", Brackets(), CountedBrackets())), house_style():
        drawn = figures_of(*sweeps[sweep])
    assert len(drawn) > 8
    for one in drawn:
        assert {text.get_text() for text in texts_of(one.figure) if english_words(text.get_text())} == set(), one.name
        assert [english_words(text) for text in (one.title, one.description, one.caption)] == [set()] * 3, one.name


@pytest.mark.slow
@pytest.mark.parametrize("code", ["ja", "de"])
@pytest.mark.parametrize("sweep", ["tuned", "surface", "axes", "settings"])
def test_texts_have_their_letters_and_lie_in_the_figure(sweeps, sweep, code):
    with speaking(language_named(code)), house_style():
        drawn = figures_of(*sweeps[sweep])
        assert code == "de" or all(any(JAPANESE.search(text.get_text()) for text in texts_of(one.figure)) for one in drawn)
        for one in drawn:
            one.figure.canvas.draw()  # a letter that no font has is a warning, and an error here
            box = one.figure.bbox
            for text in texts_of(one.figure):
                assert not lettering.letters_beyond(text.get_fontproperties(), text.get_text()), one.name
                if NUMBER.fullmatch(
                    text.get_text()
                ):  # matplotlib keeps ticks beyond the ends of an axis, but does not draw them
                    continue
                extent = text.get_window_extent()
                fits = extent.x0 >= -2 and extent.y0 >= -2 and extent.x1 <= box.x1 + 2 and extent.y1 <= box.y1 + 2
                assert fits, (one.name, text.get_text())


@pytest.fixture
def no_japanese_font():
    """Let matplotlib know only the fonts that it brings."""
    with only_fonts():
        yield


@contextmanager
def only_fonts(*installed):
    """Let matplotlib know only the fonts that it brings, and let these be installed besides."""
    own = [entry for entry in fontManager.ttflist if entry.name.startswith(("DejaVu", "Last Resort"))]
    caches = language_fonts._add_packaged_fonts, lettering.name_of_font_with
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(language_fonts, "FONT_PACKAGE", "no_such_package")
        patch.setattr(lettering, "findSystemFonts", lambda: [*installed])
        patch.setattr(fontManager, "ttflist", own)
        for cached in caches:
            cached.cache_clear()
        yield
    for cached in caches:
        cached.cache_clear()


@pytest.mark.slow
def test_figures_are_drawn_again_once_a_font_of_their_language_is_installed(tmp_path):
    """Whether a package brings it, or it is a new font of the system, which is not yet in matplotlib's list."""
    page = Presentation(language="ja")
    store = sweep_of(Store(tmp_path), "one", [train(quadratic_config(steps=5))])
    manifest = store.read_manifest("one")
    about = intact_runs(store, manifest).checksums, store
    with only_fonts():
        build_report(store, manifest, ["png"], page)
        english = store.read_manifest("one")
        assert is_built_from(*about, english, ["png"], page)
    assert (english.report.language, english.report.figure_language) == ("ja", "en")
    assert not is_built_from(*about, english, ["png"], page)
    [font] = (Path(find_spec(language_fonts.FONT_PACKAGE).origin).parent / "fonts").glob("*.ttf")
    with only_fonts(str(font)):
        assert not is_built_from(*about, english, ["png"], page)
        build_report(store, manifest, ["png"], page)
        japanese = store.read_manifest("one")
        assert japanese.report.figure_language == "ja"
        assert is_built_from(*about, japanese, ["png"], page)


@pytest.mark.slow
def test_without_a_font_figures_are_english_and_the_page_says_what_to_install(digits, no_japanese_font):
    runs = [train(digits_config(name, lr, steps=20)) for name in ("sgd", "adam") for lr in (0.01, 0.1)]
    manifest = Manifest("sweep", "", "the command", [], [run.run_id for run in runs], "2026-01-01T00:00:00+00:00")
    japanese = language_named("ja")
    with house_style():
        expected = [(one.title, [text.get_text() for text in texts_of(one.figure)]) for one in figures_of(runs)[1:]]
    with speaking(japanese), house_style():
        hint = language_fonts.font_hint()
        drawn = [(one.title, [text.get_text() for text in texts_of(one.figure)]) for one in figures_of(runs)[1:]]
    with speaking(japanese):
        page = report_files(manifest, runs, ["svg"], presentation=Presentation(language="ja"))["report.html"].decode()
    assert JAPANESE.search(hint)
    assert hint in unescape(page)
    assert drawn == expected


def test_japanese_breaks_between_letters_but_not_before_a_full_stop():
    text = "値のない実行を含む学習率は、開始時の損失とみなします。グリッド(lr)が変わります"
    lines = wrap(text, 20)
    assert "".join(lines) == text
    assert max(map(columns_of, lines)) <= 22  # a full stop may hang over
    assert not any(line[0] in "、。)ー" or line[-1] in "(「" for line in lines)
    assert any("グリッド" in line for line in lines)


def test_western_text_breaks_at_spaces_and_parts_are_not_broken():
    assert wrap("mean over seeds, 95 % band", 12) == ["mean over", "seeds, 95 %", "band"]
    assert packed(["digits · ", "mlp hidden 16 · ", "60 steps"], 20) == ["digits ·", "mlp hidden 16 ·", "60 steps"]
    assert columns_of("lr 学習率") == 9


def test_labels_that_are_longer_than_their_panel_are_broken():
    figure = Figure(figsize=(6, 3))
    left, right = figure.subplots(1, 2)
    left.set(title="short", ylabel="Anteil der Ziehungen mit dem niedrigsten Verlust", xlabel="x")
    right.set_title("geometrisches Mittel des Verlusts über den Lauf")
    with speaking(ENGLISH):
        break_labels(figure)
    assert left.get_title() == "short"
    assert left.get_ylabel() == "Anteil der Ziehungen mit dem\nniedrigsten Verlust"
    assert right.get_title() == "geometrisches Mittel des\nVerlusts über den Lauf"
