"""Checks of the sizes and the types of values from untrusted YAML and JSON files."""

import json
from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import Any, get_args, get_origin

from zdl_bench.errors import ConfigError, display

MAX_INTEGER_BITS = 1023
"""The largest number of bits in an integer. A larger integer does not fit into a float and cannot be printed in full."""
MAX_VALUES, MAX_DEPTH = 100_000, 50
"""Limits on the content of a file. Each use of a YAML alias counts, since ten lines of aliases can mean a billion values."""


def require_bounded(content: object) -> None:
    """Raise ValueError unless the content has only text, numbers, lists and mappings with text keys, within the limits."""
    waiting = [(content, 0)]
    count = 0
    while waiting:
        value, depth = waiting.pop()
        count += 1
        if count > MAX_VALUES or depth > MAX_DEPTH:
            raise ValueError(f"the content has more than {MAX_VALUES:,} values or {MAX_DEPTH} nested levels; shorten it")
        keys = list(value) if isinstance(value, dict) else []
        if isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS:
            raise ValueError(f"the content has an integer of over {MAX_INTEGER_BITS} bits; give a smaller number")
        odd = [key for key in keys if not isinstance(key, str)]
        for text in (one for one in (value, *keys) if isinstance(one, str)):
            text.encode()  # raises UnicodeEncodeError (a ValueError) for half of a surrogate pair
        if odd or not isinstance(value, str | int | float | list | dict | None):
            raise ValueError(f"{display((odd or [value])[0])} is not text; put it in quotes")
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        waiting.extend((item, depth + 1) for item in inside)


def parse_json(text: bytes, max_bytes: int) -> Any:
    """Return the value of a JSON text.

    Raise ValueError if the text is not JSON, or if its values could take more than `max_bytes` in memory. Three bytes of text,
    such as `[],`, can take a hundred bytes in memory.
    """
    size = max_memory_of(text)
    if size > max_bytes:
        raise ValueError(f"the values in the JSON may take {size:,} bytes of memory; the limit is {max_bytes:,}")
    return json.loads(text)


def max_memory_of(text: bytes) -> int:
    """Return an upper bound on the memory of the values of a JSON text, in bytes, without parsing the text."""
    letter = 2 if text.isascii() and b"\\" not in text else 8  # one character beyond Latin-1 makes all characters wide
    inside = {b",": 40, b"[": 96, b"{": 256, b'"': 32}
    return letter * len(text) + sum(size * text.count(mark) for mark, size in inside.items())


def decode_as(kind: Any, value: Any, key: str) -> Any:
    """Return a JSON value converted to an annotated type. Raise ValueError, with the key, if the value has another type.

    kind: a plain type, Any, `X | None`, `list[X]`, `dict[str, X]`, or a dataclass with fields of these types. Where a float
        is expected, an integer is accepted and not converted. Keys that the dataclass does not have are ignored. Keys with a
        default may be missing.
    """
    if type(value) is kind or kind is Any:
        return value
    if isinstance(kind, UnionType):
        return None if value is None else decode_as(get_args(kind)[0], value, key)
    if is_dataclass(kind):
        known = decode_as(dict, value, key)
        names = {f"{key}.{f.name}".lstrip("."): f for f in fields(kind)}
        missing = [name for name, f in names.items() if f.name not in known and f.default is f.default_factory is MISSING]
        if missing:
            raise ValueError(f"{missing[0]} is missing")
        given = {name: f for name, f in names.items() if f.name in known}
        return kind(**{f.name: decode_as(f.type, known[f.name], name) for name, f in given.items()})  # type: ignore[operator]
    origin, inside = get_origin(kind) or kind, get_args(kind)
    if type(value) is not origin and not (kind is float and type(value) is int):
        raise ValueError(f"{key or 'the content'} is not of type {origin.__name__}")
    if not inside or inside[-1] is Any:
        return value
    if origin is list:
        return [decode_as(inside[0], item, key) for item in value]
    return {name: decode_as(inside[1], item, key) for name, item in value.items()}


def require_no_reference(value: Any) -> None:
    """Raise ConfigError if a value has an interpolation, since a message could then reveal another key or the environment."""
    if isinstance(value, dict | list):
        for item in [*value, *value.values()] if isinstance(value, dict) else value:
            require_no_reference(item)
    elif isinstance(value, str) and "${" in value:
        raise ConfigError(f"{display(value)}: a value cannot refer to another key or to the environment; give the value itself")
