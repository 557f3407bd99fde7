"""Small pieces of English that several sentences share."""


def count_of(count: int, noun: str) -> str:
    """Return so many of a noun: `1 seed`, `2 seeds`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
