"""Tables of runs: all of them, those without a value, and what they ran on."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from zdl_bench.errors import StoreError, printable
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.tables.formats import Table, cell_text, told_column
from zdl_bench.run.conditions import accuracy_text, texts_of
from zdl_bench.run.run import Curve, Run, Status, has_diverged
from zdl_bench.statistics.measures import ACCURACY

RUN_COLUMNS = ("run_id", "variant", "lr", "seed", "setting", "status", "learned", "tail_loss", "test_accuracy", "jitter")
WITHOUT_VALUE = ("variant", "lr", "seed", "status", "run_id")


def failure_table(comparison: Comparison) -> Table:
    """The runs without a result and the diverged ones, each with its reason; the traceback of an exception is in the CSV."""
    lost = [run for run in comparison.members if run.status is not Status.COMPLETED]
    shown = comparison.runs.loc[comparison.runs["status"] != Status.COMPLETED.value, list(WITHOUT_VALUE)]
    numbers = shown.assign(reason=[reason_of(run) for run in lost])
    tracebacks = [run.failure.traceback if run.failure else "" for run in lost]
    return Table("failures", numbers.assign(traceback=tracebacks), _texts(numbers), "Runs that diverged or failed")


def missing_table(missing: Mapping[str, StoreError]) -> Table:
    """The runs of the plan that could not be read, each with its reason."""
    numbers = pd.DataFrame([{"run_id": run_id, "reason": printable(str(why))} for run_id, why in missing.items()])
    return Table("missing", numbers, numbers.map(cell_text).rename(columns={"run_id": "run id"}))


def reason_of(run: Run) -> str:
    """Why a run has no result, or where and how it diverged."""
    if run.failure:
        return f"{run.failure.type}: {run.failure.message}"
    if run.curve is None or not len(run.curve.train_loss):
        return run.status.value.replace("_", " ")
    return _divergence(run.curve) if run.status is Status.DIVERGED else run.status.value.replace("_", " ")


def _divergence(curve: Curve) -> str:
    step, probes = len(curve.train_loss), curve.probes.probe_loss
    for name, losses in (("loss", curve.train_loss), ("probe loss", probes)):
        last, first = float(losses[-1]), float(losses[0])
        if not math.isfinite(last):
            return f"{name} not finite at step {step}"
        if has_diverged(last, first):
            return f"{name} {last:.3g} at step {step}, over 1,000 times the first"
    return f"a parameter not finite after step {step}"


def run_list(runs: pd.DataFrame) -> pd.DataFrame:
    """One line per run, as texts, the id first."""
    return _texts(
        runs[[column for column in RUN_COLUMNS if column in runs and not (column == "setting" and runs[column].eq("").all())]]
    )


def settings_table(comparisons: Sequence[Comparison]) -> Table:
    """What was run: each optimizer with its hyper-parameters, schedule, learning rates and seeds."""
    runs = pd.concat([one.runs for one in comparisons], ignore_index=True)
    rows = []
    for variant, members in runs.groupby("variant", sort=False):
        own = [column for column in members if column.startswith("optimizer.") and members[column].notna().any()]
        values = [f"{column.removeprefix('optimizer.')} {_listed(members[column])}" for column in own]
        rows.append(
            {
                "optimizer": variant,
                "hyper-parameters": ", ".join(values) or "none",
                "schedule": _listed(members["schedule"]),
                "learning rates": _listed(members["lr"]),
                "seeds": _seeds(members["seed"]),
                "runs": len(members),
            }
        )
    numbers = pd.DataFrame(rows)
    return Table("settings", numbers, numbers.map(cell_text))


def _listed(values: "pd.Series") -> str:
    ordered = sorted(values.dropna().unique().tolist(), key=lambda value: (isinstance(value, str), value))
    return ", ".join(texts_of(ordered).values()) or "none"


def _seeds(seeds: "pd.Series[int]") -> str:
    """As ranges where they follow one another."""
    ordered = sorted({int(seed) for seed in seeds})
    starts = [seed for seed in ordered if seed - 1 not in {*ordered}]
    ends = [seed for seed in ordered if seed + 1 not in {*ordered}]
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in zip(starts, ends, strict=True))


def environment_table(runs: Sequence[Run]) -> Table:
    """What the runs ran on: each key's values, with the number of runs where they differ."""
    rows = []
    for key in dict.fromkeys(key for run in runs for key in run.environment):
        counts = Counter(run.environment.get(key, "") for run in runs)
        rows += [{"of": key, "value": value, "runs": count} for value, count in counts.items()]
    numbers = pd.DataFrame(rows, columns=["of", "value", "runs"])
    shown = [
        f"{value} ({count} run{'' if count == 1 else 's'})" if count < len(runs) else value
        for value, count in zip(numbers["value"], numbers["runs"], strict=True)
    ]
    joined = numbers.assign(value=shown).groupby("of", sort=False)["value"].agg("; ".join)
    return Table("environment", numbers, pd.DataFrame({"of": joined.index, "value": joined.to_numpy()}))


def _texts(runs: pd.DataFrame) -> pd.DataFrame:
    texts = runs.map(cell_text).assign(lr=told_column(runs["lr"]).replace("none", "–"))
    for name in runs.columns:
        if name.endswith(ACCURACY):
            texts[name] = runs[name].map(lambda share: "–" if np.isnan(share) else accuracy_text(share))
    return texts.rename(columns=lambda name: name.replace("variant", "optimizer").replace("_", " "))
