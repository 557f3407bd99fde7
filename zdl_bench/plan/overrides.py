"""What a user types, read once: `key=value` → a key and its values.

A value becomes a text again for Hydra alone, and one that Hydra reads as the same value. What is text stays as typed: the names
`1.10` and `2026_11_29` are no numbers.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, is_dataclass
from functools import cached_property
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Glob, Override, Quote, QuotedString, Sweep
from hydra.errors import HydraException

from zdl_bench.errors import ConfigError, display
from zdl_bench.plan.config import Name, declared_type
from zdl_bench.plan.grammar import parsed
from zdl_bench.registry import conf_files
from zdl_bench.registry.part_types import whole
from zdl_bench.run.untrusted import require_no_reference

WORD = re.compile(r"(?!(?i:true|false|null|inf|nan)$)[A-Za-z_][A-Za-z0-9_-]*")
"""A text that Hydra reads as itself without quotes."""
INTEGERS = (int, int | None)


@dataclass(frozen=True)
class Setting:
    """A key with one of its values; `text` is the override that says so."""

    text: str
    value: Any


@dataclass(frozen=True)
class Reading:
    """One argument, as it was typed and as it was read; `declared` is the type of its key, None for any."""

    argument: str
    override: Override
    declared: Any

    @property
    def key(self) -> str:
        """Without + and ~, and without the package that a group has anyway."""
        key, package = self.override.key_or_group, self.override.package
        return key if package in (None, key.replace("/", ".")) else f"{key}@{package}"

    @property
    def is_sweep(self) -> bool:
        return self.override.is_sweep_override()

    @cached_property
    def values(self) -> list[Any]:
        """Raises ConfigError for a sweep whose values cannot be listed."""
        return [_as_declared(self.declared, value) for value in self._listed(self.override._value)]

    @property
    def settings(self) -> list[Setting]:
        """One per value. Raises ConfigError for a sweep whose values cannot be listed."""
        if self.override.is_delete():
            return [Setting(self.argument, None)]
        key = self.override.get_key_element()
        return [Setting(f"{key}={as_text(value)}", value) for value in self.values]

    @property
    def for_hydra(self) -> str:
        """What Hydra is given: what was typed, unless Hydra would read it as other values."""
        if self.override.is_delete() or self.override.is_interval_sweep() or isinstance(self.override._value, Glob):
            return self.argument
        if not self.values or self._is_hydras_reading():
            return self.argument
        texts = [as_text(value) for value in self.values]
        value = f"choice({','.join(texts)})" if self.is_sweep else texts[0]
        return f"{self.override.get_key_element()}={value}"

    def _is_hydras_reading(self) -> bool:
        try:
            hydra = OverridesParser.create().parse_override(self.argument)
            read: Any = list(hydra.sweep_iterator()) if hydra.is_sweep_override() else [hydra.value()]
        except HydraException:
            return False
        pairs = zip(map(Override._convert_value, read), self.values, strict=False)
        return len(read) == len(self.values) and all(type(one) is type(other) and one == other for one, other in pairs)

    def parts(self) -> "list[Reading]":
        """Of a dictionary, which is merged into what is there, one for each key within; else itself."""
        value = self.override.value()
        is_of_keys = is_dataclass(self.declared) or self.declared == Name
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
        return [Override._convert_value(parsed)]


def read_all(arguments: Iterable[str]) -> list[Reading]:
    """Raises ConfigError if a key is given twice, however it is written, and what `read` raises."""
    readings: list[Reading] = []
    given: dict[str, str] = {}
    for argument in arguments:
        for part in read(argument).parts():
            if before := given.get(part.key):
                raise ConfigError(
                    f"{display(argument)}: {display(part.key)} is given already, as {display(before)}; give it once"
                )
            given[part.key] = argument
            readings.append(part)
    return readings


def read(argument: str) -> Reading:
    """Raises what Hydra raises for what it cannot read, and ConfigError for what it would read as something else."""
    require_no_reference(argument)
    declared = declared_type(argument.partition("=")[0].lstrip("+~").partition("@")[0])
    return Reading(argument, parsed(argument, declared), declared)


def as_text(value: Any) -> str:
    """A value as Hydra reads it."""
    return Override._get_value_element_as_str(_quoted(value))


def _quoted(value: Any) -> Any:
    if isinstance(value, str):
        return value if WORD.fullmatch(value) else QuotedString(value, Quote.single)
    if isinstance(value, dict):
        return {key: _quoted(item) for key, item in value.items()}
    return [_quoted(item) for item in value] if isinstance(value, list) else value


def _as_declared(declared: Any, value: Any) -> Any:
    """An integer may be typed as 1e3, or as a text of digits."""
    if declared in INTEGERS and isinstance(value, str):
        with suppress(ValueError):
            return int(value)
    return whole(value) if declared in INTEGERS else value


def _has_sweep(parsed: Any) -> bool:
    inside = parsed.values() if isinstance(parsed, dict) else parsed if isinstance(parsed, list) else ()
    return isinstance(parsed, Sweep | Glob) or any(_has_sweep(item) for item in inside)
