"""Select the runs that a claim names, and say which ones it names."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from zdl_bench.language import later
from zdl_bench.statistics.claim_part import Selector
from zdl_bench.statistics.side import Undecidable


def select_runs(runs: pd.DataFrame, selector: Selector) -> pd.DataFrame:
    """Return the runs that have the selector's values. Raise Undecidable if the runs lack a key of the selector."""
    for key, value in selector.items():
        if key not in runs:
            raise Undecidable(later("no run has the key {key}; select runs by a key of their config", key=key))
        runs = runs[_equal(runs[key], value)]
    return runs


def _equal(column: pd.Series, value: Any) -> "pd.Series[bool]":
    if value is None:
        return column.isna()
    if isinstance(value, str) and pd.api.types.is_numeric_dtype(column):
        value = pd.to_numeric(value, errors="coerce")  # YAML reads 1e4 as a string
    if isinstance(value, list):
        return column.map(lambda text: isinstance(text, str) and _parse_json(text) == value).astype(bool)
    return column == value


def _parse_json(text: str) -> Any:
    """Return the JSON value of a cell, or None if the cell is not JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def ambiguous(selector: Selector) -> str:
    """Return the reason why runs cannot be compared if a selector matches several runs of one seed."""
    return later("{runs} is ambiguous: several runs of one seed match; name more keys in the claim", runs=words_of(selector))


def words_of(selector: Mapping[str, Any]) -> str:
    """Return the values of a selector in words."""
    return " ".join(f"{key}={value}" for key, value in selector.items()) or later("the experiment")
