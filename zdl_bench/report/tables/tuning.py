"""The table of what tuning cost each optimizer and how sure the choice is."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from zdl_bench.language import translatable, translate
from zdl_bench.report.tables.table import Column, Record, Table
from zdl_bench.run.conditions import percent, short
from zdl_bench.statistics.tuning import LrChoice
from zdl_bench.statistics.tuning_budget import TuningCost, ahead_shares, held_out_best

NOTE_ON_COSTS = translatable(
    "Trials: the values that were tried on the tuning seeds, those with which a grid went on among them. An optimizer "
    "without a learning rate has one trial, and nothing to choose. Loss of one trial, of the best: the tail loss that is "
    "expected on a seed that did not choose, of a trial drawn at random and of the best of all; a trial in which a run "
    "has no value counts with the loss of an untrained start. Ahead: how often the optimizer has the lowest loss on the "
    "tuning seeds if each may make all of its trials (docs/tuning.md)."
)


def tuning_table(costs: Sequence[TuningCost]) -> Table:
    """Return a table with a row per optimizer that ran on tuning seeds."""
    ahead = ahead_shares([cost.losses for cost in costs])[-1]
    numbers = pd.DataFrame([_record(cost, share) for cost, share in zip(costs, ahead, strict=True)])
    columns = [
        Column(translate("optimizer"), "optimizer"),
        Column(translate("trials"), "trials", row_text=_trials_text),
        Column(translate("runs"), "runs"),
        Column(translate("gradient evaluations"), "evaluations", "{:,.0f}".format),
        Column(translate("best"), "best"),
        Column(translate("chosen in"), "chosen_share", percent, missing=""),
        Column(translate("loss of one trial"), "loss_of_one", "{:.4g}".format),
        Column(translate("of the best"), "loss_of_best", "{:.4g}".format),
        Column(translate("ahead"), "ahead_share", percent),
    ]
    return Table("tuning", numbers, columns, translate("Tuning budgets"), translate(NOTE_ON_COSTS))


def candidate_text(choice: LrChoice, row: int) -> str:
    """Return a candidate of a choice in words: `lr 0.01`, with the values of the other tuned keys."""
    lr = [] if np.isnan(choice.lrs[row]) else [f"lr {short(float(choice.lrs[row]))}"]
    return " ".join(filter(None, [*lr, choice.others[choice.order[row]] if choice.others else ""]))


def _record(cost: TuningCost, ahead: float) -> Record:
    expected, can_vary = held_out_best(cost.losses), cost.losses.shape[1] > 1
    is_chosen = cost.choice.row is not None and cost.was_tuned
    return {
        "optimizer": cost.variant,
        "trials": cost.trials,
        "has_lr": cost.has_lr,
        "runs": cost.runs,
        "evaluations": cost.evaluations,
        "budget": cost.budget,
        "best": candidate_text(cost.choice, cost.choice.row) if is_chosen and cost.choice.row is not None else "",
        "at_edge": cost.was_tuned and cost.choice.at_edge,
        "chosen_share": cost.choice.share if is_chosen and can_vary else np.nan,
        "last_gain": cost.last_gain,
        "loss_of_one": expected[0],
        "loss_of_best": expected[-1],
        "ahead_share": ahead,
    }


def _trials_text(row: Record) -> str:
    return f"{row['trials']}" if row["has_lr"] else translate("{trials} (no learning rate)", trials=row["trials"])
