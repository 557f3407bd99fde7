"""Phrases that captions, tables and findings share: lists, sentences, and notes on what was left out."""

from collections.abc import Iterable
from functools import reduce

from zdl_bench.language import said, translatable, translate, translate_list

MAX_LETTERS = 60
"""Largest number of characters of a name in a sentence or legend."""
MAX_IN_SENTENCE = 10
"""Largest number of names listed in a sentence."""
AND_MORE = translatable("and {count} more")


def shorten(name: str) -> str:
    """Return the name, with an ellipsis in place of its middle if it is longer than MAX_LETTERS."""
    return _cut(name, MAX_LETTERS, (MAX_LETTERS - 1) // 2)


def shorten_all(names: Iterable[str], most: int = MAX_LETTERS) -> list[str]:
    """Return names of up to `most` characters, of which those that were different still are.

    The ellipsis stands as near to the middle as it leaves them different. If it can nowhere, the cut names are numbered.
    """
    every, half = [*names], (most - 1) // 2
    for end in sorted(range(most), key=lambda letters: abs(letters - half)):
        found = [_cut(name, most, end) for name in every]
        if len({*found}) == len({*every}):
            return found
    numbers = {name: number for number, name in enumerate(dict.fromkeys(every), 1)}
    return [name if len(name) <= most else f"{name[: most - 5]}… {numbers[name]}" for name in every]


def _cut(name: str, most: int, end: int) -> str:
    """Return the name in up to `most` characters, of which the last `end` are those at its end."""
    return name if len(name) <= most else f"{name[: most - 1 - end]}…{name[len(name) - end :]}"


def list_names(names: Iterable[str]) -> str:
    """Return the distinct names as a list in a sentence: up to MAX_IN_SENTENCE names, then the number of the others."""
    unique = shorten_all(dict.fromkeys(map(said, names)))
    if len(unique) > MAX_IN_SENTENCE:
        return and_more(translate_list(unique[:MAX_IN_SENTENCE]), len(unique) - MAX_IN_SENTENCE)
    return join_and(unique)


def join_and(parts: Iterable[str]) -> str:
    """Return parts as a list in a sentence, without leaving any out."""
    *first, last = [*parts] or [""]
    return translate("{names} and {last}", names=translate_list(first), last=last) if first else last


def join_or(names: Iterable[str]) -> str:
    """Return names as a list in a sentence of which one is meant."""
    *first, last = names
    return translate("{names} or {last}", names=translate_list(first), last=last) if first else last


def and_more(listed: str, rest: int) -> str:
    """Return a list in a sentence, with the number of those that it leaves out, if there are any."""
    return translate("{names} and {count} more", names=listed, count=rest) if rest > 0 else listed


def join_notes(*notes: str) -> str:
    """Return the notes that are not empty, joined by semicolons."""
    return translate_list(filter(None, notes), translatable("; "))


def join_clauses(*clauses: str) -> str:
    """Return the clauses that are not empty as a list in a sentence."""
    return translate("; and ").join(filter(None, clauses))


def join_sentences(*sentences: str) -> str:
    """Return the sentences that are not empty, one after the other."""
    first, *others = [*filter(None, sentences)] or [""]
    return reduce(lambda before, after: translate("{sentence} {next}", sentence=before, next=after), others, first)


def with_full_stop(clause: str) -> str:
    """Return the clause as a sentence; empty if it is empty."""
    return translate("{clause}.", clause=clause) if clause else ""


def limit_lines(lines: Iterable[str], most: int, ending: str = AND_MORE) -> list[str]:
    """Return the first `most` lines.

    If lines are left out, add the ending, a text in which `{count}` is the number of these lines.
    """
    every = list(lines)
    rest = len(every) - most
    return every[:most] + ([translate(ending, count=rest)] if rest > 0 else [])


def state_text(state: str) -> str:
    """Return in words what became of a run: a status, or that it did not learn."""
    return translate(state.replace("_", " "))


STATES = (
    *(translatable("completed"), translatable("diverged"), translatable("failed"), translatable("timed out")),
    *(translatable("not learned"), translatable("did not learn")),
)
"""The texts of `state_text`."""


def states_text(states: Iterable[tuple[str, int]]) -> list[str]:
    """Return how many runs have each state: `2 diverged`."""
    return [translate("{count} {state}", count=count, state=state_text(state)) for state, count in states]


def more_in_tables(*counts: str) -> str:
    """Return the note on what only the tables show: `2 more lines in the tables only`. Empty counts are left out."""
    hidden = [*filter(None, counts)]
    return translate("{items} in the tables only", items=translate(" and ").join(hidden)) if hidden else ""
