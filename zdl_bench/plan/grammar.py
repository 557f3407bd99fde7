"""An exact reading of Hydra's override grammar: functions give lists, a dictionary has each key once, and text stays as typed.

Hydra stores a range as its bounds, and sorting and shuffling as flags. So Hydra's `sort(range(10,0,-3))` gives 3, 6, 9, 12,
although 12 is outside the range. Its `range(0.7,1,0.1)` reaches 1 through rounding errors, and its `sort(shuffle(3,1,2))`
stays shuffled. In this module, each function returns a list, and functions such as `sort` take that list.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import accumulate
from math import ceil
from typing import Any

import numpy as np
from hydra.core.override_parser.overrides_parser import OverridesParser, create_functions
from hydra.core.override_parser.overrides_visitor import HydraErrorListener, HydraOverrideVisitor
from hydra.core.override_parser.types import ChoiceSweep, Override, Quote, QuotedString
from hydra.errors import OverrideParseException
from hydra.grammar.gen.OverrideLexer import CommonTokenStream, InputStream, OverrideLexer  # type: ignore[attr-defined]
from hydra.grammar.gen.OverrideParser import OverrideParser

from zdl_bench.errors import ConfigError, display
from zdl_bench.plan.schema import Name
from zdl_bench.run.untrusted import MAX_DEPTH

MAX_SWEEP = 100_000
"""Maximum number of runs in a sweep. Composing and planning this many runs takes a few hundred megabytes of memory."""
TEXTS = (str, str | None)
"""Declared types of keys with text as value. Such text stays as typed, even if Hydra would read it as a number or a list."""


def parse(argument: str, declared: Any) -> Override:
    """Read an override whose key has the declared type. Raise ConfigError, or the error of Hydra for an unreadable override.

    Quoted text in the result is a plain str, not the QuotedString of Hydra.
    """
    if max(accumulate((letter in "([{") - (letter in ")]}") for letter in argument), default=0) > MAX_DEPTH:
        raise ConfigError(f"{display(argument)}: the value is nested too deeply; write the value with fewer levels")
    is_text, is_name = declared in TEXTS, declared == Name
    visitor = _Texts(takes_null=declared is not str) if is_text else _Names() if is_name else _Values()
    parser = _Parser(visitor)
    try:
        return parser.parse_overrides([argument])[0]
    except (OverrideParseException, ConfigError) as error:
        ours = error if isinstance(error, ConfigError) else error.__cause__
        if isinstance(ours, ConfigError):
            raise ConfigError(f"{display(argument)}: {ours}") from error
        key, _, typed = argument.partition("=")
        if is_text and "," in typed:
            raise ConfigError(several_texts(argument)) from error
        is_range = "range(" in typed  # names have no ranges
        names = [typed] if is_text or is_range else typed.split(",")
        if typed and (
            is_text or (is_name and (is_range or all(map(str.isidentifier, names))))
        ):  # the value has letters that Hydra reads only in quotes
            return parser.parse_overrides([f"{key}={','.join(quoted(name.strip()) for name in names)}"])[0]
        raise


def several_texts(argument: str) -> str:
    key = argument.partition("=")[0].lstrip("+")
    return f"{display(argument)}: a comma separates values; to give one text with a comma, quote the text: \"{key}='…'\""


def unquoted(value: Any) -> Any:
    return value.text if isinstance(value, QuotedString) else value


def quoted(text: str) -> str:
    return QuotedString(text, Quote.single).with_quotes()


def require_few(runs: int, of: str) -> None:
    """Raise ConfigError if there are more than MAX_SWEEP runs. of: the source of the runs, which the message names."""
    if runs > MAX_SWEEP:
        raise ConfigError(f"{of}: more than {MAX_SWEEP:,} runs are too many; use shorter lists or ranges")


class _Parser(OverridesParser):
    """A parser of overrides that uses Hydra's grammar, but one of the visitors below instead of Hydra's."""

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


class _Values(HydraOverrideVisitor):
    """A visitor that reads values as Hydra does, except for functions and quotes. A dictionary must not repeat a key."""

    def __init__(self) -> None:
        functions = create_functions()  # Hydra's casts, `tag`, `interval` and `glob` need no replacement
        functions.functions |= {"choice": _choice, "range": _range, "shuffle": _shuffle, "sort": _sort}
        super().__init__(functions)

    def visitPrimitive(self, ctx: Any) -> Any:  # noqa: N802
        value = super().visitPrimitive(ctx)
        return value.text if isinstance(value, QuotedString) else value

    def visitDictKey(self, ctx: Any) -> Any:  # noqa: N802
        key = super().visitDictKey(ctx)
        return key.text if isinstance(key, QuotedString) else key

    def visitDictContainer(self, ctx: Any) -> Any:  # noqa: N802
        pairs = [self.visitDictKeyValuePair(pair) for pair in ctx.dictKeyValuePair()]
        if len({key for key, _ in pairs}) < len(pairs):
            raise ConfigError("the dictionary gives a key twice; leave one of the two out")
        return dict(pairs)


class _Names(_Values):
    """A visitor that reads a number or a flag as the text that was typed, except within a list or a dictionary."""

    def __init__(self, takes_null: bool = True) -> None:
        super().__init__()
        self._takes_null = takes_null

    def visitPrimitive(self, ctx: Any) -> Any:  # noqa: N802
        value = super().visitPrimitive(ctx)
        is_known = isinstance(value, str) or (value is None and self._takes_null)
        return value if is_known or _is_within(ctx) or _is_reverse(ctx.parentCtx) else ctx.getText().strip()


class _Texts(_Names):
    """A visitor that also reads a list or a dictionary as the text that was typed."""

    def visitListContainer(self, ctx: Any) -> Any:  # noqa: N802
        return ctx.getText()

    def visitDictContainer(self, ctx: Any) -> Any:  # noqa: N802
        return ctx.getText()


def _is_within(ctx: Any) -> bool:
    """Return whether a node is part of a list or of a dictionary."""
    containers = (OverrideParser.ListContainerContext, OverrideParser.DictContainerContext)
    return ctx is not None and (isinstance(ctx, containers) or _is_within(ctx.parentCtx))


def _is_reverse(element: Any) -> bool:
    """Return whether an element is the value of `reverse` in `sort(…, reverse=true)`."""
    siblings = list(element.parentCtx.getChildren())
    name = siblings[siblings.index(element) - 1]
    return isinstance(name, OverrideParser.ArgNameContext) and name.getText().startswith("reverse")


def _choice(*values: Any) -> ChoiceSweep:
    if not values:
        raise ConfigError("a choice needs values; write choice(a,b)")
    return ChoiceSweep(list=list(values))


def _range(start: float, stop: float | None = None, step: float = 1) -> ChoiceSweep:
    """Return the values start + i · step for i = 0, 1, … that lie before `stop`, computed exactly from the typed decimals."""
    start, stop = (0, start) if stop is None else (start, stop)
    try:
        first, stride = Fraction(str(start)), Fraction(str(step))
        is_endless = str(stop).endswith("inf")
        count = MAX_SWEEP + 1 if is_endless else ceil((Fraction(str(stop)) - first) / stride)
    except (ValueError, ZeroDivisionError) as error:
        raise ConfigError("a range needs numbers and a step other than 0; write range(start,stop,step)") from error
    require_few(count, f"range({start},{stop},{step})")
    if isinstance(start, int) and isinstance(stop, int) and isinstance(step, int):
        return ChoiceSweep(list=list(range(start, stop, step)))
    return ChoiceSweep(list=[float(first + i * stride) for i in range(count)])


def _shuffle(*values: Any, **named: Any) -> Any:
    """Return the values in a random order that is always the same, so that the same command gives the same sweep."""
    order = np.random.default_rng(0).permutation
    return _in_order(lambda items: [items[place] for place in order(len(items))], *values, *named.values())


def _sort(*values: Any, reverse: bool = False, **named: Any) -> Any:
    return _in_order(lambda items: sorted(items, reverse=reverse), *values, *named.values())


def _in_order(order: Callable[[Sequence[Any]], list[Any]], *given: Any) -> Any:
    """Apply `order` to the items of a sweep or a list. Several values count as a sweep. Return any other value unchanged."""
    one = given[0] if len(given) == 1 else _choice(*given)
    if isinstance(one, ChoiceSweep):
        return ChoiceSweep(list=order(one.list))
    return order(one) if isinstance(one, list) else one
