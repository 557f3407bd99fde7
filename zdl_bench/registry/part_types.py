"""The types of a part's hyper-parameters. Reads the declared types, and converts and checks the values that a user gives."""

import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import Any, cast, get_args, get_origin, get_type_hints

from zdl_bench.errors import ConfigError, display
from zdl_bench.run.config import PlainValue, Value

LAYERS = re.compile(r"[0-9]{1,9}(x[0-9]{1,9})*")
"""Layer sizes such as 200x200."""
WORDS_OF_TYPES = {
    float: "a number",
    int: "an integer",
    str: "a word",
    str | None: "a word",
    bool: "true or false",
    tuple[int, ...]: "a list of integers",
    tuple[float, ...]: "a list of numbers",
    PlainValue: "a number, a word, true, false or null",
    tuple[PlainValue, ...]: "a list",
}
"""The types that a field of a part may have, and their names in messages."""


def declared_fields(part: Any) -> dict[str, Any]:
    """Return field → type for a part's class. Raise TypeError, with the reason, if a YAML cannot give values for the fields."""
    if not (isinstance(part, type) and is_dataclass(part)):
        raise TypeError("this is not a dataclass; write @dataclass(frozen=True) above the class")
    try:
        hints = get_type_hints(part)
    except Exception as error:
        raise TypeError(f"the types of this class cannot be read ({display(error)}); check its annotations") from error
    declared = {field.name: hints[field.name] for field in fields(part) if field.init and "given_by" not in field.metadata}
    for key, expected in declared.items():
        if expected not in WORDS_OF_TYPES:
            kinds = ", ".join(dict.fromkeys(WORDS_OF_TYPES.values()))
            raise TypeError(f"the field {key} has a type that no YAML value has; change the type to one of: {kinds}")
    return declared


def default_values(part: Any) -> dict[str, Any]:
    """Return field → default for the fields of a dataclass that have a default."""
    made = {field.name: field.default_factory() for field in fields(part) if field.default_factory is not MISSING}
    return made | {field.name: field.default for field in fields(part) if field.default is not MISSING}


def without_omitted(part: Any, values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the values of a dataclass without those that a config leaves out at their default."""
    omitted = {field.name: field.default for field in fields(part) if field.metadata.get("omitted_at_default")}
    return {key: value for key, value in values.items() if key not in omitted or value != omitted[key]}


def whole(value: Any) -> Any:
    """Return a whole float such as 1e3 or 1000.0 as an integer, and any other value unchanged."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def parse_value(value: Any, expected: Any) -> Any:
    """Return a user's value in the form that the type expects: 1e3 as 1000, 50 as the list [50], 200x200 as [200, 200]."""
    if get_origin(expected) is not tuple:
        return whole(value) if expected is int else value
    item = get_args(expected)[0]
    if item is int and isinstance(value, str) and LAYERS.fullmatch(value):
        return [int(size) for size in value.split("x")]
    listed = [value] if isinstance(value, int | float) else value
    return [parse_value(one, item) for one in listed] if isinstance(listed, list | tuple) else listed


def typed_value(key: str, value: Any, expected: Any) -> Value:
    """Return a value in its declared type. If the type requires it, an integer becomes a float, or a list becomes a tuple.

    Raise ConfigError if the value has any other type.
    """
    if expected is float and type(value) is int:
        try:
            return float(value)
        except OverflowError as error:
            raise ConfigError(f"{key}={display(value)}: this integer is too large; give a smaller number") from error
    if get_origin(expected) is tuple and isinstance(value, list | tuple):
        return tuple(typed_value(key, item, get_args(expected)[0]) for item in value)
    if type(value) is expected or (isinstance(expected, UnionType) and isinstance(value, expected)):
        return cast(Value, value)
    raise ConfigError(f"{key}={display(value)}: give {WORDS_OF_TYPES[expected]}")


def typed_fields(
    name: str, values: Mapping[str, Any], declared: Mapping[str, Any], places: Mapping[str, str]
) -> dict[str, Value]:
    """Return the values of a part in their declared types. places: key → where a message says that its value comes from.

    Raise ConfigError if the part has no such key, or if a value has another type.
    """
    typed = {}
    for key, value in values.items():
        if key not in declared:
            has = f"its keys are {', '.join(declared)}" if declared else "leave it out"
            raise ConfigError(f"{places[key]}={display(value)}: {name} has no such key; {has}")
        typed[key] = typed_value(places[key], value, declared[key])
    return typed
