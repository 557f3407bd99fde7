"""Conditions and their names. Runs that differ only in their seed belong to the same condition."""

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from types import MappingProxyType
from typing import TypeVar

from zdl_bench.run.config import RunConfig, Value

Named = TypeVar("Named", bound=Hashable)
Writer = Callable[[Value], str]

ALWAYS_SHOWN = ("optimizer", "lr")
NEVER_SHOWN = ("seed",)
MAX_TEXT_LETTERS = 60
"""A text with more characters, such as a checksum, is cut in labels."""
MAX_NUMBER_LETTERS = 12
"""A number with more characters, such as 0.0031622776601683794 from a grid, is written with six digits."""
OWNERS = {"probe.images": "dataset"}
"""Key → the group that the key depends on, if its name does not say so. Only runs with a data set have probe.images."""


def condition_keys(configs: Iterable[RunConfig]) -> tuple[str, ...]:
    """Return the keys that distinguish the conditions of a sweep: optimizer, lr, and every other key that was varied.

    A hyper-parameter counts as varied if it differs between runs of the same optimizer. It does not count as varied only
    because one optimizer has it and another does not, as Adam has a beta1 and SGD has none.
    """
    flats = [config.flat() for config in configs]
    order = dict.fromkeys((*ALWAYS_SHOWN, *(key for flat in flats for key in flat)))
    seen: dict[tuple[str, Value], set[str]] = defaultdict(set)
    for flat in flats:
        for key in order:
            owner = flat.get(OWNERS.get(key, key.partition(".")[0])) if "." in key else None
            seen[key, owner].add(identity_of(flat, key))
    varied = {key for (key, _), values in seen.items() if len(values) > 1}
    return tuple(key for key in order if key in ALWAYS_SHOWN or (key in varied and key not in NEVER_SHOWN))


def label(condition: Mapping[str, Value], write: Writer, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return a condition as text, with the optimizer first and the other values in the syntax of the command line.

    names: optimizer → its name for readers, if that differs.
    """
    optimizer = str(condition["optimizer"])
    others = {key: value for key, value in condition.items() if key != "optimizer" and value is not None and value == value}
    return " ".join(
        [
            names.get(optimizer, optimizer),
            *(f"{key.removeprefix('optimizer.')}={write(value)}" for key, value in others.items()),
        ]
    )


def short(value: Value) -> str:
    """Return a value as short text for readers. Long numbers are rounded and long texts are cut."""
    if value is None or value != value:
        return "none"
    if isinstance(value, float):
        return exact(value) if len(repr(value)) <= MAX_NUMBER_LETTERS else f"{value:g}"
    if isinstance(value, tuple):
        return "-".join(short(item) for item in value)
    text = str(value)
    return text if len(text) <= MAX_TEXT_LETTERS else f"{text[:12]}…"


def exact(value: Value) -> str:
    """Return a value as the shortest text that still represents exactly this value."""
    if value is None or value != value:
        return "none"
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return "-".join(map(exact, value)) if isinstance(value, tuple) else str(value)


def percent(share: float, decimals: int = 0) -> str:
    """Return a share as a percentage, in the format that the whole program uses."""
    return f"{100 * share:.{decimals}f} %"


ACCURACY_DECIMALS = 2
"""The number of decimals of an accuracy in percent. The second decimal stands for one image of 10,000."""


def accuracy_text(mean: float, sd: float = math.nan) -> str:
    """Return an accuracy as a percentage, followed by its standard deviation unless `sd` is NaN."""
    digits = f".{ACCURACY_DECIMALS}f" if abs(mean) <= 1 else ".3g"  # a file may claim any number
    spread = "" if math.isnan(sd) else f" ± {100 * sd:{digits}}"
    return f"{100 * mean:{digits}}{spread} %"


@dataclass(frozen=True)
class Facets:
    """The labels of a run in a comparison.

    variant: the optimizer, with the varied values of the optimizer and the schedule. setting: all other varied values, except
        lr and seed. Runs with different settings are never compared.
    """

    variant: str
    setting: str


def facets_of(
    configs: Iterable[RunConfig], names: Mapping[str, str] = MappingProxyType({}), tuned: Sequence[str] = ()
) -> dict[str, Facets]:
    """Return the facets of each run, by run id. The facets name the values that vary among all the configs.

    names: optimizer → its name for readers. Optimizers with the same name for readers keep their own. tuned: keys that are
    chosen, as lr is, and so are no part of a variant.
    """
    listed = list(configs)
    flat = {config.run_id: config.flat() for config in listed}
    keys = [key for key in condition_keys(listed) if key not in ("lr", *tuned)]
    of_variant = [key for key in keys if key.partition(".")[0] in ("optimizer", "transform", "schedule")]

    def words(chosen: Sequence[str], write_all: Callable[[Mapping[str, Value], Writer], str]) -> dict[str, str]:
        conditions = {
            run_id: tuple((key, values.get(key), identity_of(values, key)) for key in chosen) for run_id, values in flat.items()
        }
        texts = distinguish(
            conditions.values(), lambda condition, write: write_all({key: value for key, value, _ in condition}, write)
        )
        return {run_id: texts[condition] for run_id, condition in conditions.items()}

    variants = words(of_variant, lambda condition, write: label(condition, write, names if write is short else {}))
    settings = words(
        [key for key in keys if key not in of_variant],
        lambda setting, write: ", ".join(f"{key}={write(value)}" for key, value in setting.items()),
    )
    return {run_id: Facets(variants[run_id], settings[run_id]) for run_id in flat}


def tuned_text(config: RunConfig, tuned: Sequence[str]) -> str:
    """Return the values that a run has of the tuned keys, such as `beta2=0.9`; empty if its optimizer has none of them."""
    flat = config.flat()
    return " ".join(f"{key.removeprefix('optimizer.')}={exact(flat[key])}" for key in tuned if key in flat)


def identity_of(flat: Mapping[str, Value], key: str) -> str:
    """Return a text for the value of a key. The texts of 1 and 1.0 differ, as do the texts of None and of a missing key."""
    return repr(flat[key]) if key in flat else ""


def distinguish(values: Iterable[Named], words: Callable[[Named, Writer], str]) -> dict[Named, str]:
    """Return a different text for each value. If short texts are equal, write every digit; if still equal, append a number."""
    texts = {value: words(value, short) for value in values}
    groups: dict[str, list[Named]] = defaultdict(list)
    for value, text in texts.items():
        groups[text].append(value)
    for alike in groups.values():
        for write in (exact, repr):
            if len({texts[value] for value in alike}) < len(alike):
                texts |= {value: words(value, write) for value in alike}
    taken: dict[str, Named] = {}
    for value, text in texts.items():
        name = next(name for name in chain([text], (f"{text} ({n})" for n in count(2))) if name not in taken)
        taken[name] = value
    return {value: text for text, value in taken.items()}


def texts_of(values: Iterable[Value]) -> dict[Value, str]:
    """Return a different text for each of the values."""
    return distinguish(values, lambda value, write: write(value))
