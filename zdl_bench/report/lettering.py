"""Other texts in a figure than its own, in any script, in fonts that have their letters."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from itertools import chain
from pathlib import Path

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.font_manager import FontEntry, FontProperties, findfont, findSystemFonts, fontManager, get_font
from matplotlib.text import Text

PREFERRED = ("Noto Sans CJK JP", "Noto Sans JP", "IPA", "Takao", "Hiragino", "Yu Gothic", "Meiryo", "Noto Sans", "Noto", "")
"""Parts of the names of fonts that are tried first for letters that the font of a text does not have."""
PLACEHOLDERS = "Last Resort"
"""A font of matplotlib that has a box for every letter."""


def relabel(drawn: Artist, labels: Mapping[str, str]) -> str:
    """Replace texts of a figure or of axes, wherever a key of `labels` stands as whole words; the longest key wins.

    A text whose letters the font of the figure does not have gets a second font, if an installed one has them. Return a
    sentence that names the labels for which there is none, which stay as they were, or an empty text.
    """
    missing = [text for text in labels.values() if name_of_font_with(letters_beyond(_own_font(drawn), text)) is None]
    usable = {key: text for key, text in labels.items() if text not in missing}
    pattern = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, sorted(usable, key=len, reverse=True)))})(?!\w)")

    def translated(text: str) -> str:
        return pattern.sub(lambda found: usable[found[0]], text) if usable else text

    for axis in _axes_lines(drawn):  # the names of rows and columns are not kept in their texts, but in the axis
        names = [text.get_text() for text in axis.get_ticklabels()]
        if names != [translated(name) for name in names]:
            axis.set_ticks(axis.get_ticklocs(), [translated(name) for name in names])
    for text in drawn.findobj(Text):
        assert isinstance(text, Text)
        text.set_text(translated(text.get_text()))
        _choose_fonts(text)
    return _sentence(missing)


def _sentence(missing: list[str]) -> str:
    if not missing:
        return ""
    named = ", ".join(repr(text) for text in missing[:3]) + (" …" if len(missing) > 3 else "")
    return (
        f"no installed font has all letters of {named}, so these labels stay as they were; install one, for example "
        "Noto Sans CJK (package fonts-noto-cjk), or name a file with matplotlib.font_manager.fontManager.addfont(PATH)"
    )


def _axes_lines(drawn: Artist) -> Iterator[Axis]:
    found = [drawn] if isinstance(drawn, Axes) else getattr(drawn, "axes", [])
    return chain.from_iterable((axes.xaxis, axes.yaxis) for axes in found)


def _choose_fonts(text: Text) -> None:
    """Give a text a second font for the letters that its own does not have."""
    own = text.get_fontproperties()
    second = name_of_font_with(letters_beyond(own, text.get_text()))
    if second:
        text.set_fontfamily([*own.get_family(), second])


def _own_font(drawn: Artist) -> FontProperties:
    texts = drawn.findobj(Text)
    first = texts[0] if texts else Text()
    assert isinstance(first, Text)
    return first.get_fontproperties()


def letters_beyond(font: FontProperties, text: str) -> frozenset[str]:
    """Return the letters of a text that its font does not have."""
    has = {code for family in font.get_family() for code in _letters_of(family)}
    return frozenset(letter for letter in text if letter.isprintable() and ord(letter) not in has)


@cache
def _letters_of(family: str) -> frozenset[int]:
    """Return the code points of the letters that a font has, or of matplotlib's own font if it is not installed."""
    return frozenset(get_font(findfont(FontProperties(family=[family]))).get_charmap())


@cache
def name_of_font_with(letters: frozenset[str]) -> str | None:
    """Return the name of an installed font that has all these letters, empty if there are none, or None if no font has them."""
    if not letters:
        return ""
    return next((entry.name for entry in chain(_by_preference(), _newly_installed()) if _has(entry, letters)), None)


def _newly_installed() -> Iterator[FontEntry]:
    """Yield the fonts that were installed after matplotlib had listed them, which it does once, and add them to its list."""
    for path in sorted({*findSystemFonts()} - {entry.fname for entry in fontManager.ttflist}):
        with suppress(OSError, RuntimeError):  # a font that matplotlib cannot read
            fontManager.addfont(path)
            yield fontManager.ttflist[-1]


def _by_preference() -> list[FontEntry]:
    def place(entry: FontEntry) -> tuple[int, str, bool]:
        return next(rank for rank, part in enumerate(PREFERRED) if part in entry.name), entry.name, entry.style != "normal"

    return sorted(fontManager.ttflist, key=place)


def _has(entry: FontEntry, letters: frozenset[str]) -> bool:
    if PLACEHOLDERS in entry.name or not Path(entry.fname).is_file():
        return False
    charmap = get_font(entry.fname).get_charmap()
    return all(ord(letter) in charmap for letter in letters)
