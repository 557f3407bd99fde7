"""`conform`: train the same run by two optimizers, and say where they part and which key explains it."""

import math
from collections.abc import Sequence

from zdl_bench.api.labels import padded
from zdl_bench.api.notices import announce_data_sets, announce_passed_over
from zdl_bench.commands.conformance import KeyChange, Pair, Parting, explain, parting_of
from zdl_bench.commands.terminal import TerminalVoice, console_for
from zdl_bench.errors import ConfigError, display, require
from zdl_bench.language import translatable, translate, translate_count, translate_list
from zdl_bench.plan.app import compose_once
from zdl_bench.plan.command_line import read_command_line
from zdl_bench.plan.resolver import Resolver
from zdl_bench.registry import registry
from zdl_bench.run.conditions import exact
from zdl_bench.run.config import RunConfig, Value

TOLERANCE = 1e-6
"""The default of `tolerance`. In float64, rounding alone leaves gaps of about 1e-14."""
LABEL_WIDTH = 28
"""Columns of a terminal before the steps and gaps."""


def main(arguments: Sequence[str]) -> int:
    """Compare two optimizers on one run. Return 0 if they agree within the tolerance, and 1 if they part."""
    own = dict(one.split("=", 1) for one in arguments if one.startswith(("against=", "tolerance=")))
    of_theirs = [one.replace("against.", "optimizer.", 1) for one in arguments if one.startswith("against.")]
    keys_of_one = ("against=", "against.", "tolerance=", "optimizer", "dtype=", "lr=")
    shared = [one for one in arguments if not one.startswith(keys_of_one)]
    given = [one for one in arguments if one.startswith(("dtype=", "lr="))]
    of_ours = [one for one in arguments if one.startswith("optimizer")]
    if "against" not in own or not any(one.startswith("optimizer=") for one in of_ours):
        raise ConfigError("conform: name two optimizers, for example optimizer=adam against=torch_adam; see conform --help")
    tolerance = _tolerance(own.get("tolerance"))
    resolver = Resolver()
    dtype = [] if any(one.startswith("dtype=") for one in given) else ["dtype=float64"]
    ours = _config(resolver, [*of_ours, *shared, *given, *dtype])
    lr = [f"lr={ours.lr!r}"] if ours.lr is not None else [one for one in given if one.startswith("lr=")]
    try:
        theirs = _config(resolver, [f"optimizer={own['against']}", *of_theirs, *shared, *lr, f"dtype={ours.dtype}"])
    except ConfigError as error:
        raise ConfigError(str(error).replace("optimizer=", "against=").replace("optimizer.", "against.")) from error
    announce_data_sets(TerminalVoice(), resolver.data_sets)
    announce_passed_over(TerminalVoice(), resolver.decode_data())
    pair = Pair(ours, theirs)
    parting = parting_of(pair, tolerance)
    _print(about(pair), *parting_lines(parting, tolerance))
    if parting.beyond is None:
        return 0
    _print(*explanation_lines(explain(pair, parting.beyond, tolerance), tolerance))
    return 1


def _tolerance(text: str | None) -> float:
    try:
        value = TOLERANCE if text is None else float(text)
    except ValueError:
        value = math.nan
    require("tolerance", text, 0 <= value < math.inf, "give the largest gap that counts as agreement, for example 1e-6")
    return value


def _config(resolver: Resolver, arguments: Sequence[str]) -> RunConfig:
    command_line = read_command_line(arguments)
    if command_line.is_sweep or command_line.experiment or command_line.flags:
        raise ConfigError(f"{display(' '.join(arguments))}: conform compares one run; leave out lists, flags and experiments")
    return resolver.run_config(compose_once(command_line))


def about(pair: Pair) -> str:
    config = pair.ours
    first, second = (
        " ".join([one.optimizer.name, *(f"({versions})" for versions in registry.libraries_of(one).values())])
        for one in (pair.ours, pair.theirs)
    )
    problem, data = config.problem.name, config.dataset
    return translate(
        "{first} against {second}: {problem}, lr={lr}, {steps:,} steps, seed {seed}, {dtype}",
        first=first,
        second=second,
        problem=translate("{problem} on {dataset}", problem=problem, dataset=data.name) if data else problem,
        lr=exact(config.lr),
        steps=config.steps,
        seed=config.seed,
        dtype=config.dtype,
    )


def parting_lines(parting: Parting, tolerance: float) -> list[str]:
    """Return the steps at which the two part, and the gaps."""
    since = translatable("from step {step}")
    never = translatable("never: all bits are equal"), translatable("never: they agree")
    lines = {
        translate("a bit differs"): translate(since if parting.bits else never[0], step=parting.bits),
        translate("gap above {tolerance:g}", tolerance=tolerance): translate(
            since if parting.beyond else never[1], step=parting.beyond
        ),
        **{translate("gap after step {step:,}:", step=step): f"{gap:.1e}" for step, gap in parting.gaps.items()},
    }
    return [padded(label, LABEL_WIDTH) + text for label, text in lines.items()]


def explanation_lines(changes: Sequence[KeyChange], tolerance: float) -> list[str]:
    """Return which changes make the two agree, or come closer, each with the gap that is left."""
    lines = [
        translate(
            "with {key}={value} instead of {before}: gap {gap:.1e}",
            key=change.key,
            value=_typed(change.value),
            before=_typed(change.before),
            gap=change.gap,
        )
        for change in changes
    ]
    if changes and changes[-1].gap <= tolerance:
        means = [change.means for change in changes if change.means]
        explained = translate_count("explained: with this, they agree", "explained: with these, they agree", len(changes))
        return [*lines, translate_list([explained, *means], "; ")]
    rest = translatable("no key explains the rest: the rules themselves differ, or a key that has no counterpart")
    all_of_it = translatable("no key explains the difference: the rules themselves differ, or a key that has no counterpart")
    return [*lines, translate(rest if changes else all_of_it)]


def _typed(value: Value) -> str:
    """Return a value as it is typed on the command line."""
    return f"[{','.join(map(_typed, value))}]" if isinstance(value, tuple) else exact(value).lower()


def _print(*lines: str) -> None:
    for line in lines:
        console_for().print(line, soft_wrap=True, markup=False, highlight=False)
