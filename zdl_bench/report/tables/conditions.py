"""Tables of means over seeds: per optimizer and learning rate, and per optimizer at its best learning rate."""

from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np
import pandas as pd

from zdl_bench.report.standings import STEPS_TO, Standings
from zdl_bench.report.tables.formats import rounded
from zdl_bench.report.tables.table import Column, Record, Table, lr_column, readable
from zdl_bench.run.conditions import accuracy_text, percent
from zdl_bench.run.run import Status
from zdl_bench.statistics.measures import ACCURACY
from zdl_bench.statistics.metrics import oscillation
from zdl_bench.statistics.metrics.catalogue import METRICS
from zdl_bench.statistics.metrics.metric import metrics_of
from zdl_bench.statistics.metrics.steadiness import STEADINESS
from zdl_bench.statistics.runtime import ert_intervals

PACE = "seconds_per_1000_steps"
CONDITION_MEASURES = (*(metric.name for metric in METRICS), "val_accuracy", "test_accuracy", PACE)
OPTIMIZER_MEASURES = (
    "tail_loss",
    "final_train_loss",
    "test_accuracy",
    "axis_crossings",
    "step_cosine",
    *STEADINESS,
    *(metric.name for metric in metrics_of(oscillation)),
    PACE,
)
NOT_LEARNED = "not_learned"
COUNTS = (*(status.value for status in Status), NOT_LEARNED)
NOTE_ON_MEANS = (
    "Mean ± standard deviation over seeds. Tail and final losses of a network are validation and batch losses in nats, the "
    "best loss is that of the probe. A mean leaves out runs without a value, and n says how many remain. ERT is the expected "
    "number of steps until the probe's loss is at or below the target beside it; runs that never got there count "
    "with all their steps. Seconds are training alone, of runs made side by side. The unit is 1 unless stated otherwise; "
    "the glossary at the end defines each column."
)
NOTE_ON_CHOICE = (
    "One row per optimizer, at the learning rate with the lowest mean tail loss. Chosen in: how often it is chosen when the "
    "seeds that choose are resampled."
)
NOTE_ON_MEDIANS = "Steps to a target are the median of the runs that got there, with their share."


def condition_table(runs: pd.DataFrame, tuning_seeds: Sequence[int] = ()) -> Table:
    """Return a table with a row per variant and learning rate. Tuning seeds have separate rows."""
    runs = _with_pace(runs)
    uses = np.where(runs["seed"].isin(tuning_seeds), "tuning", "judging")
    groups = [
        ({"optimizer": variant, "lr": lr, "seeds": use}, members)
        for (use, variant, lr), members in runs.groupby([uses, "variant", "lr"], sort=False, dropna=False)
    ]
    numbers = _summaries(runs, groups, CONDITION_MEASURES)
    columns = [Column("optimizer", "optimizer"), lr_column(numbers)]
    if (numbers["seeds"] == "tuning").any():
        columns.append(Column("seeds", "seeds"))
    columns += _columns(numbers)
    return Table("convergence", numbers, columns, "Every optimizer and learning rate", NOTE_ON_MEANS)


def optimizer_table(standings: Standings) -> Table:
    """Return a table with a row per variant, at its best or only learning rate.

    If no learning rate could be chosen for a variant, its row counts no runs, and the CSV file gives the reason.
    """
    judged = _with_pace(standings.comparison.judged)
    groups = []
    for variant in standings.variants:
        side = standings.entrants.sides.get(variant)
        members = judged[judged["run_id"].isin(side.runs["run_id"] if side else [])]
        groups.append((_about_choice(variant, members, standings), members))
    numbers = _summaries(judged, groups, OPTIMIZER_MEASURES)
    heading, note = "Optimizers", f"{NOTE_ON_MEDIANS} {NOTE_ON_MEANS}"
    lr = lr_column(numbers, "best_lr")
    columns = [Column("optimizer", "optimizer"), lr]
    if standings.comparison.has_lr_choice:
        heading, note = "Optimizers at their best learning rate", f"{NOTE_ON_CHOICE} {note}"
        columns[1:] = [
            Column("best lr", "best_lr", row_text=partial(_best_lr_text, lr=lr)),
            Column("chosen in", "chosen_share", percent, missing=""),
        ]
    return Table("optimizers", numbers, [*columns, *_columns(numbers)], heading, note)


