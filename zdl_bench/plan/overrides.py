"""The reader of arguments, which finds the key and the values in `key=value`.

Values become text again only for Hydra, in a form that Hydra reads as the same values. Text stays as typed: the names `1.10`
and `2026_11_29` are not read as numbers.
"""

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, is_dataclass
from functools import cached_property
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Glob, Override, Sweep
from hydra.errors import HydraException

from zdl_bench.errors import ConfigError, display
from zdl_bench.plan.grammar import parse, quoted, unquoted
from zdl_bench.plan.keys import general_keys, part_keys, unknown_key
from zdl_bench.plan.schema import Name, declared_type
from zdl_bench.plan.transforms import require_names
from zdl_bench.registry import conf_files
from zdl_bench.registry.part_types import whole
from zdl_bench.run.untrusted import require_no_reference

WORD = re.compile(r"(?!(?i:true|false|null|inf|nan)$)[A-Za-z_][A-Za-z0-9_-]*")
"""Text that needs no quotes, because Hydra reads the text unchanged."""
ADDED = re.compile(r"\++([\w.]+)=")
SUFFIX = re.compile(r"(?<=[\w-])\.ya?ml(?=$|[,\]')\"])")
INTEGERS = (int, int | None)


@dataclass(frozen=True)
class Setting:
    """A key with one of its values. text: the override that sets the key to this value."""

    text: str
    value: Any


@dataclass(frozen=True)
class Reading:
    """An argument as typed and as read. declared: the type that the schema gives its key, or None if the type is unknown."""

    argument: str
    override: Override
    declared: Any

    @property
    def key(self) -> str:
        """The key without + and ~, and without the default package of a group."""
        key, package = self.override.key_or_group, self.override.package
        return key if package in (None, key.replace("/", ".")) else f"{key}@{package}"

    @property
    def group(self) -> str:
        """The first word of the key, for example optimizer for optimizer.beta1."""
        return re.split(r"[.@:=/]", self.key)[0]

    @property
    def typed(self) -> str:
        """The value as it was typed."""
        return self.argument.partition("=")[2]

    @property
    def is_sweep(self) -> bool:
        return self.override.is_sweep_override()

    @cached_property
    def values(self) -> list[Any]:
        """The values of the key. Raises ConfigError for a sweep that cannot be listed, and for a key that is deleted."""
        if self.override.is_delete():
            if self.key and self.key not in (*general_keys(), *part_keys()) and self.group not in conf_files.groups():
                raise ConfigError(unknown_key(self.key))
            raise ConfigError(f"{display(self.argument)}: a run needs this key; do not delete the key")
        return [_as_declared(self.declared, value) for value in self._listed(self.override.value())]

    @property
    def settings(self) -> list[Setting]:
        """One setting per value. Raises the errors of `values`."""
        key = self.override.get_key_element()
        return [Setting(f"{key}={as_text(value)}", value) for value in self.values]

    @property
    def for_hydra(self) -> str:
        """The argument for Hydra: as typed, or with its values written out if Hydra would read the typed text differently."""
        parsed: Any = self.override.value()
        if self.override.is_interval_sweep() or isinstance(parsed, Glob) or not self.values or self._is_hydras_reading():
            return self.argument
        texts = [as_text(value) for value in self.values]
        value = f"choice({','.join(texts)})" if self.is_sweep else texts[0]
        return f"{self.override.get_key_element()}={value}"

    def _is_hydras_reading(self) -> bool:
        try:
            hydra = OverridesParser.create().parse_override(self.argument)
            typed = list(hydra.sweep_iterator(unquoted)) if hydra.is_sweep_override() else [hydra.value()]
        except HydraException:
            return False
        return [(type(one), one) for one in typed] == [(type(one), one) for one in self.values]

    def parts(self) -> "list[Reading]":
        """Return one reading per key if the value is a dictionary that Hydra merges into the config, or else this reading."""
        value = self.override.value()
        is_of_keys = is_dataclass(self.declared) or (self.declared == Name and self.key != "experiment")
        if not (isinstance(value, dict) and value and is_of_keys) or _has_sweep(value):
            return [self]
        key = f"++{self.key}" if self.override.is_add() else self.override.get_key_element()
        return [part for below, item in value.items() for part in read(f"{key}.{below}={as_text(item)}").parts()]

    def _listed(self, parsed: Any) -> list[Any]:
        if isinstance(parsed, ChoiceSweep):
            return [value for item in parsed.list for value in self._listed(item)]
        if isinstance(parsed, Glob) and self.key in conf_files.groups():
            return list(parsed.filter(conf_files.names(self.key)))
        if _has_sweep(parsed):
            raise ConfigError(f"{display(self.argument)}: a sweep needs a list of values; use a,b,c or range(start,stop,step)")
        return [parsed]


