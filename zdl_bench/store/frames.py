"""Conversion of stored runs to tidy pandas data frames."""

import json
import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from zdl_bench.errors import ConfigError, OtherEngine
from zdl_bench.registry import registry
from zdl_bench.run.conditions import exact
from zdl_bench.run.config import ENGINE_VERSION, Choice, RunConfig, Value
from zdl_bench.run.run import Run
from zdl_bench.statistics.metrics import convergence
from zdl_bench.statistics.metrics.catalogue import METRICS, compute_metrics
from zdl_bench.store.damage import PLANNED, about_engine, how_many_are_missing
from zdl_bench.store.store import Store

END_NUMBERS = ("val_loss", "val_accuracy", "test_loss", "test_accuracy")

Found = TypeVar("Found")


@dataclass(frozen=True)
class Results:
    """Runs as three tidy data frames, which can be joined by `run_id`.

    runs: one row per run. Its columns are run_id, lr, seed, the names of optimizer, problem and dataset, effective_lr
        (lr/(1 − β) for momentum methods), the other keys of the config, status, learned, digest, train_seconds, failure,
        the losses and accuracies at the end of the run, and all metrics.
    curves: one row per step, with run_id, step (1 … T'), train_loss, lr.
    probes: one row per probe, with run_id, step, strided, probe_loss, val_loss, gradient_norm, …
    members: the runs themselves. `comparisons` needs them for values that no frame holds.
    """

    runs: pd.DataFrame
    curves: pd.DataFrame
    probes: pd.DataFrame
    members: tuple[Run, ...] = field(default=(), repr=False)


def load_results(path: str | Path = "results", sweep: str | None = None) -> Results:
    """Load the runs of a sweep in the store at `path`. If no sweep is given, load all runs of this version of the engine.

    Metrics are computed from the curves while loading. Runs whose file is damaged or gone are left out, with a warning. A sweep
    of another engine is loaded with a warning. Raise StoreError if there is no such store or sweep, or if none of its runs can
    be read.
    """
    store = Store(path)
    store.require_existing()
    run_ids, what = (
        (store.run_ids(), "files cannot be read") if sweep is None else (store.read_manifest(sweep).run_ids, PLANNED)
    )
    found = store.read_all(run_ids)
    found = found.of_engine(ENGINE_VERSION if sweep is None else found.engine)
    missing = {key: error for key, error in found.missing.items() if sweep is not None or not isinstance(error, OtherEngine)}
    if missing and not found.runs:
        raise next(iter(missing.values()))
    if missing:
        words = how_many_are_missing(missing, len(found.runs) + len(missing), what)
        warnings.warn(f"{path}: {words}; run the command of the sweep again", stacklevel=2)
    if note := about_engine(found.engine):
        warnings.warn(f"{path}: {sweep}: {note}", stacklevel=2)
    return frames_of([run for run, _ in found.runs])


def frames_of(runs: Sequence[Run]) -> Results:
    """Return the three frames of the given runs, in the order of the runs."""
    return Results(run_frame(runs), curve_frame(runs), probe_frame(runs), tuple(runs))


def run_frame(runs: Iterable[Run]) -> pd.DataFrame:
    """Return the frame `Results.runs` for the given runs."""
    with np.errstate(all="ignore"):  # numbers that cannot be computed from a file become NaN
        return pd.DataFrame([run_row(run) for run in runs])


def curve_frame(runs: Iterable[Run]) -> pd.DataFrame:
    """Return the frame `Results.curves` for the given runs. 10,000 runs of 1,000 steps take half a gigabyte."""
    curves = {run.run_id: run.curve for run in runs if run.curve}
    columns = {key: {"train_loss": curve.train_loss, "lr": curve.lr} for key, curve in curves.items()}
    return _stack({key: {"step": np.arange(1, len(column["lr"]) + 1)} | column for key, column in columns.items()})


def probe_frame(runs: Iterable[Run]) -> pd.DataFrame:
    """Return the frame `Results.probes` for the given runs."""
    return _stack({run.run_id: dict(run.curve.probes.items()) for run in runs if run.curve})


def run_row(run: Run) -> dict[str, Any]:
    """Return the row of a run in the frame `Results.runs`."""
    row: dict[str, Any] = {"run_id": run.run_id}
    flat = run.config.flat()
    for key in ("optimizer", "lr", "seed", "problem", "dataset"):
        row[key] = flat.pop(key)
    if run.config.lr is not None:
        row["lr"] = float(run.config.lr)  # the file may hold an integer, even of more than 64 bits
    row["effective_lr"] = _effective_lr(run.config)
    row |= {key: _cell(value) for key, value in flat.items()}
    curve = run.curve
    row |= {
        "status": run.status.value,
        "learned": curve is not None and convergence.has_learned(curve),
        "digest": run.digest,
        "train_seconds": run.train_seconds,
        "start_loss": float(curve.probes.probe_loss[0]) if curve else math.nan,
        "failure": f"{run.failure.type}: {run.failure.message}" if run.failure else None,
    }
    row |= {name: run.end.get(name, math.nan) for name in END_NUMBERS}
    row |= _image_counts(run.config.dataset)
    row |= compute_metrics(curve) if curve else {metric.name: math.nan for metric in METRICS}
    no_targets: tuple[float, ...] = ()
    for target in _if_installed(lambda: registry.targets(run.config), no_targets):
        for measure in (convergence.steps_to_target, convergence.seconds_to_target):
            row[target_column(measure.__name__, target)] = measure(curve, target) if curve else math.nan
        row[target_column("reached_target", target)] = not math.isnan(row[target_column("steps_to_target", target)])
    return row


def target_column(measure: str, target: float) -> str:
    """Return the column name of a measure for a target loss, such as `steps_to_0.5` or `reached_0.5`."""
    return measure.replace("target", exact(target))


def _if_installed(look_up: Callable[[], Found], otherwise: Found) -> Found:
    """Return the result of the registry look-up, or `otherwise` if a part of the run is not installed on this machine."""
    try:
        return look_up()
    except ConfigError:
        return otherwise


def _effective_lr(config: RunConfig) -> float | None:
    lr = config.lr
    return None if lr is None else _if_installed(lambda: registry.optimizer(config.optimizer).effective_lr(lr), lr)


def _image_counts(dataset: Choice | None) -> dict[str, float]:
    """Return how many images the final accuracies were computed on. A number is NaN if it is unknown or without a data set."""
    if dataset is None:
        return {"val_images": math.nan, "test_images": math.nan}
    test_images = _if_installed(lambda: registry.dataset(dataset.name).test_size, None)
    return {
        "val_images": float(dataset.values.get("validation_size") or math.nan),  # type: ignore[arg-type]
        "test_images": math.nan if test_images is None else float(test_images),
    }


def _cell(value: Value) -> Any:
    return json.dumps(value) if isinstance(value, tuple) else value


def _stack(parts: Mapping[str, dict[str, Any]]) -> pd.DataFrame:
    """Return one frame with the rows of all runs. parts: run id → the columns of the run, with the same names for each run."""
    if not parts:
        return pd.DataFrame({"run_id": pd.Series([], dtype="str"), "step": pd.Series([], dtype="int64")})
    columns = list(parts.values())
    lengths = [len(part["step"]) for part in columns]
    ids = pd.Categorical.from_codes(np.repeat(np.arange(len(parts), dtype=np.int32), lengths), categories=list(parts))
    stacked = {name: np.concatenate([part[name] for part in columns]) for name in columns[0]}
    return pd.DataFrame({"run_id": ids} | stacked, copy=False)  # nothing else uses the columns, so they need not be copied
