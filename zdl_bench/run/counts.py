"""Counts with their noun or state, as all sentences of the program have them."""

from zdl_bench.language import translate, translate_count


def count_of(count: int, noun: str) -> str:
    """Return the count with its noun: `1 seed`, `2 seeds`."""
    return translate_count(f"{{count}} {noun}", f"{{count}} {noun}s", count)


def count_in_state(count: int, state: str) -> str:
    """Return how many runs are in a state, which is marked as translatable: `2 diverged`."""
    return translate("{count} {state}", count=count, state=translate(state))
