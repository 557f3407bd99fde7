"""What a YAML or JSON file may say: text, numbers, lists and mappings from text, and not without measure."""

from zdl_bench.errors import shown

LONGEST_INTEGER = 1024
"""Bits: what is longer is no number of the machine, and cannot even be printed in full."""
MOST_VALUES, DEEPEST = 100_000, 50
"""What stands behind a YAML alias counts each time: ten lines of them can stand for a billion values."""


def require_plain(content: object) -> None:
    """Raises ValueError for anything else, and for more or deeper content than anybody can mean."""
    waiting = [(content, 0)]
    count = 0
    while waiting:
        value, depth = waiting.pop()
        count += 1
        if count > MOST_VALUES or depth > DEEPEST:
            raise ValueError(f"it has more than {MOST_VALUES:,} values or {DEEPEST} levels; write less")
        keys = list(value) if isinstance(value, dict) else []
        if isinstance(value, int) and value.bit_length() > LONGEST_INTEGER:
            raise ValueError("it has an integer beyond all numbers; write less")
        odd = [key for key in keys if not isinstance(key, str)]
        for text in (one for one in (value, *keys) if isinstance(one, str)):
            text.encode()  # half of a surrogate pair is no text, and cannot be written
        if odd or not isinstance(value, str | int | float | list | dict | None):
            raise ValueError(f"{shown((odd or [value])[0])} is no text here; put it in quotes")
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        waiting.extend((item, depth + 1) for item in inside)
