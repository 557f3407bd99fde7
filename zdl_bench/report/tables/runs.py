"""Tables of runs: all runs, failed and missing runs, their settings, and the environments they ran in."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from zdl_bench.errors import StoreError, printable
from zdl_bench.language import translatable, translate, translate_list
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.tables.table import Column, Table, column_of, lr_column
from zdl_bench.run.conditions import texts_of
from zdl_bench.run.counts import count_of
from zdl_bench.run.run import Curve, Run, Status, has_diverged
from zdl_bench.statistics.measures import names_for
from zdl_bench.statistics.metrics.steadiness import LOG_JITTERS

RUN_COLUMNS = ("run_id", "variant", "lr", "seed", "setting", "status", "learned", "tail_loss", "test_accuracy", *LOG_JITTERS)
FAILURE_COLUMNS = ("variant", "lr", "seed", "status", "run_id")


def runs_table(runs: pd.DataFrame) -> Table:
    """Return a table with a row per run. The run id is the first column."""
    has_settings = "setting" in runs and runs["setting"].ne("").any()
    return Table(
        "runs", runs, _columns(runs, [name for name in names_for(RUN_COLUMNS, runs) if name != "setting" or has_settings])
    )


def failure_table(comparison: Comparison) -> Table:
    """Return a table of the runs that diverged or failed, with the reasons. The CSV file also has the tracebacks."""
    lost = [run for run in comparison.members if run.status is not Status.COMPLETED]
    numbers = comparison.runs.loc[comparison.runs["status"] != Status.COMPLETED.value, list(FAILURE_COLUMNS)].assign(
        reason=[reason_of(run) for run in lost],
        traceback=[run.failure.traceback if run.failure else "" for run in lost],
    )
    return Table(
        "failures", numbers, _columns(numbers, [*FAILURE_COLUMNS, "reason"]), translate("Runs that diverged or failed")
    )


def missing_table(missing: Mapping[str, StoreError]) -> Table:
    """Return a table of the planned runs that could not be read, with the reasons."""
    numbers = pd.DataFrame([{"run_id": run_id, "reason": printable(str(why))} for run_id, why in missing.items()])
    return Table("missing", numbers, _columns(numbers, ["run_id", "reason"]))


def _columns(runs: pd.DataFrame, names: Sequence[str]) -> list[Column]:
    return [lr_column(runs, missing="–") if name == "lr" else column_of(name) for name in names]


def reason_of(run: Run) -> str:
    """Return why a run did not complete: its failure, its divergence and the step at which it diverged, or its status."""
    if run.failure:
        return f"{run.failure.type}: {run.failure.message}"
    if run.status is Status.DIVERGED and run.curve is not None and len(run.curve.train_loss):
        return _divergence(run.curve)
    return translate(run.status.value.replace("_", " "))


def _divergence(curve: Curve) -> str:
    step, probes = len(curve.train_loss), curve.probes.probe_loss
    for name, losses in ((translate("loss"), curve.train_loss), (translate("probe loss"), probes)):
        last, first = float(losses[-1]), float(losses[0])
        if not math.isfinite(last):
            return translate("{loss} not finite at step {step}", loss=name, step=step)
        if has_diverged(last, first):
            return translate("{loss} {value:.3g} at step {step}, over 1,000 times the first", loss=name, value=last, step=step)
    return translate("a parameter not finite after step {step}", step=step)


def settings_table(comparisons: Sequence[Comparison]) -> Table:
    """Return a table of what was run: each optimizer with its hyper-parameters, schedule, learning rates and seeds."""
    runs = pd.concat([one.runs for one in comparisons], ignore_index=True)
    rows = []
    for variant, members in runs.groupby("variant", sort=False):
        own = [column for column in members if column.startswith("optimizer.") and members[column].notna().any()]
        values = [f"{column.removeprefix('optimizer.')} {_listed(members[column])}" for column in own]
        rows.append(
            {
                translatable("optimizer"): variant,
                translatable("hyper-parameters"): translate_list(values) or translate("none"),
                translatable("schedule"): _listed(members["schedule"]),
                translatable("learning rates"): _listed(members["lr"]),
                translatable("seeds"): _seeds(members["seed"]),
                translatable("runs"): len(members),
            }
        )
    return Table("settings", pd.DataFrame(rows), [Column(translate(name), name) for name in rows[0]])


def _listed(values: "pd.Series") -> str:
    ordered = sorted(values.dropna().unique().tolist(), key=lambda value: (isinstance(value, str), value))
    return translate_list(texts_of(ordered).values()) or translate("none")


def _seeds(seeds: "pd.Series[int]") -> str:
    """Return the seeds as text, with consecutive seeds as ranges: `0 to 4, 7`."""
    ordered = sorted({int(seed) for seed in seeds})
    starts = [seed for seed in ordered if seed - 1 not in {*ordered}]
    ends = [seed for seed in ordered if seed + 1 not in {*ordered}]
    return translate_list(
        str(first) if first == last else translate("{first} to {last}", first=first, last=last)
        for first, last in zip(starts, ends, strict=True)
    )


def environment_table(runs: Sequence[Run]) -> Table:
    """Return a table of the environments in which the runs were trained.

    A row gives the value of a key. If runs have different values, the row gives each value with its number of runs.
    """
    rows, summary = [], []
    for key in dict.fromkeys(key for run in runs for key in run.environment):
        counts = Counter(run.environment.get(key, "") for run in runs)
        rows += [{"of": key, "value": value, "runs": count} for value, count in counts.items()]
        texts = [value if n == len(runs) else f"{value} ({count_of(n, 'run')})" for value, n in counts.items()]
        summary.append({"of": key, "value": translate_list(texts, "; ")})
    numbers = pd.DataFrame(rows, columns=["of", "value", "runs"])
    return Table(
        "environment",
        numbers,
        [Column(translate("of"), "of"), Column(translate("value"), "value")],
        summary=pd.DataFrame(summary),
    )
