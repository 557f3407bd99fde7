"""Tables of means over seeds: per optimizer and learning rate, and per optimizer at its best."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from zdl_bench.report.standings import Standings
from zdl_bench.report.tables.formats import Table, rounded, told_column
from zdl_bench.run.conditions import accuracy_text, percent
from zdl_bench.run.run import Status
from zdl_bench.statistics.measures import ACCURACY
from zdl_bench.statistics.metrics import oscillation
from zdl_bench.statistics.metrics.catalogue import METRICS
from zdl_bench.statistics.metrics.metric import metrics_of
from zdl_bench.statistics.runtime import ert_intervals

ALONE = ("val_accuracy", "test_accuracy", PACE := "seconds_per_1000_steps")
ENDS = ("tail_loss", "final_train_loss", "test_accuracy")
ERT_ENDS = ("", "_low", "_high")
NOT_LEARNED = "not_learned"
OUTCOMES = (*(status.value for status in Status), NOT_LEARNED)
NOTE = (
    "Mean ± standard deviation over seeds. Tail and final losses of a network are validation and batch losses in nats, the "
    "best loss is that of the probe. A mean leaves out runs without a value, and n says how many remain. ERT is the expected "
    "number of steps until the probe's loss is at the target that stands beside it or below, runs that never got there counted "
    "with all their steps. Seconds are training alone, of runs made side by side. Where nothing else is said the unit is 1; "
    "the glossary at the end defines each column."
)
BEST_NOTE = (
    "One row per optimizer, at the learning rate with the lowest mean tail loss. Chosen in: how often it is chosen when the "
    "seeds that choose are resampled."
)
MEDIAN_NOTE = "Steps to a target are the median of the runs that got there, with their share."


def condition_table(runs: pd.DataFrame, tuning_seeds: Sequence[int] = ()) -> Table:
    """One row per variant and learning rate. Where learning rates were chosen on tuning seeds, those have rows of their own."""
    with_pace = _with_pace(runs)
    uses = np.where(runs["seed"].isin(tuning_seeds), "tuning", "judging")
    groups = with_pace.groupby([uses, "variant", "lr"], sort=False, dropna=False)
    about = [{"optimizer": variant, "lr": lr, "seeds": use} for (use, variant, lr), _ in groups]
    names = [*(metric.name for metric in METRICS), *ALONE]
    numbers = _summaries(with_pace, [members for _, members in groups], about, names)
    texts = numbers[["optimizer"]].copy()
    texts["lr"] = told_column(numbers["lr"])
    if (numbers["seeds"] == "tuning").any():
        texts["seeds"] = numbers["seeds"]
    return Table("convergence", numbers, _reading(texts, numbers), "Every optimizer and learning rate", NOTE)


def optimizer_table(standings: Standings) -> Table:
    """One row per variant at its best learning rate, or its only one; a variant without one says why."""
    entrants = standings.entrants
    about: list[dict[str, object]] = []
    groups: list[pd.DataFrame] = []
    judged = _with_pace(standings.comparison.judged)
    for variant in standings.variants:
        side = entrants.sides.get(variant)
        choice = side.choice if side else None
        members = judged[judged["run_id"].isin(side.runs["run_id"])] if side else judged.iloc[:0]
        row: dict[str, object] = {"optimizer": variant, "best_lr": members["lr"].iloc[0] if len(members) else np.nan}
        row["tried_lrs"] = len(choice.shares) if choice else 1
        can_vary = standings.comparison.trials["seed"].nunique() > 1  # a single seed is resampled into itself
        row["chosen_share"] = choice.shares[choice.lr] if choice and choice.lr is not None and can_vary else np.nan
        row["at_edge"] = bool(choice and choice.at_edge)
        row["reason"] = entrants.reasons.get(variant, "")
        about.append(row)
        groups.append(members)
    names = [*ENDS, *(metric.name for metric in metrics_of(oscillation)), PACE]
    numbers = _summaries(judged, groups, about, names)
    texts = numbers[["optimizer"]].copy()
    if not standings.comparison.has_lr_choice:
        texts["lr"] = told_column(numbers["best_lr"])
        return Table("optimizers", numbers, _reading(texts, numbers), "Optimizers", f"{MEDIAN_NOTE} {NOTE}")
    lrs = told_column(numbers["best_lr"])
    texts["best lr"] = [_best_lr_text(row, lr) for lr, (_, row) in zip(lrs, numbers.iterrows(), strict=True)]
    texts["chosen in"] = numbers["chosen_share"].map(lambda share: "" if share != share else percent(share))
    heading, note = "Optimizers at their best learning rate", f"{BEST_NOTE} {MEDIAN_NOTE} {NOTE}"
    return Table("optimizers", numbers, _reading(texts, numbers), heading, note)


def _with_pace(runs: pd.DataFrame) -> pd.DataFrame:
    """Adds the seconds of 1,000 steps; NaN where a run did not make all its steps."""
    pace = 1000 * runs["train_seconds"] / runs["steps"]
    return runs.assign(**{PACE: pace.where(runs["status"] == Status.COMPLETED.value)})


def _summaries(
    runs: pd.DataFrame, groups: Sequence[pd.DataFrame], about: Sequence[dict[str, object]], names: Sequence[str]
) -> pd.DataFrame:
    """One row per group: counts of outcomes, mean, sd and n of each measure that some run has, targets, and the runs' ids.

    n is the number of runs that have a value: it stands beside every mean, since runs without one are left out of it.
    """
    measures = [name for name in names if runs[name].notna().any()]
    targets = [column for column in runs if column.startswith("steps_to_") and runs[column].notna().any()]
    return pd.DataFrame([row | _summary(members, measures, targets) for row, members in zip(about, groups, strict=True)])


def _summary(members: pd.DataFrame, measures: Sequence[str], targets: Sequence[str]) -> dict[str, object]:
    row: dict[str, object] = {"runs": len(members)}
    if members.empty:  # no learning rate could be chosen; the row has its reason
        return row | dict.fromkeys(OUTCOMES, 0) | {f"{name}_n": 0 for name in measures} | {"run_ids": ""}
    row |= {status.value: int((members["status"] == status.value).sum()) for status in Status}
    row[NOT_LEARNED] = int(((members["status"] == Status.COMPLETED.value) & ~members["learned"].astype(bool)).sum())
    for name in measures:
        values = members[name].dropna().astype(float)
        row |= {f"{name}_mean": values.mean(), f"{name}_sd": values.std(ddof=1), f"{name}_n": len(values)}
    intervals = ert_intervals(members[list(targets)].to_numpy(dtype=float), int(members["steps"].iloc[0]))
    for column, interval in zip(targets, intervals, strict=True):
        reached = members[column].dropna()
        row |= {f"{column}_median": reached.median(), f"{column}_share": len(reached) / len(members)}
        row |= {column.replace("steps_to", "ert") + end: ert for end, ert in zip(ERT_ENDS, interval, strict=True)}
    row["run_ids"] = " ".join(members["run_id"])
    return row


def _reading(texts: pd.DataFrame, numbers: pd.DataFrame) -> pd.DataFrame:
    """The numbers as a person reads them: `mean ± sd`, with n where it is not the number of runs."""
    for column in ("runs", *OUTCOMES):
        if column in ("runs", Status.COMPLETED.value) or numbers[column].any():
            texts[column.replace("_", " ")] = numbers[column].astype(str)
    for column in numbers:
        if column.endswith("_mean"):
            name = column.removesuffix("_mean")
            texts[name.replace("_", " ")] = [_mean_text(row, name) for _, row in numbers.iterrows()]
        elif column.endswith("_share") and column.startswith("steps_to_"):
            target = column.removeprefix("steps_to_").removesuffix("_share")
            texts[f"steps to {target}"] = [_median_text(row, target) for _, row in numbers.iterrows()]
            texts[f"ERT {target}"] = [_ert_text(row, target) for _, row in numbers.iterrows()]
    return texts


def _best_lr_text(row: "pd.Series[float]", lr: str) -> str:
    if row["reason"]:
        return "none"
    return lr + (" (edge of its grid)" if row["at_edge"] else "")


def _mean_text(row: "pd.Series[float]", name: str) -> str:
    mean, sd, n = row[f"{name}_mean"], row[f"{name}_sd"], int(row[f"{name}_n"])
    if n == 0:
        return "–"
    text = accuracy_text(mean, sd) if name.endswith(ACCURACY) else rounded(mean, sd)
    return text if n == row["runs"] else f"{text} (n={n})"


def _median_text(row: "pd.Series[float]", target: str) -> str:
    share, median = row[f"steps_to_{target}_share"], row[f"steps_to_{target}_median"]
    if not share > 0:
        return "–" if share != share else "never"
    return f"{median:.0f}" if share == 1 else f"{median:.0f} ({percent(share)})"


def _ert_text(row: "pd.Series[float]", target: str) -> str:
    ert = row[f"ert_{target}"]
    return "–" if ert != ert else "∞" if np.isinf(ert) else f"{ert:.0f}"
