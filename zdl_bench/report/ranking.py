"""Rank optimizers, so that what has room for a few of many shows the control, those that lead, and the first of the ranking."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.limits import MAX_TOGETHER, room_for
from zdl_bench.statistics.metrics.steadiness import LOG_JITTERS, PATH_STEADINESS

RANKED_BY = "log_aulc"
"""The measure of the first question of a page: the mean ln loss over the run."""
LEADS = {
    **dict.fromkeys((RANKED_BY, "tail_loss", *PATH_STEADINESS, *LOG_JITTERS, "test_loss"), 1.0),
    "test_accuracy": -1.0,
}
"""The measures of a page's questions, with the sign by which lower values are better. Who leads by one is always shown."""


class Entry(NamedTuple):
    """Optimizers that are ranked together. variants: in the order of the plan, the control first. runs: those that judge."""

    variants: Sequence[str]
    runs: pd.DataFrame

    @classmethod
    def of(cls, comparison: Comparison) -> "Entry":
        variants = [str(variant) for variant in comparison.runs["variant"].drop_duplicates()]
        return cls(variants, comparison.at_best_lr(comparison.judged))

    def means(self, measure: str) -> "pd.Series[float]":
        """Return the mean of each variant, in the order of the plan; NaN if it has no run, or a run without a value."""
        groups = self.runs.groupby("variant")[measure]
        means = groups.mean().where(groups.count() == groups.size()) if len(self.runs) else pd.Series(dtype=float)
        return means.astype(float).reindex(self.variants)


def ranking_of(entries: Sequence[Entry]) -> list[str]:
    """Return all variants, the lowest mean ln loss over the run first; of several entries, the lowest mean place in them.

    A variant of which some run has no value comes last. Equals are in the order of the plan.
    """
    places: dict[str, list[float]] = {}
    for entry in entries:
        for variant, place in entry.means(RANKED_BY).rank(method="min", na_option="bottom").items():
            places.setdefault(str(variant), []).append(float(place))
    return sorted(places, key=lambda variant: sum(places[variant]) / len(places[variant]))


def favourites_of(entries: Sequence[Entry]) -> list[str]:
    """Return the control, and who leads in speed, in loss at the end, in steadiness or on the test set."""
    found = [str(variant) for variant in entries[0].variants[:1]]
    for entry in entries:
        for measure in (name for name in LEADS if name in entry.runs):
            means = (LEADS[measure] * entry.means(measure)).dropna()
            found += [str(means.idxmin())] if len(means) else []
    return list(dict.fromkeys(found))


def shown_variants(entries: Sequence[Entry], most: int) -> list[str]:
    """Return the variants that are shown if there is room for `most`: all of few, in the order of the plan.

    Of more than MAX_TOGETHER, the first ones of the ranking, in its order, and in any case the control and those that lead.
    """
    ranking, most = ranking_of(entries), room_for(most)
    if len(ranking) <= min(most, MAX_TOGETHER):
        return list(dict.fromkeys(str(variant) for entry in entries for variant in entry.variants))
    chosen = list(dict.fromkeys([*favourites_of(entries), *ranking]))[:most]
    return [variant for variant in ranking if variant in chosen]
