"""The table of how the optimizers stand: in the order of their rank, and shaded where the best cannot be told from them."""

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from zdl_bench.language import translatable, translate
from zdl_bench.report.print_columns import heading_of, usual_columns
from zdl_bench.report.ranking import Entry, ranking_of
from zdl_bench.report.standings import Standings
from zdl_bench.report.tables.formats import rounded
from zdl_bench.report.tables.table import Column, Record, Table, lr_column
from zdl_bench.report.tied import not_told_from_best
from zdl_bench.run.conditions import accuracy_text
from zdl_bench.statistics.measures import ACCURACY

NOTE_ON_RANKS = translatable(
    "Each optimizer at its best or only learning rate, the lowest geometric mean of the loss over the run first. Mean ± "
    "standard deviation over seeds. Shaded, and ≈ in the files: the best by this measure, and those that the tests of this "
    "page cannot tell from it. Not shaded: shown to be worse than the best."
)


def rank_table(standings: Standings) -> Table:
    """Return a table with a row per variant, by rank, and a column per usual measure. No rows for fewer than three variants."""
    measured = {metric: standing for _, standing in standings.at_best for metric in (one.metric for one in standing.measures)}
    measures = usual_columns(measured)
    rows = []
    if len(standings.variants) > 2:
        tied = {metric: not_told_from_best(metric, measured[metric]) for metric in measures}
        for place, variant in enumerate(ranking_of([Entry.of(standings.comparison)]), 1):
            row: dict[str, object] = {"place": place, "optimizer": variant, "best_lr": math.nan}
            side = standings.entrants.sides.get(variant)
            if side is not None:
                row["best_lr"] = side.runs["lr"].iloc[0]
            for metric in measures:
                values = side.runs[metric].astype(float) if side is not None else pd.Series(dtype=float)
                row |= {metric: values.mean(), f"{metric}_sd": values.std(ddof=1), f"{metric}_n": int(values.count())}
                row |= {f"{metric}_runs": len(values), f"{metric}_not_told_from_best": variant in tied[metric]}
            rows.append(row)
    numbers = pd.DataFrame(rows)
    return Table("standings", numbers, _columns(numbers, measures), translate("Standings"), translate(NOTE_ON_RANKS))


def _columns(numbers: pd.DataFrame, measures: Sequence[str]) -> list[Column]:
    if numbers.empty:
        return []
    columns = [Column(translate("place"), "place"), Column(translate("optimizer"), "optimizer"), lr_column(numbers, "best_lr")]
    return columns + [
        Column(translate(heading_of(metric)), metric, row_text=partial(_text, metric), is_shaded=partial(_is_shaded, metric))
        for metric in measures
    ]


def _is_shaded(metric: str, row: Record) -> bool:
    return bool(row[f"{metric}_not_told_from_best"])


def _text(metric: str, row: Record) -> str:
    mean, sd, n = row[metric], row[f"{metric}_sd"], row[f"{metric}_n"]
    if not n:
        return "–"
    if metric == "log_aulc":  # a mean of logarithms: readers know its exponential
        mean, sd = np.exp(mean), np.exp(mean) * sd
    text = accuracy_text(mean, sd) if metric.endswith(ACCURACY) else rounded(mean, sd)
    return text if n == row[f"{metric}_runs"] else f"{text} (n={n})"