def _about_choice(variant: str, members: pd.DataFrame, standings: Standings) -> Record:
    """Return the cells on the learning rate at which a variant is compared, and on how this learning rate was chosen.

    members: the runs of the variant at this learning rate.
    """
    side = standings.entrants.sides.get(variant)
    choice = side.choice if side else None
    can_vary = standings.comparison.trials["seed"].nunique() > 1  # every resample of a single seed is the same
    return {
        "optimizer": variant,
        "best_lr": members["lr"].iloc[0] if len(members) else np.nan,
        "tried_lrs": len(choice.shares) if choice else 1,
        "chosen_share": choice.shares[choice.lr] if choice and choice.lr is not None and can_vary else np.nan,
        "at_edge": bool(choice and choice.at_edge),
        "reason": standings.entrants.reasons.get(variant, ""),
    }


def _with_pace(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs with a column of seconds per 1,000 steps, which is NaN if a run did not complete all its steps."""
    pace = 1000 * runs["train_seconds"] / runs["steps"]
    return runs.assign(**{PACE: pace.where(runs["status"] == Status.COMPLETED.value)})


def _summaries(runs: pd.DataFrame, groups: Iterable[tuple[Record, pd.DataFrame]], names: Sequence[str]) -> pd.DataFrame:
    """Return a row per group of runs: counts of outcomes, statistics of measures, steps to targets, and run ids.

    Each measure that some run has gives mean, sd and n. A mean leaves out runs without a value, and n counts the others.
    """
    measures = [name for name in names if runs[name].notna().any()]
    targets = [column for column in runs if column.startswith(STEPS_TO) and runs[column].notna().any()]
    return pd.DataFrame([{**about, **_summary(members, measures, targets)} for about, members in groups])


def _summary(members: pd.DataFrame, measures: Sequence[str], targets: Sequence[str]) -> dict[str, object]:
    row: dict[str, object] = {"runs": len(members)}
    if members.empty:  # no learning rate could be chosen, and the column `reason` says why
        return row | dict.fromkeys(COUNTS, 0) | {f"{name}_n": 0 for name in measures} | {"run_ids": ""}
    row |= {status.value: int((members["status"] == status.value).sum()) for status in Status}
    row[NOT_LEARNED] = int(((members["status"] == Status.COMPLETED.value) & ~members["learned"].astype(bool)).sum())
    for name in measures:
        values = members[name].dropna().astype(float)
        row |= {f"{name}_mean": values.mean(), f"{name}_sd": values.std(ddof=1), f"{name}_n": len(values)}
    intervals = ert_intervals(members[list(targets)].to_numpy(dtype=float), int(members["steps"].iloc[0]))
    for column, (ert, low, high) in zip(targets, intervals, strict=True):
        reached, name = members[column].dropna(), column.replace("steps_to", "ert")
        row |= {f"{column}_median": reached.median(), f"{column}_share": len(reached) / len(members)}
        row |= {name: ert, f"{name}_low": low, f"{name}_high": high}
    return row | {"run_ids": " ".join(members["run_id"])}


def _columns(numbers: pd.DataFrame) -> list[Column]:
    """Return the columns that readers see. A cell shows `mean ± sd`, with n if n differs from the number of runs."""
    columns = [Column("runs", "runs")]
    columns += [Column(readable(name), name) for name in COUNTS if name == Status.COMPLETED.value or numbers[name].any()]
    for key in numbers:
        name, _, number = key.rpartition("_")
        if number == "mean":
            columns.append(Column(readable(name), key, row_text=partial(_mean_text, name=name)))
        elif number == "median":
            target = name.removeprefix(STEPS_TO)
            columns.append(Column(f"steps to {target}", key, row_text=partial(_median_text, name=name)))
            columns.append(Column(f"ERT {target}", f"ert_{target}", _ert_text))
    return columns


def _best_lr_text(row: Record, lr: Column) -> str:
    return "none" if row["reason"] else lr.cell(row).text + (" (edge of its grid)" if row["at_edge"] else "")


def _mean_text(row: Record, name: str) -> str:
    mean, sd, n = row[f"{name}_mean"], row[f"{name}_sd"], row[f"{name}_n"]
    if n == 0:
        return "–"
    text = accuracy_text(mean, sd) if name.endswith(ACCURACY) else rounded(mean, sd)
    return text if n == row["runs"] else f"{text} (n={n})"


def _median_text(row: Record, name: str) -> str:
    share, median = row[f"{name}_share"], row[f"{name}_median"]
    if not share > 0:
        return "–" if share != share else "never"
    return f"{median:.0f}" if share == 1 else f"{median:.0f} ({percent(share)})"


def _ert_text(ert: float) -> str:
    return "∞" if np.isinf(ert) else f"{ert:.0f}"
