"""What the site needs for its Japanese pages: their language for browsers, and a search that finds Japanese words.

Japanese has no spaces: a word is a run of kanji or of katakana.
"""

import re
from typing import Any

from sphinx.search.en import SearchEnglish

JAPANESE = r"[々一-龯]+|[ァ-ヺー]+"
"""Hiragana stands between words, and an index of it would be full of endings."""

OTHER = r"[^\W\u3040-\u30ff\u3400-\u9fff々]+"
OTHER_IN_A_BROWSER = r"(?:(?![\u3040-\u30ff\u3400-\u9fff々])[\p{Letter}\p{Number}_\p{Emoji_Presentation}])+"


class SearchEnglishAndJapanese(SearchEnglish):
    """Index English words as Sphinx does, and Japanese ones; a query is split in the same way."""

    js_splitter_code = f"var splitQuery = (query) => query.match(/{JAPANESE}|{OTHER_IN_A_BROWSER}/gu) || [];"

    def split(self, input: str) -> list[str]:
        return re.findall(f"{JAPANESE}|{OTHER}", input)


def set_in_japanese(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Let a browser choose the letters of Japanese, not of Chinese, and break its lines; let a screen reader speak it."""
    if page.startswith("ja/"):
        context["language"] = "ja"
        app.add_css_file("japanese.css")