def read_all(arguments: Iterable[str]) -> list[Reading]:
    """Return the readings of arguments. Raise ConfigError if a key is given twice in any form, and the errors of `read`."""
    readings: list[Reading] = []
    given: dict[str, str] = {}
    for argument in arguments:
        for part in read(argument).parts():
            if before := given.get(part.key):
                raise ConfigError(
                    f"{display(argument)}: {display(part.key)} is already given, as {display(before)}; leave one of the two out"
                )
            given[part.key] = argument
            readings.append(part)
    return readings


def read(argument: str) -> Reading:
    """Read an argument. Raise ConfigError for a value that is not allowed. Pass on the errors of Hydra's parser."""
    require_no_reference(argument)
    declared = declared_type(argument.partition("=")[0].lstrip("+~").partition("@")[0])
    reading = Reading(argument, parse(argument, declared), declared)
    _require_names(reading)
    return reading


def canonical(argument: str) -> str:
    """Return the argument without `+` before a key that already exists, and without `.yaml` after a name.

    Raise ConfigError for a `+` before a key that does not exist.
    """
    added = ADDED.match(argument)
    if added and not added[1].startswith("hydra"):
        if added[1] in (*general_keys(), *part_keys()):
            argument = argument.lstrip("+")
        elif "." not in added[1]:
            raise ConfigError(unknown_key(added[1]))
    group, equals, value = argument.partition("=")
    return f"{group}={SUFFIX.sub('', value)}" if equals and group in conf_files.groups() | {"experiment"} else argument


def as_text(value: Any) -> str:
    """Return the text that Hydra reads as this value."""
    if isinstance(value, str):
        return value if WORD.fullmatch(value) else quoted(value)
    if isinstance(value, dict):
        return f"{{{','.join(f'{as_text(key)}:{as_text(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{','.join(map(as_text, value))}]"
    return "null" if value is None else str(value)


def _require_names(reading: Reading) -> None:
    """Raise ConfigError if the value of a group is neither a name nor a dictionary that changes keys of the part."""
    group = reading.override.key_or_group
    if group not in conf_files.groups() or reading.override.is_delete():
        return
    value: Any = reading.override.value()
    for one in value.list if (is_choice := isinstance(value, ChoiceSweep)) else [value]:
        if isinstance(one, list) and group == conf_files.LISTED_GROUP:
            require_names(one)
        elif not isinstance(one, str | Glob | dict) and not (isinstance(one, list) and len(one) == 1):  # Hydra accepts [NAME]
            typed = json.dumps(one, default=str) if is_choice else reading.typed
            raise ConfigError(conf_files.describe_unknown(group, typed, conf_files.names(group)))


def _as_declared(declared: Any, value: Any) -> Any:
    """Return an int for the value of an integer key that was typed as 1e3 or in quotes. Return any other value unchanged."""
    if declared in INTEGERS and isinstance(value, str):
        with suppress(ValueError):
            return int(value)
    return whole(value) if declared in INTEGERS else value


def _has_sweep(parsed: Any) -> bool:
    inside = parsed.values() if isinstance(parsed, dict) else parsed if isinstance(parsed, list) else ()
    return isinstance(parsed, Sweep | Glob) or any(_has_sweep(item) for item in inside)
