"""Phrases that captions, tables and findings share: counts, lists, and what was left out."""

from collections.abc import Iterable

MAX_LETTERS = 60
"""Letters of a name."""
MAX_IN_SENTENCE = 10
"""Names listed in a sentence."""


def count_of(count: int, noun: str) -> str:
    """Return the count with its noun: `1 seed`, `2 seeds`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def shorten(name: str) -> str:
    """Replace the middle of a name that is too long for a legend by an ellipsis."""
    half = (MAX_LETTERS - 1) // 2
    return name if len(name) <= MAX_LETTERS else f"{name[: MAX_LETTERS - 1 - half]}…{name[-half:]}"


def list_names(names: Iterable[str]) -> str:
    """List the distinct names as in a sentence; of many, only the first."""
    unique = [shorten(name) for name in dict.fromkeys(names)]
    if len(unique) > MAX_IN_SENTENCE:
        return f"{', '.join(unique[:MAX_IN_SENTENCE])} and {len(unique) - MAX_IN_SENTENCE} more"
    return " and ".join([", ".join(unique[:-1]), unique[-1]]) if len(unique) > 1 else "".join(unique)


def join_notes(*notes: str) -> str:
    """Join the notes that are not empty into one line."""
    return "; ".join(filter(None, notes))


def limit_lines(lines: Iterable[str], most: int, ending: str) -> list[str]:
    """Return up to `most` lines, and one that counts the rest: `and 3 more`, with its ending."""
    every = list(lines)
    rest = len(every) - most
    return every[:most] + ([f"and {rest} more{ending}"] if rest > 0 else [])


def more_in_tables(*counts: tuple[int, str]) -> str:
    """Return the note on how many of each noun only the tables have; empty if there are none."""
    hidden = [count_of(count, f"more {noun}") for count, noun in counts if count > 0]
    return f"{' and '.join(hidden)} in the tables only" if hidden else ""
