"""The names of optimizers for readers: `Adam` in figures, tables and words, where commands and CSV files say `adam`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial

import pandas as pd

from zdl_bench.errors import ConfigError
from zdl_bench.registry import conf_files
from zdl_bench.run.conditions import Facets, facets_of
from zdl_bench.run.config import RunConfig

NAME_COLUMNS = ("variant", "optimizer", "first", "second")
"""The columns of a table's numbers that may hold names of variants."""


def facets_for_readers(configs: Sequence[RunConfig], tuned: Sequence[str] = ()) -> tuple[dict[str, Facets], dict[str, str]]:
    """Return the facets of each run, by run id, and variant or optimizer → the same as commands spell it."""
    labels = distinct_labels(config.optimizer.name for config in configs)
    facets = facets_of(configs, labels, tuned)
    variants = {facets[run_id].variant: one.variant for run_id, one in facets_of(configs, tuned=tuned).items()}
    return facets, {label: name for name, label in labels.items()} | variants


def distinct_labels(optimizers: Iterable[str]) -> dict[str, str]:
    """Map each optimizer to its name for readers, or to its own name if another one has the same name for readers."""
    labels = {name: optimizer_label(name) for name in dict.fromkeys(optimizers)}
    counts = Counter(labels.values())
    return {name: label if counts[label] == 1 else name for name, label in labels.items()}


def optimizer_label(optimizer: str) -> str:
    """Return the `display_name` in the YAML of an optimizer, or the YAML's name if it has none or is not installed here."""
    try:
        return str(conf_files.load_yaml("optimizer", optimizer).get("display_name", optimizer))
    except ConfigError:  # a stored run of an optimizer that this installation does not have
        return optimizer


def with_keys(numbers: pd.DataFrame, keys: Mapping[str, str]) -> pd.DataFrame:
    """Return the numbers with the names of variants as commands spell them. keys: name for readers → name in commands."""
    known = cache(partial(_with_key, keys=keys))  # of many pairs, few names are different
    return numbers.assign(**{name: numbers[name].map(known) for name in NAME_COLUMNS if name in numbers})


def _with_key(value: object, keys: Mapping[str, str]) -> object:
    """Return a value with the names in it as commands spell them, for example in `Adam lr 0.1` and in `Adam / SGD at 0.1`."""
    if not isinstance(value, str):
        return value
    return " / ".join(_part_with_key(part, keys) for part in value.split(" / "))


def _part_with_key(part: str, keys: Mapping[str, str]) -> str:
    name = max((name for name in keys if f"{part} ".startswith(f"{name} ")), key=len, default="")
    return keys.get(name, "") + part.removeprefix(name)
