"""Conditions: runs that differ by nothing but their seed belong to one."""

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, count
from typing import TypeVar

from zdl_bench.run.config import RunConfig, Value

Told = TypeVar("Told", bound=Hashable)
Writer = Callable[[Value], str]

ALWAYS_SHOWN = ("optimizer", "lr")
NEVER_SHOWN = ("seed",)
LONGEST = 60
"""Letters: a checksum is cut."""
MAX_NUMBER = 12
"""Letters: of a longer one six digits, as of the 0.0031622776601683794 of a grid."""
OWNERS = {"probe.images": "dataset"}
"""Keys that only runs with a data set have."""


def condition_keys(configs: Iterable[RunConfig]) -> tuple[str, ...]:
    """The keys that tell the conditions of a sweep apart: optimizer, lr, and whatever else was varied.

    A hyper-parameter counts as varied where it differs under one name: that Adam has a beta1 and SGD has none is no
    variation.
    """
    flats = [config.flat() for config in configs]
    order = dict.fromkeys((*ALWAYS_SHOWN, *(key for flat in flats for key in flat)))
    seen: dict[tuple[str, Value], set[str]] = defaultdict(set)
    for flat in flats:
        for key in order:
            owner = flat.get(OWNERS.get(key, key.partition(".")[0])) if "." in key else None
            seen[key, owner].add(_identity(flat, key))
    varied = {key for (key, _), values in seen.items() if len(values) > 1}
    return tuple(key for key in order if key in ALWAYS_SHOWN or (key in varied and key not in NEVER_SHOWN))


def label(condition: Mapping[str, Value], write: Writer) -> str:
    """A condition in the words of the command line, optimizer first."""
    others = {key: value for key, value in condition.items() if key != "optimizer" and value is not None and value == value}
    return " ".join(
        [str(condition["optimizer"]), *(f"{key.removeprefix('optimizer.')}={write(value)}" for key, value in others.items())]
    )


def short(value: Value) -> str:
    """A value as a person would write it."""
    if value is None or value != value:
        return "none"
    if isinstance(value, float):
        return exact(value) if len(repr(value)) <= MAX_NUMBER else f"{value:g}"
    if isinstance(value, tuple):
        return "-".join(short(item) for item in value)
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:12]}…"


def exact(value: Value) -> str:
    """As short as it can be without being another value."""
    if value is None or value != value:
        return "none"
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return "-".join(map(exact, value)) if isinstance(value, tuple) else str(value)


def percent(share: float, decimals: int = 0) -> str:
    """A share as everything here writes it."""
    return f"{100 * share:.{decimals}f} %"


ACCURACY_DECIMALS = 2
"""Of the per cent of an accuracy: an image of 10,000."""


def accuracy_text(mean: float, sd: float = math.nan) -> str:
    """An accuracy, and its standard deviation if there is one."""
    digits = f".{ACCURACY_DECIMALS}f" if abs(mean) <= 1 else ".3g"  # a file may claim any number
    spread = "" if math.isnan(sd) else f" ± {100 * sd:{digits}}"
    return f"{100 * mean:{digits}}{spread} %"


@dataclass(frozen=True)
class Facets:
    """A run's place in a comparison, in words.

    variant: the optimizer and what was varied of it or its schedule. setting: everything else that was varied but lr
    and seed; runs of different settings are never compared.
    """

    variant: str
    setting: str


def facets_of(configs: Iterable[RunConfig]) -> dict[str, Facets]:
    """run_id → Facets, with respect to all of the given configs."""
    listed = list(configs)
    keys = [key for key in condition_keys(listed) if key != "lr"]
    of_variant = [key for key in keys if key.partition(".")[0] in ("optimizer", "schedule")]
    of_setting = [key for key in keys if key not in of_variant]
    flat = {config.run_id: config.flat() for config in listed}
    variants = {run_id: _condition(values, [key for key in of_variant if key in values]) for run_id, values in flat.items()}
    settings = {run_id: _condition(values, of_setting) for run_id, values in flat.items()}
    variant_words = told_apart(variants.values(), lambda condition, write: label({k: v for k, v, _ in condition}, write))
    setting_words = told_apart(
        settings.values(), lambda condition, write: ", ".join(f"{k}={write(v)}" for k, v, _ in condition)
    )
    return {run_id: Facets(variant_words[variants[run_id]], setting_words[settings[run_id]]) for run_id in flat}


def _condition(flat: Mapping[str, Value], keys: Iterable[str]) -> tuple[tuple[str, Value, str], ...]:
    """What a run has of these keys, with the identity of each value."""
    return tuple((key, flat.get(key), _identity(flat, key)) for key in keys)


def _identity(flat: Mapping[str, Value], key: str) -> str:
    """What tells a value from every other as the run's id does: 1 from 1.0, and from no value, as stored runs may have it."""
    return repr(flat[key]) if key in flat else ""


def told_apart(values: Iterable[Told], words: Callable[[Told, Writer], str]) -> dict[Told, str]:
    """Words for each value, no two alike: with every digit if they would read alike, with a number if those do not help."""
    texts = {value: words(value, short) for value in values}
    groups: dict[str, list[Told]] = defaultdict(list)
    for value, text in texts.items():
        groups[text].append(value)
    for alike in groups.values():
        for write in (exact, repr):
            if len({texts[value] for value in alike}) < len(alike):
                texts |= {value: words(value, write) for value in alike}
    taken: dict[str, Told] = {}
    for value, text in texts.items():
        name = next(name for name in chain([text], (f"{text} ({n})" for n in count(2))) if name not in taken)
        taken[name] = value
    return {value: text for text, value in taken.items()}


def texts_of(values: Iterable[Value]) -> dict[Value, str]:
    """What each value is called beside the others, no two alike."""
    return told_apart(values, lambda value, write: write(value))
