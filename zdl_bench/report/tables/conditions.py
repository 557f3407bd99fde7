"""Tables of means over seeds: per optimizer and learning rate, and per optimizer at its best learning rate."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from zdl_bench.language import translatable, translate
from zdl_bench.report.phrases import join_sentences
from zdl_bench.report.print_columns import MEAN_MEASURES, PACE, usual_columns
from zdl_bench.report.standings import STEPS_TO, Standings
from zdl_bench.report.tables.formats import rounded
from zdl_bench.report.tables.group_statistics import OUTCOMES, group_statistics, with_pace
from zdl_bench.report.tables.latex import means_table
from zdl_bench.report.tables.table import Column, Record, Table, lr_column, readable
from zdl_bench.run.conditions import accuracy_text, percent
from zdl_bench.run.run import Status
from zdl_bench.statistics.measures import ACCURACY
from zdl_bench.statistics.metrics import oscillation
from zdl_bench.statistics.metrics.metric import metrics_of
from zdl_bench.statistics.metrics.steadiness import STEADINESS
from zdl_bench.statistics.tuning import TUNED, candidate_keys

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
NOTE_ON_MEANS = translatable(
    "Mean ± standard deviation over seeds. Tail and final losses of a network are validation and batch losses, in nats unless "
    "they are squared errors; the best loss is that of the probe. A mean leaves out runs without a value, and n says how many "
    "remain. ERT is the expected "
    "number of steps until the probe's loss is at or below the target beside it; runs that never got there count "
    "with all their steps. Seconds are training alone, of runs made side by side. The unit is 1 unless stated otherwise; "
    "the glossary at the end defines each column."
)
NOTE_ON_CHOICE = translatable(
    "One row per optimizer, at the learning rate with the lowest mean tail loss. Chosen in: how often it is chosen when the "
    "seeds that choose are resampled."
)
NOTE_ON_MEDIANS = translatable("Steps to a target are the median of the runs that got there, with their share.")


def condition_table(runs: pd.DataFrame, tuning_seeds: Sequence[int] = (), chosen: Sequence[str] = ()) -> Table:
    """Return a table with a row per variant and learning rate. Tuning seeds have separate rows.

    chosen: the measures of the LaTeX table, or none for the usual ones. That table has no rows for tuning seeds.
    """
    runs = with_pace(runs)
    uses = np.where(runs["seed"].isin(tuning_seeds), translatable("tuning"), translatable("judging"))
    keys = candidate_keys(runs)
    groups = [
        ({"optimizer": variant, **dict(zip(keys, candidate, strict=True)), "seeds": use}, members)
        for (use, variant, *candidate), members in runs.groupby([uses, "variant", *keys], sort=False, dropna=False)
    ]
    numbers = group_statistics(runs, groups, MEAN_MEASURES)
    columns = [Column(translate("optimizer"), "optimizer"), lr_column(numbers), *(Column(key, key) for key in keys[1:])]
    if (numbers["seeds"] == "tuning").any():
        columns.append(Column(translate("seeds"), "seeds", translate))
    columns += _columns(numbers)
    tex = _latex_of(numbers[numbers["seeds"] == "judging"], "lr", chosen, {})
    heading = translate("Every optimizer and learning rate")
    return Table("convergence", numbers, columns, heading, translate(NOTE_ON_MEANS), tex=tex)


def optimizer_table(standings: Standings, chosen: Sequence[str] = ()) -> Table:
    """Return a table with a row per variant, at its best or only learning rate.

    If no learning rate could be chosen for a variant, its row counts no runs, and the CSV file gives the reason. chosen: the
    measures of the LaTeX table, or none for the usual ones.
    """
    judged = with_pace(standings.comparison.judged)
    groups = []
    for variant in standings.variants:
        side = standings.entrants.sides.get(variant)
        members = judged[judged["run_id"].isin(side.runs["run_id"] if side else [])]
        groups.append((_about_choice(variant, members, standings), members))
    numbers = group_statistics(judged, groups, OPTIMIZER_MEASURES)
    heading, notes = translate("Optimizers"), [NOTE_ON_MEDIANS, NOTE_ON_MEANS]
    lr = lr_column(numbers, "best_lr")
    columns = [Column(translate("optimizer"), "optimizer"), lr]
    if standings.comparison.has_lr_choice:
        heading, notes = translate("Optimizers at their best learning rate"), [NOTE_ON_CHOICE, *notes]
        columns[1:] = [
            Column(translate("best lr"), "best_lr", row_text=partial(_best_lr_text, lr=lr)),
            Column(translate("chosen in"), "chosen_share", percent, missing=""),
        ]
    tex = _latex_of(group_statistics(judged, groups, MEAN_MEASURES), "best_lr", chosen, standings.ahead)
    note = join_sentences(*map(translate, notes))
    return Table("optimizers", numbers, [*columns, *_columns(numbers)], heading, note, tex=tex)


def _latex_of(numbers: pd.DataFrame, lr: str, chosen: Sequence[str], ahead: Mapping[str, str]) -> str:
    """Return the LaTeX table of the chosen measures. numbers: as of `group_statistics`. lr: the column of learning rates."""
    if numbers.empty:
        return ""
    if "log_aulc_mean" in numbers:  # a mean of logarithms: readers know its exponential
        mean, sd = np.exp(numbers["log_aulc_mean"]), numbers["log_aulc_sd"]
        numbers = numbers.assign(log_aulc_mean=mean, log_aulc_sd=mean * sd)
    defined = {name.removesuffix("_mean") for name in numbers if name.endswith("_mean")}
    column = lr_column(numbers, lr)
    lrs = [column.cell(row).text for row in numbers.to_dict("records")]
    return means_table(numbers, lrs, chosen or usual_columns(defined), ahead)


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
        "tried_lrs": len(choice.lrs) if choice else 1,
        **({TUNED: choice.best_others} if choice and choice.others else {}),
        "chosen_share": choice.share if choice and choice.row is not None and can_vary else np.nan,
        "at_edge": bool(choice and choice.at_edge),
        "reason": standings.entrants.reasons.get(variant, ""),
    }


def _columns(numbers: pd.DataFrame) -> list[Column]:
    """Return the columns that readers see. A cell shows `mean ± sd`, with n if n differs from the number of runs."""
    columns = [Column(translate("runs"), "runs")]
    columns += [
        Column(translate(readable(name)), name) for name in OUTCOMES if name == Status.COMPLETED.value or numbers[name].any()
    ]
    for key in numbers:
        name, _, number = key.rpartition("_")
        if number == "mean":
            columns.append(Column(translate(readable(name)), key, row_text=partial(_mean_text, name=name)))
        elif number == "median":
            target = name.removeprefix(STEPS_TO)
            heading = translate("steps to {target}", target=target)
            columns.append(Column(heading, key, row_text=partial(_median_text, name=name)))
            columns.append(Column(f"ERT {target}", f"ert_{target}", _ert_text))
    return columns


def _best_lr_text(row: Record, lr: Column) -> str:
    others = "" if row.get(TUNED) in (None, "") or row[TUNED] != row[TUNED] else f" {row[TUNED]}"
    if row["reason"]:
        return translate("none")
    text = lr.cell(row).text + others
    return translate("{lr} (edge of its grid)", lr=text) if row["at_edge"] else text


def _mean_text(row: Record, name: str) -> str:
    mean, sd, n = row[f"{name}_mean"], row[f"{name}_sd"], row[f"{name}_n"]
    if n == 0:
        return "–"
    text = accuracy_text(mean, sd) if name.endswith(ACCURACY) else rounded(mean, sd)
    return text if n == row["runs"] else f"{text} (n={n})"


def _median_text(row: Record, name: str) -> str:
    share, median = row[f"{name}_share"], row[f"{name}_median"]
    if not share > 0:
        return "–" if share != share else translate("never")
    return f"{median:.0f}" if share == 1 else f"{median:.0f} ({percent(share)})"


def _ert_text(ert: float) -> str:
    return "∞" if np.isinf(ert) else f"{ert:.0f}"
