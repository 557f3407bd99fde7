"""What of a large sweep a figure shows, and the note on the rest. The tables have everything."""

from collections.abc import Collection, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures.style import MAX_TOLD_APART
from zdl_bench.report.phrases import more_in_tables

NOUNS = {"variant": "optimizer", "lr": "learning rate"}
MAX_STANDINGS = 20
"""Optimizers in a figure of who is ahead of whom: one of more could not be read."""


def evenly_spread(count: int, most: int) -> npt.NDArray[np.int64]:
    """Return up to `most` places in a list of that length, evenly spread from the first to the last."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)


def spread_with(favourites: Collection[float], values: Iterable[float], most: int) -> list[float]:
    """Return up to `most` of the values, sorted: the favourites first, then as many others, evenly spread, as have room."""
    distinct = sorted(set(values))
    if len(distinct) <= most:
        return distinct
    picked = [value for value in distinct if value in favourites][:most]
    others = [value for value in distinct if value not in picked]
    return sorted([*picked, *(others[place] for place in evenly_spread(len(others), most - len(picked)))])


def first_variants(frame: pd.DataFrame, most: int = MAX_TOLD_APART) -> pd.DataFrame:
    """Return the rows of the first variants of a frame."""
    return frame[frame["variant"].isin(list(frame["variant"].drop_duplicates()[:most]))]


def at_some_lrs(frame: pd.DataFrame, comparison: Comparison, most: int) -> pd.DataFrame:
    """Return the rows at up to `most` learning rates, the best ones among them, and those without one."""
    lrs = spread_with(set(comparison.best_lrs.values()), frame["lr"].dropna(), most)
    return frame[frame["lr"].isin(lrs) | frame["lr"].isna()]


def hidden_note(part: pd.DataFrame, everything: pd.DataFrame, columns: Sequence[str] = ("variant",)) -> str:
    """Return the note on the variants, or other values of these columns, of which a figure shows a part."""
    return more_in_tables(*((everything[column].nunique() - part[column].nunique(), NOUNS[column]) for column in columns))
