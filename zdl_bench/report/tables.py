"""Tables of a comparison, as frames, CSV and Markdown."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from zdl_bench.metrics.catalogue import METRICS
from zdl_bench.run import Run
from zdl_bench.statistics.runtime import ert_interval

ALONE = ("val_accuracy", "test_accuracy", "train_seconds")
SIGNIFICANT = 4
ERT_ENDS = ("", "_low", "_high")


def condition_table(runs: pd.DataFrame, tuning_seeds: Sequence[int] = ()) -> pd.DataFrame:
    """One row per variant and learning rate: counts of outcomes, then mean, sd and n of each measure.

    n is the number of runs that have a value: it stands beside every mean, since runs without one are left out of it.
    Where learning rates were chosen on tuning seeds, those have rows of their own.
    """
    measures = [name for name in (*(m.name for m in METRICS), *ALONE) if runs[name].notna().any()]
    targets = [column for column in runs if column.startswith("steps_to_") and runs[column].notna().any()]
    rows = []
    uses = np.where(runs["seed"].isin(tuning_seeds), "tuning", "judging")
    for (use, variant, lr), members in runs.groupby([uses, "variant", "lr"], sort=False, dropna=False):
        row: dict[str, object] = {"optimizer": variant, "lr": lr, "seeds": use, "runs": len(members)}
        row |= {state: int((members["status"] == state).sum()) for state in ("completed", "diverged", "failed")}
        row["not_learned"] = int(((members["status"] == "completed") & ~members["learned"]).sum())
        for name in measures:
            values = members[name].dropna().astype(float)
            row |= {f"{name}_mean": values.mean(), f"{name}_sd": values.std(ddof=1), f"{name}_n": len(values)}
        for column in targets:
            reached = members[column].dropna()
            row |= {f"{column}_median": reached.median(), f"{column}_share": len(reached) / len(members)}
            erts = ert_interval(members[column].to_numpy(dtype=float), int(members["steps"].iloc[0]))
            row |= {column.replace("steps_to", "ert") + end: ert for end, ert in zip(ERT_ENDS, erts, strict=True)}
        rows.append(row)
    return pd.DataFrame(rows)


def reading_table(conditions: pd.DataFrame) -> pd.DataFrame:
    """The condition table as a person reads it: `mean ± sd`, with n where it is not the number of runs."""
    texts = conditions[["optimizer"]].copy()
    texts["lr"] = conditions["lr"].map(lambda lr: f"{lr:g}" if lr == lr else "none")
    if (conditions["seeds"] == "tuning").any():
        texts["seeds"] = conditions["seeds"]
    for column in ("runs", "completed", "diverged", "failed", "not_learned"):
        if column in ("runs", "completed") or conditions[column].any():
            texts[column.replace("_", " ")] = conditions[column].astype(str)
    for column in conditions:
        if column.endswith("_mean"):
            name = column.removesuffix("_mean")
            texts[name.replace("_", " ")] = [_mean_text(row, name) for _, row in conditions.iterrows()]
        elif column.endswith("_share"):
            target = column.removeprefix("steps_to_").removesuffix("_share")
            texts[f"ERT {target}"] = [_target_text(row, target) for _, row in conditions.iterrows()]
    return texts


def _mean_text(row: "pd.Series[float]", name: str) -> str:
    mean, sd, n = row[f"{name}_mean"], row[f"{name}_sd"], int(row[f"{name}_n"])
    if n == 0:
        return "–"
    text = rounded(mean, sd)
    return text if n == row["runs"] else f"{text} (n={n})"


def _target_text(row: "pd.Series[float]", target: str) -> str:
    share, ert = row[f"steps_to_{target}_share"], row[f"ert_{target}"]
    if share == 0:
        return "never"
    return f"{ert:.0f}" if share == 1 else f"{ert:.0f} ({share:.0%} got there)"


def rounded(mean: float, sd: float) -> str:
    """`mean ± sd`, the sd with two significant digits and the mean with as many decimals; four digits where there is no sd."""
    if not np.isfinite(sd) or sd == 0:
        return f"{mean:.{SIGNIFICANT}g}"
    decimals = max(0, 1 - int(np.floor(np.log10(sd))))
    return f"{mean:.{decimals}f} ± {sd:.{decimals}f}" if decimals <= 8 else f"{mean:.3g} ± {sd:.2g}"


def failure_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Runs without a result and diverged ones, each with its reason."""
    lost = runs[runs["status"] != "completed"]
    reasons = lost["failure"].fillna("a loss or a parameter was not finite, or the loss grew 1,000-fold")
    shown = lost[["variant", "lr", "seed", "status", "run_id"]].assign(reason=reasons)
    return shown.rename(columns=lambda name: name.replace("variant", "optimizer").replace("_", " ")).map(_cell_text)


RUN_COLUMNS = (
    "run_id",
    "variant",
    "lr",
    "seed",
    "setting",
    "status",
    "learned",
    "tail_loss",
    "test_accuracy",
    "jitter",
)


def run_list(runs: pd.DataFrame) -> pd.DataFrame:
    """One line per run, as texts, the id first."""
    shown = runs[
        [column for column in RUN_COLUMNS if column in runs and not (column == "setting" and runs[column].eq("").all())]
    ]
    return shown.rename(columns=lambda name: name.replace("variant", "optimizer").replace("_", " ")).map(_cell_text)


def environment_table(runs: Sequence[Run]) -> pd.DataFrame:
    """What the runs ran on: each key's values, with the number of runs where they differ."""
    rows = []
    for key in dict.fromkeys(key for run in runs for key in run.environment):
        counts = Counter(run.environment.get(key, "") for run in runs)
        values = [value if len(counts) == 1 else f"{value} ({count} runs)" for value, count in counts.items()]
        rows.append({"": key, "value": "; ".join(values)})
    return pd.DataFrame(rows, columns=["", "value"])


def _cell_text(value: object) -> str:
    if isinstance(value, float):
        return "–" if np.isnan(value) else f"{value:.{SIGNIFICANT}g}"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return "–" if value is None else str(value)


def markdown(table: pd.DataFrame) -> str:
    """A GitHub table of a frame of texts."""
    lines = [table.columns.tolist(), ["---"] * len(table.columns), *table.astype(str).to_numpy().tolist()]
    return "".join(f"| {' | '.join(_escaped(cell) for cell in line)} |\n" for line in lines)


def _escaped(cell: object) -> str:
    return str(cell).replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")


def csv(table: pd.DataFrame) -> str:
    return str(table.to_csv(index=False, lineterminator="\n"))
