"""The language of figures: that of the page, if an installed font has its letters, and otherwise English."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import matplotlib as mpl
from matplotlib.font_manager import FontProperties, fontManager

from zdl_bench.language import ENGLISH, Language, speaking, spoken, translate
from zdl_bench.report.lettering import letters_beyond, name_of_font_with

FONT_PACKAGE = "matplotlib_fontja"
"""A package that brings a Japanese font, as the extra `ja` installs it."""
Drawn = TypeVar("Drawn")


def figure_language() -> Language:
    """Return the language of figures: the one that is spoken, or English if no font has its letters."""
    return ENGLISH if _second_font(spoken()) is None else spoken()


def font_families(settings: Mapping[str, Any]) -> list[str]:
    """Return the fonts in which a letter is looked for, in this order: that of the settings, and one for the language."""
    own = settings.get("font.family", mpl.rcParamsDefault["font.family"])
    return [*([own] if isinstance(own, str) else own), *filter(None, [_second_font(spoken())])]


def in_figure_language(figures: Iterator[Drawn]) -> Iterator[Drawn]:
    """Yield the figures, each drawn in the language of figures. What is done with it between two figures is not affected."""
    while True:
        with speaking(figure_language()):
            figure = next(figures, None)
        if figure is None:
            return
        yield figure


def font_hint() -> str:
    """Return what to do if no installed font has the letters of the language that is spoken; otherwise an empty text."""
    if figure_language() is spoken():
        return ""
    return translate(
        "The figures are in English, since no installed font has all letters of this language. For Japanese, install one with "
        "python -m pip install 'zdl_bench[ja]'; otherwise install Noto Sans CJK. Then build the report again."
    )


def _second_font(language: Language) -> str | None:
    """Return the name of a font with the letters that the style's font does not have, empty if it has all, None if none has."""
    _add_packaged_fonts()
    return name_of_font_with(letters_beyond(FontProperties(), "".join(language.letters)))


@cache
def _add_packaged_fonts() -> None:
    spec = find_spec(FONT_PACKAGE)
    if spec is not None and spec.origin is not None:
        for path in sorted((Path(spec.origin).parent / "fonts").glob("*.ttf")):
            fontManager.addfont(path)
