"""Types that a key of a part may have: what a user means by a value, and whether it is of the type."""

import re
from typing import Any, cast, get_args, get_origin

from zdl_bench.errors import ConfigError, display
from zdl_bench.run.config import Value

LAYERS = re.compile(r"[0-9]{1,9}(x[0-9]{1,9})*")
"""Sizes of layers, as 200x200."""
WORDS_OF_TYPES = {
    float: "a number",
    int: "an integer",
    str: "a word",
    str | None: "a word",
    bool: "true or false",
    tuple[int, ...]: "a list of integers",
    tuple[float, ...]: "a list of numbers",
}
"""Types that a field of a part may have."""


def whole(value: Any) -> Any:
    """An integer that is written as 1e3 or 1000.0; any other value as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def meant(value: Any, expected: Any) -> Any:
    """What a user means by a value: 1e3 is an integer, 50 a list of one, 200x200 a list of integers."""
    if get_origin(expected) is not tuple:
        return whole(value) if expected is int else value
    item = get_args(expected)[0]
    if item is int and isinstance(value, str) and LAYERS.fullmatch(value):
        return [int(size) for size in value.split("x")]
    listed = [value] if isinstance(value, int | float) else value
    return [meant(one, item) for one in listed] if isinstance(listed, list | tuple) else listed


def _as_float(key: str, value: int) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise ConfigError(f"{key}={display(value)}: it is too large for a number") from error


def typed_value(key: str, value: Any, expected: Any) -> Value:
    """The value as the declared type: an integer serves as a float, a list as a tuple; nothing else is converted."""
    if expected is float and isinstance(value, int) and not isinstance(value, bool):
        return _as_float(key, value)
    if get_origin(expected) is tuple and isinstance(value, list | tuple):
        return tuple(typed_value(key, item, get_args(expected)[0]) for item in value)
    if isinstance(expected, type) and type(value) is expected:
        return cast(Value, value)
    if expected == str | None and isinstance(value, str | None):
        return value
    raise ConfigError(f"{key}={display(value)}: it has to be {WORDS_OF_TYPES[expected]}")
