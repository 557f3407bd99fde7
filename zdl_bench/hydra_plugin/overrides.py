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
from hydra.core.override_parser.overrides_visitor import HydraErrorListener, HydraOverrideVisitor
from hydra.core.override_parser.types import ChoiceSweep, Glob, Override, Quote, QuotedString, Sweep
from hydra.errors import HydraException, OverrideParseException
from hydra.grammar.gen.OverrideLexer import CommonTokenStream, InputStream, OverrideLexer  # type: ignore[attr-defined]
from hydra.grammar.gen.OverrideParser import OverrideParser

from zdl_bench import registry
from zdl_bench.config import declared_type
from zdl_bench.errors import ConfigError, shown
from zdl_bench.experiment import require_no_reference
from zdl_bench.hydra_plugin.functions import exact_functions
from zdl_bench.registry import whole

WORD = re.compile(r"(?!(?i:true|false|null|inf|nan)$)[A-Za-z_][A-Za-z0-9_-]*")
"""A text that Hydra reads as itself without quotes."""
TEXTS = (str, str | None)
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
    def settings(self) -> list[Setting]:
        """One per value. Raises ConfigError for a sweep whose values cannot be listed."""
        if self.override.is_delete():
            return [Setting(self.argument, None)]
        values = [_as_declared(self.declared, value) for value in self._listed(self.override._value)]
        return [Setting(self._text(value), value) for value in values]

    @property
    def for_hydra(self) -> str:
        """What Hydra is given: what was typed, unless Hydra would read it as other values."""
        if self.override.is_delete() or self.override.is_interval_sweep() or isinstance(self.override._value, Glob):
            return self.argument
        texts = [setting.text for setting in self.settings]
        if texts == self._texts_of_hydra() or not texts:
            return self.argument
        key = f"{self.override.get_key_element()}="
        return f"{key}choice({','.join(text.removeprefix(key) for text in texts)})" if self.is_sweep else texts[0]

    def _texts_of_hydra(self) -> list[str]:
        try:
            hydra = OverridesParser.create().parse_override(self.argument)
            values: list[Any] = list(hydra.sweep_iterator()) if hydra.is_sweep_override() else [hydra.value()]
        except HydraException:
            return []
        return [self._text(Override._convert_value(value)) for value in values]

    def _text(self, value: Any) -> str:
        return f"{self.override.get_key_element()}={as_text(value)}"

    def parts(self) -> "list[Reading]":
        """Of a dictionary, which is merged into what is there, one for each key within; else itself."""
        value = self.override.value()
        is_merged = is_dataclass(self.declared) or self.key in registry.groups()
        if not (isinstance(value, dict) and value and is_merged) or _has_sweep(value):
            return [self]
        key = f"++{self.key}" if self.override.is_add() else self.override.get_key_element()
        return [part for below, item in value.items() for part in read(f"{key}.{below}={as_text(item)}").parts()]

    def _listed(self, parsed: Any) -> list[Any]:
        if isinstance(parsed, ChoiceSweep):
            return [value for item in parsed.list for value in self._listed(item)]
        if isinstance(parsed, Glob) and self.key in registry.groups():
            return list(parsed.filter(registry.names(self.key)))
        if _has_sweep(parsed):
            raise ConfigError(f"{shown(self.argument)}: a sweep needs a list of values; use a,b,c or range(start,stop,step)")
        return [Override._convert_value(parsed)]


def read_all(arguments: Iterable[str]) -> list[Reading]:
    """Raises ConfigError if a key is given twice, however it is written, and what `read` raises."""
    readings: list[Reading] = []
    given: dict[tuple[str, str], str] = {}
    for argument in arguments:
        whole = read(argument)
        for part in whole.parts():
            if before := given.get((whole.key, part.key)):
                raise ConfigError(f"{shown(argument)}: {shown(part.key)} is given already, as {shown(before)}; give it once")
            given[whole.key, part.key] = argument
            readings.append(part)
    return readings


def read(argument: str) -> Reading:
    """Raises what Hydra raises for what it cannot read, and ConfigError for what it would read as something else."""
    require_no_reference(argument)
    key, _, value = argument.partition("=")
    key = key.lstrip("+~").partition("@")[0]
    has_brackets = value.startswith(("{", "["))  # of a group: keys of the part that is chosen, or its name in a list
    declared = None if has_brackets and key in registry.groups() else declared_type(key)
    return Reading(argument, _parsed(argument, declared), declared)


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


def _parsed(argument: str, declared: Any) -> Override:
    is_text = declared in TEXTS
    parser = _Parser(_Texts(exact_functions(), takes_null=declared is not str) if is_text else _Values(exact_functions()))
    try:
        return parser.parse_overrides([argument])[0]
    except (OverrideParseException, ConfigError) as error:
        ours = error if isinstance(error, ConfigError) else error.__cause__
        if isinstance(ours, ConfigError):
            raise ConfigError(f"{shown(argument)}: {ours}") from error
        key, _, typed = argument.partition("=")
        if not is_text or not typed:
            raise
        if "," in typed:
            raise ConfigError(f"{shown(argument)}: a comma separates values; quote the text: \"{key}='…'\"") from error
        return parser.parse_overrides([f"{key}={QuotedString(typed.strip(), Quote.single).with_quotes()}"])[0]


class _Values(HydraOverrideVisitor):
    """Reads as Hydra does, but for a dictionary that says a key twice."""

    def visitDictContainer(self, ctx: Any) -> dict[Any, Any]:  # noqa: N802
        pairs = [self.visitDictKeyValuePair(pair) for pair in ctx.dictKeyValuePair()]
        keys = [key for key, _ in pairs]
        if len({*keys}) < len(keys):
            raise ConfigError("a dictionary gives a key twice; give it once")
        return dict(pairs)


class _Texts(_Values):
    """Reads what is no text for Hydra as the text that was typed."""

    def __init__(self, functions: Any, takes_null: bool) -> None:
        super().__init__(functions)
        self._takes_null = takes_null

    def _createPrimitive(self, ctx: Any) -> Any:  # noqa: N802
        value = super()._createPrimitive(ctx)
        is_known = isinstance(value, str | QuotedString) or (value is None and self._takes_null)
        return value if is_known or _is_reverse(ctx.parentCtx) else ctx.getText().strip()

    def visitListContainer(self, ctx: Any) -> Any:  # noqa: N802
        return ctx.getText()

    def visitDictContainer(self, ctx: Any) -> Any:  # noqa: N802
        return ctx.getText()


def _is_reverse(element: Any) -> bool:
    """Whether it is the flag of `sort(…, reverse=true)`."""
    siblings = list(element.parentCtx.getChildren())
    name = siblings[siblings.index(element) - 1]
    return isinstance(name, OverrideParser.ArgNameContext) and name.getText().startswith("reverse")


class _Parser(OverridesParser):
    """Hydra's parser, with another reading of what it has parsed."""

    def __init__(self, visitor: HydraOverrideVisitor) -> None:
        super().__init__(visitor.functions)
        self._visitor = visitor

    def parse_rule(self, s: str, rule_name: str) -> Override:
        lexer = OverrideLexer(InputStream(s))
        parser = OverrideParser(CommonTokenStream(lexer))
        for recognizer in (lexer, parser):
            recognizer.removeErrorListeners()
            recognizer.addErrorListener(HydraErrorListener())
        override: Override = self._visitor.visit(getattr(parser, rule_name)())
        override.input_line = s
        return override
