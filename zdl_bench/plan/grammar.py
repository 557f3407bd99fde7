"""Hydra's override grammar, read exactly: its functions as their values, each key of a dictionary once, and text as typed."""

from itertools import accumulate
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.overrides_visitor import HydraErrorListener, HydraOverrideVisitor
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.errors import OverrideParseException
from hydra.grammar.gen.OverrideLexer import CommonTokenStream, InputStream, OverrideLexer  # type: ignore[attr-defined]
from hydra.grammar.gen.OverrideParser import OverrideParser

from zdl_bench.errors import ConfigError, display
from zdl_bench.plan.config import Name
from zdl_bench.plan.functions import exact_functions
from zdl_bench.run.untrusted import MAX_DEPTH

TEXTS = (str, str | None)
"""Types of a key that is text: what Hydra would take for a number, a list or a sign is what was typed."""


def parsed(argument: str, declared: Any) -> Override:
    """`declared`: the type of the key. Raises ConfigError, and what Hydra raises for what it cannot read."""
    if max(accumulate((letter in "([{") - (letter in ")]}") for letter in argument), default=0) > MAX_DEPTH:
        raise ConfigError(f"{display(argument)}: a value is nested too deeply to be read; write it flat")
    is_text = declared in TEXTS
    visitor = _Texts(takes_null=declared is not str) if is_text else _Names() if declared == Name else _Values()
    parser = _Parser(visitor)
    try:
        return parser.parse_overrides([argument])[0]
    except (OverrideParseException, ConfigError) as error:
        ours = error if isinstance(error, ConfigError) else error.__cause__
        if isinstance(ours, ConfigError):
            raise ConfigError(f"{display(argument)}: {ours}") from error
        key, _, typed = argument.partition("=")
        if not (is_text or declared == Name) or not typed:
            raise
        if declared == Name and all(map(str.isidentifier, typed.split(","))):  # letters that are not Hydra's
            names = ",".join(QuotedString(name, Quote.single).with_quotes() for name in typed.split(","))
            return parser.parse_overrides([f"{key}={names}"])[0]
        if not is_text:
            raise
        if "," in typed:
            raise ConfigError(f"{display(argument)}: a comma separates values; quote the text: \"{key}='…'\"") from error
        return parser.parse_overrides([f"{key}={QuotedString(typed.strip(), Quote.single).with_quotes()}"])[0]


class _Values(HydraOverrideVisitor):
    """Reads as Hydra does, but for its functions, and a dictionary that says a key twice."""

    def __init__(self) -> None:
        super().__init__(exact_functions())

    def visitDictContainer(self, ctx: Any) -> dict[Any, Any]:  # noqa: N802
        pairs = [self.visitDictKeyValuePair(pair) for pair in ctx.dictKeyValuePair()]
        keys = [key for key, _ in pairs]
        if len({*keys}) < len(keys):
            raise ConfigError("a dictionary gives a key twice; give it once")
        return dict(pairs)


class _Names(_Values):
    """Reads what is no text for Hydra as the text that was typed."""

    def __init__(self, takes_null: bool = True) -> None:
        super().__init__()
        self._takes_null = takes_null

    def _createPrimitive(self, ctx: Any) -> Any:  # noqa: N802
        value = super()._createPrimitive(ctx)
        is_known = isinstance(value, str | QuotedString) or (value is None and self._takes_null)
        return value if is_known or _is_within(ctx) or _is_reverse(ctx.parentCtx) else ctx.getText().strip()


class _Texts(_Names):
    """The same for a list and a dictionary."""

    def visitListContainer(self, ctx: Any) -> Any:  # noqa: N802
        return ctx.getText()

    def visitDictContainer(self, ctx: Any) -> Any:  # noqa: N802
        return ctx.getText()


def _is_within(ctx: Any) -> bool:
    """Whether it is part of a list or of a dictionary."""
    containers = (OverrideParser.ListContainerContext, OverrideParser.DictContainerContext)
    return ctx is not None and (isinstance(ctx, containers) or _is_within(ctx.parentCtx))


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
