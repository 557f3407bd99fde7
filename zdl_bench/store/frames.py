"""Conversion of stored runs to tidy pandas data frames."""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from zdl_bench.errors import ConfigError
from zdl_bench.registry import conf_files, registry
from zdl_bench.run.conditions import exact
from zdl_bench.run.config import Choice, RunConfig, Value
from zdl_bench.run.run import DIVERGENCE_FACTOR, Curve, Run
from zdl_bench.statistics.metrics import convergence
from zdl_bench.statistics.metrics.catalogue import METRICS, compute_metrics
from zdl_bench.statistics.smoothing import smooth_curve

END_NUMBERS = ("val_loss", "val_accuracy", "test_loss", "test_accuracy")

Found = TypeVar("Found")


@dataclass(frozen=True)
class Results:
    """Runs as three tidy data frames, which can be joined by `run_id`.

    runs: one row per run. Its columns are run_id, lr, seed, the names of optimizer, problem and dataset, effective_lr
        (lr/(1 − β) for momentum methods), the other keys of the config, status, learned, digest, train_seconds, failure,
        evaluations (how often the gradient was evaluated), the losses and accuracies at the end of the run, and all metrics.
    curves: one row per step, with run_id, step (1 … T'), train_loss, smoothed_loss (as `smooth_curve` in the book), lr.
    probes: one row per probe, with run_id, step, strided, probe_loss, probe_accuracy, val_accuracy, gradient_norm, …, and
        evaluations (of the gradient, before the probe).
    members: the runs themselves. `comparisons` needs them for values that no frame holds.
    tuning_seeds: the seeds on which learning rates were chosen, as the manifest of a sweep has them; empty for a whole store.
    tuned_keys: the keys besides lr that were chosen on them.
    """

    runs: pd.DataFrame
    curves: pd.DataFrame
    probes: pd.DataFrame
    members: tuple[Run, ...] = field(default=(), repr=False)
    tuning_seeds: tuple[int, ...] = ()
    tuned_keys: tuple[str, ...] = ()


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
    return _stack({run_id: _curve_columns(curve) for run_id, curve in curves.items()})


def _curve_columns(curve: Curve) -> dict[str, Any]:
    losses = {"train_loss": curve.train_loss, "smoothed_loss": smooth_curve(curve.train_loss)}
    return {"step": np.arange(1, len(curve.train_loss) + 1)} | losses | {"lr": curve.lr}


def probe_frame(runs: Iterable[Run]) -> pd.DataFrame:
    """Return the frame `Results.probes` for the given runs."""
    curves = {run.run_id: run.curve for run in runs if run.curve}
    counted = {key: {"evaluations": curve.evaluations_after(curve.probes.step)} for key, curve in curves.items()}
    return _stack({key: dict(curve.probes.items()) | counted[key] for key, curve in curves.items()})


def end_row(run: Run) -> dict[str, Any]:
    """Return the last step of a diverged run, as a row of a frame of losses."""
    assert run.curve is not None
    first, last = float(run.curve.probes.probe_loss[0]), float(run.curve.train_loss[-1])
    loss = last if np.isfinite(last) else DIVERGENCE_FACTOR * first
    made, evaluations = len(run.curve.train_loss), int(run.curve.evaluations_after(np.array(len(run.curve.train_loss))))
    return {"run_id": run.run_id, "step": made, "loss": loss, "seconds": run.train_seconds, "evaluations": evaluations}


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
        "evaluations": float(curve.evaluations_after(np.array(len(curve.train_loss)))) if curve else math.nan,
        "start_loss": float(curve.probes.probe_loss[0]) if curve else math.nan,
        "failure": f"{run.failure.type}: {run.failure.message}" if run.failure else None,
    }
    row |= {name: run.end.get(name, math.nan) for name in END_NUMBERS}
    row |= _image_counts(run.config.dataset)
    row |= compute_metrics(curve) if curve else {metric.name: math.nan for metric in METRICS}
    no_targets: tuple[float, ...] = ()
    for target in _if_installed(lambda: conf_files.targets(run.config), no_targets):
        for measure in (convergence.steps_to_target, convergence.evaluations_to_target, convergence.seconds_to_target):
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
    return None if lr is None else _if_installed(lambda: registry.whole_optimizer(config).effective_lr(lr), lr)


def _image_counts(dataset: Choice | None) -> dict[str, float]:
    """Return how many images the final accuracies were computed on. A number is NaN if it is unknown or without a data set."""
    if dataset is None:
        return {"val_images": math.nan, "test_images": math.nan}
    own = dataset.values.get("test_size")
    test_images = own if type(own) is int else _if_installed(lambda: registry.dataset(dataset.name).test_size, None)
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
