"""What of a large sweep a figure shows, and how it says that there is more. The tables have everything."""

from collections.abc import Collection, Iterable

import numpy as np
import pandas as pd

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures.style import MAX_BANDS, MAX_TOLD_APART

MAX_LINES = MAX_TOLD_APART


def thinned(values: Iterable[float], kept: Collection[float], most: int) -> list[float]:
    """At most `most` of the values, sorted: those to be kept first, and of the others as many, evenly spread, as have room."""
    distinct = sorted(set(values))
    if len(distinct) <= most:
        return distinct
    ours = [value for value in distinct if value in kept][:most]
    others = [value for value in distinct if value not in ours]
    picked = np.rint(np.linspace(0, len(others) - 1, most - len(ours))).astype(int)
    return sorted([*ours, *(others[number] for number in picked)])


def first_variants(frame: pd.DataFrame, most: int = MAX_LINES) -> pd.DataFrame:
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


def band_note(runs: pd.DataFrame) -> list[str]:
    """The note on the bands around the lines of some runs, if they have any."""
    has_bands = runs["seed"].nunique() > 1 and runs["variant"].nunique() <= MAX_BANDS
    return ["95 % bootstrap band over seeds"] if has_bands else []
