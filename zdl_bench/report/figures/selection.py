"""Select the part of a large sweep that a figure shows, and write the note on the rest. The tables show everything."""

from collections.abc import Collection, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from zdl_bench.language import translate
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.phrases import join_notes, more_in_tables
from zdl_bench.report.ranking import Entry, shown_variants
from zdl_bench.run.counts import count_of


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


def chosen_variants(frame: pd.DataFrame, comparison: Comparison, most: int) -> pd.DataFrame:
    """Return the rows of up to `most` of the variants in the frame, chosen and ordered by `shown_variants`."""
    entry, present = Entry.of(comparison), set(frame["variant"].unique())
    entry = entry._replace(variants=[variant for variant in entry.variants if variant in present])
    return in_order(frame, shown_variants([entry], most))


def in_order(frame: pd.DataFrame, variants: Sequence[str]) -> pd.DataFrame:
    """Return the rows of these variants, variant by variant in this order; all rows as they are if none is left out."""
    places = frame["variant"].map({variant: place for place, variant in enumerate(variants)}).astype(float)
    if places.notna().all() and places.drop_duplicates().is_monotonic_increasing:
        return frame
    return frame.loc[places.dropna().sort_values(kind="stable").index]


def at_some_lrs(frame: pd.DataFrame, comparison: Comparison, most: int) -> pd.DataFrame:
    """Return the rows at up to `most` learning rates, preferably the best ones, and the rows without a learning rate."""
    lrs = spread_with(set(comparison.best_lrs.values()), frame["lr"].dropna(), most)
    return frame[frame["lr"].isin(lrs) | frame["lr"].isna()]


def has_further_evaluations(comparison: Comparison) -> bool:
    """Return whether some run evaluated its gradient more than once per step, so that steps and evaluations differ."""
    probes = comparison.probes
    return "evaluations" in probes and bool((probes["evaluations"] != probes["step"]).any())


def hidden_note(part: pd.DataFrame, everything: pd.DataFrame, columns: Sequence[str] = ("variant",)) -> str:
    """Return the note that says how many optimizers or learning rates a figure does not show.

    part: the rows that the figure shows. everything: all rows. columns: the columns whose values are counted.
    """
    lrs = (everything["lr"].nunique() - part["lr"].nunique()) if "lr" in columns else 0
    return join_notes(
        left_out_note(part["variant"].nunique(), everything["variant"].nunique()),
        more_in_tables(count_of(lrs, "more learning rate") if lrs else ""),
    )


def left_out_note(shown: int, every: int) -> str:
    """Return the note on how many of the optimizers a figure shows, why these, and how to get the others; empty if all."""
    if shown >= every:
        return ""
    return translate(
        "{shown} of {every} optimizers: the control, those that lead, and the fastest; the tables have all, "
        "figure.optimizers={every} draws all",
        shown=shown,
        every=every,
    )
