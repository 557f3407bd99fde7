"""The conversion of composed configs to the settings of a sweep."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zdl_bench.errors import ConfigError, closest, display, hint, require
from zdl_bench.executors.executor import Limits
from zdl_bench.language import Language, spoken
from zdl_bench.plan.command_line import CommandLine
from zdl_bench.plan.overrides import read
from zdl_bench.plan.resolver import part_choice
from zdl_bench.registry.languages import language_named
from zdl_bench.run.config import Choice
from zdl_bench.run.presentation import HOUSE, Presentation, formats_of


@dataclass(frozen=True)
class SweepSettings:
    """The settings of a sweep besides its runs. None of these settings changes the numbers of a run."""

    executor: Choice
    limits: Limits
    max_failures: int | None
    results_dir: str
    name: str | None
    force: bool
    report: bool
    formats: tuple[str, ...]
    presentation: Presentation
    dry_run: bool

    def __post_init__(self) -> None:
        is_count = self.max_failures is None or self.max_failures >= 1
        require(
            "max_failures",
            self.max_failures,
            is_count,
            "give the number of failed runs after which to stop, at least 1, or null to never stop",
        )


def sweep_settings(composed: Mapping[str, Any]) -> SweepSettings:
    """Return the settings in a composed config. Raise ConfigError if one is wrong."""
    return SweepSettings(
        executor=part_choice("executor", composed["executor"]),
        limits=Limits(composed["n_jobs"], composed["timeout"]),
        max_failures=composed["max_failures"],
        results_dir=os.path.expanduser(composed["results_dir"]),  # a shell leaves the ~ of results_dir=~/res as it is
        name=composed["name"],
        force=composed["force"],
        report=composed["report"],
        formats=formats_of("formats", _as_tuple(composed["formats"])),
        presentation=presentation_of(composed["figure"], composed["table"], composed["language"]),
        dry_run=composed["dry_run"],
    )


def presentation_of(figure: Mapping[str, Any], table: Mapping[str, Any], language: str | None) -> Presentation:
    """Return the presentation in the keys `figure.*`, `table.*` and `language`. Raise ConfigError if a value is wrong."""
    style, columns = os.path.expanduser(str(figure["style"])), _as_tuple(table["columns"])
    return Presentation(style, figure["width"], tuple(map(str, columns)), figure["optimizers"], report_language(language))


def report_language(language: str | None) -> str:
    """Return the code of the language of a report: the one given, or else the one in which the program speaks."""
    return spoken().code if language is None else language_named(str(language)).code


def asked_language(command_line: CommandLine) -> Language:
    """Return the language that a command line asks for, or else the one in which the program speaks."""
    [code, *_] = [reading.values[0] for reading in command_line.readings if reading.key == "language"] or [None]
    return spoken() if code is None else language_named(str(code))


def _as_tuple(value: Any) -> tuple[Any, ...]:
    """Return the items of a list, or a single item, which needs no brackets on the command line."""
    return tuple(value) if isinstance(value, list) else () if value is None else (value,)


REPORT_KEYS: dict[str, Any] = {
    "figure.style": HOUSE,
    "figure.width": None,
    "figure.optimizers": None,
    "table.columns": [],
    "language": None,
}
"""The keys that the command `report` takes, with their defaults."""


def presentation_in(words: Sequence[str], before: Presentation) -> Presentation:
    """Return a presentation changed by words such as `figure.style=paper`. Raise ConfigError for any other word.

    What no word names stays as before, except that the house style has no width.
    """
    given: dict[str, Any] = {}
    for word in words:
        key = word.partition("=")[0]
        if key not in REPORT_KEYS:
            remedy = hint(closest(key, REPORT_KEYS), f"a report has the keys {', '.join(REPORT_KEYS)}")
            raise ConfigError(f"{display(word)}: there is no such key; {remedy}")
        values = read(word).values
        require(key, word.partition("=")[2], key not in given and len(values) == 1, "give this key one value, once")
        given[key] = values[0]
    kept = {f"figure.{key}": getattr(before, key) for key in ("style", "width", "optimizers")}
    if given.get("figure.style") == HOUSE:
        del kept["figure.width"]
    chosen = REPORT_KEYS | {"table.columns": list(before.columns), "language": before.language} | kept | given
    figure = {key.removeprefix("figure."): value for key, value in chosen.items() if key.startswith("figure.")}
    return presentation_of(figure, {"columns": chosen["table.columns"]}, chosen["language"])
