"""What a YAML or JSON file may say: text, numbers, lists and mappings from text, and not without measure."""

import json
from typing import Any

from zdl_bench.errors import ConfigError, display

MAX_INTEGER_BITS = 1023
"""Bits: what is longer is no number of the machine, not even a float, and cannot be printed in full."""
MAX_VALUES, MAX_DEPTH = 100_000, 50
"""What stands behind a YAML alias counts each time: ten lines of them can stand for a billion values."""


def require_plain(content: object) -> None:
    """Raises ValueError for anything else, and for more or deeper content than anybody can mean."""
    waiting = [(content, 0)]
    count = 0
    while waiting:
        value, depth = waiting.pop()
        count += 1
        if count > MAX_VALUES or depth > MAX_DEPTH:
            raise ValueError(f"it has more than {MAX_VALUES:,} values or {MAX_DEPTH} levels; write less")
        keys = list(value) if isinstance(value, dict) else []
        if isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS:
            raise ValueError("it has an integer beyond all numbers; write less")
        odd = [key for key in keys if not isinstance(key, str)]
        for text in (one for one in (value, *keys) if isinstance(one, str)):
            text.encode()  # half of a surrogate pair is no text, and cannot be written
        if odd or not isinstance(value, str | int | float | list | dict | None):
            raise ValueError(f"{display((odd or [value])[0])} is no text here; put it in quotes")
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        waiting.extend((item, depth + 1) for item in inside)


def json_in(text: bytes, largest: int) -> Any:
    """The content of a JSON text.

    Raises ValueError where the text is none, or its values could take more than the largest number of bytes: `[],` is three
    bytes in a file, and a hundred in memory.
    """
    size = size_of_values(text)
    if size > largest:
        raise ValueError(f"its values may take {size:,} bytes, {largest:,} is the most")
    return json.loads(text)


def size_of_values(text: bytes) -> int:
    """More bytes than the values of a JSON text take in memory, known without reading them."""
    letter = 2 if text.isascii() and b"\\" not in text else 8  # one letter beyond Latin makes all of its text wide
    inside = {b",": 40, b"[": 96, b"{": 256, b'"': 32}
    return letter * len(text) + sum(size * text.count(mark) for mark, size in inside.items())


def require_no_reference(value: Any) -> None:
    """Raises ConfigError for an interpolation, before anything of another key or of the environment comes into a message."""
    if isinstance(value, dict | list):
        for item in [*value, *value.values()] if isinstance(value, dict) else value:
            require_no_reference(item)
    elif isinstance(value, str) and "${" in value:
        raise ConfigError(f"{display(value)}: a value cannot refer to another key or to the environment; give the value itself")
