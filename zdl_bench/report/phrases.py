"""Phrases that captions, tables and findings share: counts, lists, and notes on what was left out."""

from collections.abc import Iterable

MAX_LETTERS = 60
"""Largest number of characters of a name in a sentence or legend."""
MAX_IN_SENTENCE = 10
"""Largest number of names listed in a sentence."""


def count_of(count: int, noun: str) -> str:
    """Return the count with its noun: `1 seed`, `2 seeds`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def shorten(name: str) -> str:
    """Return the name, with an ellipsis in place of its middle if it is longer than MAX_LETTERS."""
    half = (MAX_LETTERS - 1) // 2
    return name if len(name) <= MAX_LETTERS else f"{name[: MAX_LETTERS - 1 - half]}…{name[-half:]}"


def list_names(names: Iterable[str]) -> str:
    """Return the distinct names as a list in a sentence: up to MAX_IN_SENTENCE names, then the number of the others."""
    unique = [shorten(name) for name in dict.fromkeys(names)]
    if len(unique) > MAX_IN_SENTENCE:
        return f"{', '.join(unique[:MAX_IN_SENTENCE])} and {len(unique) - MAX_IN_SENTENCE} more"
    return " and ".join([", ".join(unique[:-1]), unique[-1]]) if len(unique) > 1 else "".join(unique)


def join_notes(*notes: str) -> str:
    """Return the notes that are not empty, joined by semicolons."""
    return "; ".join(filter(None, notes))


def limit_lines(lines: Iterable[str], most: int, ending: str) -> list[str]:
    """Return the first `most` lines.

    If lines are left out, add a line with the number of these lines and the ending, such as `and 3 more`.
    """
    every = list(lines)
    rest = len(every) - most
    return every[:most] + ([f"and {rest} more{ending}"] if rest > 0 else [])


def more_in_tables(*counts: tuple[int, str]) -> str:
    """Return the note on what only the tables show, such as `2 more lines in the tables only`.

    counts: pairs of a number and a noun, such as (2, "line"). The note is empty if no number is above 0.
    """
    hidden = [count_of(count, f"more {noun}") for count, noun in counts if count > 0]
    return f"{' and '.join(hidden)} in the tables only" if hidden else ""
