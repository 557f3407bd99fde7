"""What of a large sweep a figure shows, and how it says that there is more. The tables have everything."""

from collections.abc import Collection, Iterable

import numpy as np
import pandas as pd

from zdl_bench.figures.style import with_looks
from zdl_bench.report.comparison import Comparison

MOST_LINES = 20
"""More lines in one panel cannot be told apart."""


def thinned(values: Iterable[float], kept: Collection[float], most: int) -> list[float]:
    """At most `most` of the values, sorted: those to be kept first, and of the others as many, evenly spread, as have room."""
    distinct = sorted(set(values))
    if len(distinct) <= most:
        return distinct
    ours = [value for value in distinct if value in kept][:most]
    others = [value for value in distinct if value not in ours]
    picked = np.rint(np.linspace(0, len(others) - 1, most - len(ours))).astype(int)
    return sorted([*ours, *(others[number] for number in picked)])


def first_variants(frame: pd.DataFrame, most: int = MOST_LINES) -> pd.DataFrame:
    """The rows of the first variants of a frame."""
    return frame[frame["variant"].isin(list(frame["variant"].drop_duplicates()[:most]))]


def at_some_lrs(frame: pd.DataFrame, comparison: Comparison, most: int) -> pd.DataFrame:
    """The rows at some of the learning rates, the best ones among them, and those without one."""
    chosen = thinned(frame["lr"].dropna(), set(comparison.best_lrs.values()), most)
    return frame[frame["lr"].isin(chosen) | frame["lr"].isna()]


def more(shown: pd.DataFrame, everything: pd.DataFrame) -> list[str]:
    """A note on what of a frame with variant and lr is not shown."""
    nouns = (("variant", "optimizer"), ("lr", "learning rate"))
    return more_of([(everything[column].nunique() - shown[column].nunique(), noun) for column, noun in nouns])


def more_variants(shown: pd.DataFrame, everything: pd.DataFrame) -> list[str]:
    """As `more`, of a figure of one learning rate per optimizer, or of all of them."""
    return more_of([(everything["variant"].nunique() - shown["variant"].nunique(), "optimizer")])


def more_of(counts: Iterable[tuple[int, str]]) -> list[str]:
    """The note on so many of each noun that are not shown."""
    hidden = [f"{count} more {noun}{'' if count == 1 else 's'}" for count, noun in counts if count > 0]
    return [f"{' and '.join(hidden)} in the tables only"] if hidden else []


def in_their_looks(frame: pd.DataFrame, comparison: Comparison) -> pd.DataFrame:
    """The frame with the looks that its variants have in every figure of the comparison."""
    return with_looks(frame, comparison.runs)
