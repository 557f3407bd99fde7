"""Keyword arguments of Python → the overrides of a command line that means the same."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from reprlib import Repr
from typing import Any, get_origin

from zdl_bench.errors import ConfigError, display
from zdl_bench.plan.overrides import as_text
from zdl_bench.plan.schema import SWEEP_KEYS, declared_type
from zdl_bench.store.manifest import PYTHON_CALL

MAX_ITEMS, MAX_LETTERS_OF_VALUE = 20, 200
"""Limits on a value in the text of a call."""
KEY_OF_CALL = re.compile(r"[A-Za-z_][\w./@-]*")


def settled(value: object) -> object:
    """Return a value that can be read more than once: an iterator as a list, an array or a number of NumPy as one of Python."""
    if hasattr(value, "tolist"):
        return value.tolist()
    is_collection = isinstance(value, str | tuple | list | range | Mapping)
    return [*value] if isinstance(value, Iterable) and not is_collection else value


def overrides_of(keys: Mapping[str, object]) -> list[str]:
    """Return the override of each key, as a user would type it after `-m`.

    A list, a range, an array or any other iterable is a sweep over its items. A tuple is one value with several parts, such as
    the layers (200, 200), and so is any iterable for a key of the whole sweep, such as `formats`. Raise ConfigError for a key
    or a value that no command line can give.
    """
    return [f"{_checked(key)}={_text(key, settled(value))}" for key, value in keys.items()]


def call_text(keys: Mapping[str, object]) -> str:
    """Return the call of `zdl_bench.sweep` with these keys, as a user would write it. Long values are abridged."""
    brief = Repr()
    brief.maxlist = brief.maxtuple = brief.maxdict = MAX_ITEMS
    brief.maxstring = brief.maxother = MAX_LETTERS_OF_VALUE
    names = {key: value for key, value in keys.items() if key.isidentifier()}
    dotted = {key: value for key, value in keys.items() if key not in names}
    arguments = [f"{key}={brief.repr(value)}" for key, value in names.items()] + ([f"**{brief.repr(dotted)}"] if dotted else [])
    return f"{PYTHON_CALL}{', '.join(arguments)})"


def _checked(key: str) -> str:
    if "__" in key:
        dotted = key.replace("__", ".")
        raise ConfigError(f"{display(key)}: write a key with its dots, as **{{{dotted!r}: …}}")
    if not KEY_OF_CALL.fullmatch(key):
        raise ConfigError(f"{display(key)}: this is no key; give one as on the command line, such as 'problem.hidden'")
    return key


def _text(key: str, value: object) -> str:
    if isinstance(value, range) and value.step > 0:
        step = f",{value.step}" if value.step != 1 else ""
        return f"range({value.start},{value.stop}{step})"
    if isinstance(value, str | tuple | Mapping) or not isinstance(value, Iterable):
        return as_text(_plain(key, value))
    items = [_plain(key, item) for item in value]
    if key in SWEEP_KEYS:
        return as_text(items)
    if not items:
        raise ConfigError(f"{key}=[]: the list is empty; give at least one value")
    if get_origin(declared_type(key)) is tuple and any(isinstance(item, int | float) for item in items):
        one, several = tuple(items), [(item,) for item in items]
        raise ConfigError(f"{key}={display(items)}: a list is a sweep; write {one} for one value, or {several} for a sweep")
    return ",".join(map(as_text, items))


def _plain(key: str, value: Any) -> Any:
    """Return a value as the numbers, texts, lists and dictionaries that a command line can give."""
    if hasattr(value, "tolist"):  # a number or an array of NumPy
        return value.tolist()
    if isinstance(value, tuple | list):
        return [_plain(key, item) for item in value]
    if isinstance(value, dict):
        return {str(name): _plain(key, item) for name, item in value.items()}
    if isinstance(value, Path):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    kinds = "a number, a text, True, False, None, a tuple of these as one value, or a list of these as a sweep"
    raise ConfigError(f"{key}={display(repr(value))}: give {kinds}")
