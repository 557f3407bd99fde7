"""Summarise groups of runs: how they ended, their means over seeds, and their steps to targets."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from zdl_bench.report.print_columns import PACE
from zdl_bench.report.standings import STEPS_TO
from zdl_bench.report.tables.table import Record
from zdl_bench.run.run import Status
from zdl_bench.statistics.measures import names_for
from zdl_bench.statistics.runtime import ert_intervals

NOT_LEARNED = "not_learned"
OUTCOMES = (*(status.value for status in Status), NOT_LEARNED)


def with_pace(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs with a column of seconds per 1,000 steps, which is NaN if a run did not complete all its steps."""
    pace = 1000 * runs["train_seconds"] / runs["steps"]
    return runs.assign(**{PACE: pace.where(runs["status"] == Status.COMPLETED.value)})


def group_statistics(runs: pd.DataFrame, groups: Iterable[tuple[Record, pd.DataFrame]], names: Sequence[str]) -> pd.DataFrame:
    """Return a row per group of runs: counts of outcomes, statistics of measures, steps to targets, and run ids.

    Each measure that some run has gives mean, sd and n. A mean leaves out runs without a value, and n counts the others.
    """
    measures = [name for name in names_for(names, runs) if runs[name].notna().any()]
    targets = [column for column in runs if column.startswith(STEPS_TO) and runs[column].notna().any()]
    return pd.DataFrame([{**about, **_summary(members, measures, targets)} for about, members in groups])


def _summary(members: pd.DataFrame, measures: Sequence[str], targets: Sequence[str]) -> dict[str, object]:
    row: dict[str, object] = {"runs": len(members)}
    if members.empty:  # no learning rate could be chosen, and the column `reason` says why
        return row | dict.fromkeys(OUTCOMES, 0) | {f"{name}_n": 0 for name in measures} | {"run_ids": ""}
    row |= {status.value: int((members["status"] == status.value).sum()) for status in Status}
    row[NOT_LEARNED] = int(((members["status"] == Status.COMPLETED.value) & ~members["learned"].astype(bool)).sum())
    for name in measures:
        values = members[name].to_numpy(dtype=float)  # a frame of pandas takes ten times as long for so few values
        values = values[~np.isnan(values)]
        mean, sd = values.mean() if len(values) else np.nan, values.std(ddof=1) if len(values) > 1 else np.nan
        row |= {f"{name}_mean": mean, f"{name}_sd": sd, f"{name}_n": len(values)}
    intervals = ert_intervals(members[list(targets)].to_numpy(dtype=float), int(members["steps"].iloc[0]))
    for column, (ert, low, high) in zip(targets, intervals, strict=True):
        reached, name = members[column].dropna(), column.replace("steps_to", "ert")
        row |= {f"{column}_median": reached.median(), f"{column}_share": len(reached) / len(members)}
        row |= {name: ert, f"{name}_low": low, f"{name}_high": high}
    return row | {"run_ids": " ".join(members["run_id"])}
