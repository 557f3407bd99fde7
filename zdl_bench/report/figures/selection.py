"""Select the part of a large sweep that a figure shows, and write the note on the rest. The tables show everything."""

from collections.abc import Collection, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures.style import MAX_TOLD_APART
from zdl_bench.report.phrases import more_in_tables

NOUNS = {"variant": "optimizer", "lr": "learning rate"}
MAX_STANDINGS = 20
"""Largest number of optimizers in a figure that compares them in pairs. A figure with more could not be read."""


def evenly_spread(count: int, most: int) -> npt.NDArray[np.int64]:
    """Return up to `most` indices into a list of length `count`, evenly spread from the first to the last."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)


def spread_with(favourites: Collection[float], values: Iterable[float], most: int) -> list[float]:
    """Return up to `most` distinct values, sorted: the favourites and, if there is room, evenly spread other values."""
    distinct = sorted(set(values))
    if len(distinct) <= most:
        return distinct
    picked = [value for value in distinct if value in favourites][:most]
    others = [value for value in distinct if value not in picked]
    return sorted([*picked, *(others[place] for place in evenly_spread(len(others), most - len(picked)))])


def first_variants(frame: pd.DataFrame, most: int = MAX_TOLD_APART) -> pd.DataFrame:
    """Return the rows of the first `most` variants in a frame."""
    return frame[frame["variant"].isin(list(frame["variant"].drop_duplicates()[:most]))]


def at_some_lrs(frame: pd.DataFrame, comparison: Comparison, most: int) -> pd.DataFrame:
    """Return the rows at up to `most` learning rates, preferably the best ones, and the rows without a learning rate."""
    lrs = spread_with(set(comparison.best_lrs.values()), frame["lr"].dropna(), most)
    return frame[frame["lr"].isin(lrs) | frame["lr"].isna()]


def hidden_note(part: pd.DataFrame, everything: pd.DataFrame, columns: Sequence[str] = ("variant",)) -> str:
    """Return the note that says how many optimizers or learning rates a figure does not show.

    part: the rows that the figure shows. everything: all rows. columns: the columns whose values are counted.
    """
    return more_in_tables(*((everything[column].nunique() - part[column].nunique(), NOUNS[column]) for column in columns))
