"""Break a text into lines by the width of its letters: at spaces, and between letters of scripts that have no spaces."""

import textwrap
import unicodedata
from itertools import pairwise

NOT_FIRST = "、。，．・：；？！）」』】〕》〉ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々…:;,.?!)]}% "
"""Characters with which no line begins, unless a space precedes them."""
NOT_LAST = "（「『【〔《〈([{"
"""Characters with which no line ends."""


def columns_of(text: str) -> int:
    """Return the width of a text in columns. A letter has one, and a letter of Chinese, Japanese or Korean two."""
    return len(text) + sum(map(_is_wide, text))


def wrap(text: str, width: int) -> list[str]:
    """Return a text in lines of up to `width` columns."""
    if not any(map(_is_wide, text)):
        return textwrap.wrap(text, width)
    places = [place for place, pair in enumerate(pairwise(text), 1) if _may_break(*pair)]
    return packed([text[start:end] for start, end in pairwise([0, *places, len(text)])], width)


def packed(parts: list[str], width: int) -> list[str]:
    """Return the parts in lines of up to `width` columns. No part is broken, and spaces at the ends of lines are left out."""
    lines = [""]
    for part in parts:
        if columns_of(f"{lines[-1]}{part}".strip()) > width and lines[-1].strip():
            lines.append("")
        lines[-1] += part
    return [line.strip() for line in lines]


def _may_break(before: str, after: str) -> bool:
    if before == " ":
        return True
    is_apart = (_is_wide(before) or _is_wide(after)) and not (_is_katakana(before) and _is_katakana(after))
    return is_apart and before not in NOT_LAST and after not in NOT_FIRST


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF"


def _is_katakana(letter: str) -> bool:
    """Return whether a letter belongs to a word of Katakana, which is easier to read on one line."""
    return "ァ" <= letter <= "ー"
