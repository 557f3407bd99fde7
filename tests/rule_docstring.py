"""The docstring of an optimizer's class, taken apart for its page."""

import re
import sys
from collections.abc import Collection
from dataclasses import dataclass, field
from inspect import getdoc

DISAGREE = "Where implementations disagree: "
SOURCE = "Source: "


@dataclass
class RuleDocstring:
    """The parts of a docstring.

    rule: the formula. notes: the paragraphs about it. meanings: key of the YAML → what it means. disagreement: where
    implementations disagree; empty if nothing is said. source: the paper.
    """

    rule: str
    notes: list[str] = field(default_factory=list)
    meanings: dict[str, str] = field(default_factory=dict)
    disagreement: str = ""
    source: str = ""


def docstring_of(rule_class: type, keys: Collection[str]) -> RuleDocstring:
    """Return the parts of a class's docstring; keys: those that its YAML has.

    Keys and a source of which it says `as in` or `as of` another class of its module have what stands there.
    """
    paragraphs = (getdoc(rule_class) or "").split("\n\n")
    formula = 2 if paragraphs[0].endswith(":") else 1
    found = RuleDocstring("\n\n".join(paragraphs[:formula]))
    for paragraph in paragraphs[formula:]:
        for item in _items(paragraph, keys):
            if item.startswith(DISAGREE):
                found.disagreement = item.removeprefix(DISAGREE)
            elif item.startswith(SOURCE):
                found.source = item.removeprefix(SOURCE)
            elif _begins_argument(item, keys):
                found.meanings |= _meanings(item, keys)
            else:
                found.notes.append(item)
    named = re.search(r"\bas (?:of|in) (\w+)\b", getdoc(rule_class) or "")
    other = getattr(sys.modules[rule_class.__module__], named[1], None) if named else None
    if named and isinstance(other, type):
        there = docstring_of(other, keys)
        own = {key: _replaced(meaning, named[1], there.meanings.get(key, "")) for key, meaning in found.meanings.items()}
        found.meanings = there.meanings | own
        found.source = there.source if found.source.startswith("as of ") else found.source
    return found


def _items(paragraph: str, keys: Collection[str]) -> list[str]:
    """Return the pieces of a paragraph, each on one line: arguments, a part with a heading, or text."""
    items: list[str] = []
    for line in paragraph.splitlines():
        begins = line.startswith((DISAGREE, SOURCE)) or _begins_argument(line, keys)
        follows_argument = bool(items) and _begins_argument(items[-1], keys) and not line.startswith("    ")
        if begins or follows_argument or not items:
            items.append(line)
        else:
            items[-1] += " " + line.strip()
    return items


def _argument(keys: Collection[str]) -> str:
    """Return a pattern for the names at the beginning of what is said of one or several keys."""
    name = "(?:" + "|".join(sorted(map(re.escape, keys), key=len, reverse=True)) + ")"
    return rf"({name}(?:, {name})*): "


def _begins_argument(text: str, keys: Collection[str]) -> bool:
    return bool(keys and re.match(_argument(keys), text))


def _meanings(item: str, keys: Collection[str]) -> dict[str, str]:
    _, *parts = re.split(rf"(?:^|(?<=[.)] )){_argument(keys)}", item)
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return {key: meaning.strip() for names, meaning in pairs for key in names.split(", ")}


def _replaced(meaning: str, other: str, there: str) -> str:
    """Return what is said of a key, with the words of the other class in place of its name."""
    return meaning.replace(f" The others: as in {other}.", "").replace(f"as in {other}.", there)
