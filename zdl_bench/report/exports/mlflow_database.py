"""Runs as an SQLite database of MLflow, with one experiment per sweep."""

import logging
import os
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from zdl_bench.report.exports.scalars import scalars_of, words_of_run
from zdl_bench.run.conditions import short
from zdl_bench.run.run import Run

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # before the import: an export tells nobody

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

TAG = "zdl_bench.run_id"
MAX_BATCH = 1000
"""The largest number of metrics that MLflow takes at once."""
MAX_PARAM = 500


def write_mlflow(runs: Iterable[Run], folder: Path, sweep: str) -> list[Path]:
    """Add the runs to FOLDER/mlflow.db, for `mlflow ui --backend-store-uri sqlite:///FOLDER/mlflow.db`.

    Runs that the database has already are left as they are, and runs of an export that was killed are written again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = (folder / "mlflow.db").resolve()
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations among MLflow's own libraries
        client = MlflowClient(tracking_uri=f"sqlite:///{path}")
        found = client.get_experiment_by_name(sweep)
        artifacts = (folder / "artifacts").resolve().as_uri()
        experiment = found.experiment_id if found else client.create_experiment(sweep, artifact_location=artifacts)
        for run in runs:
            if _is_new(client, experiment, run):
                _log_run(client, experiment, run)
    return [folder / "mlflow.db"]


def _is_new(client: Any, experiment: str, run: Run) -> bool:
    """Return whether a run has to be written. Remove what a killed export has left of it."""
    present = client.search_runs([experiment], filter_string=f"tags.`{TAG}` = '{run.run_id}'")
    for one in present:
        if one.info.status == "RUNNING":
            client.delete_run(one.info.run_id)
    return all(one.info.status == "RUNNING" for one in present)


def _log_run(client: Any, experiment: str, run: Run) -> None:
    made = client.create_run(experiment, run_name=words_of_run(run), tags={TAG: run.run_id, "status": run.status.value})
    key, start = made.info.run_id, made.info.start_time
    params = [Param(name, short(value)[:MAX_PARAM]) for name, value in run.config.flat().items()]
    client.log_batch(key, params=params, tags=[RunTag("digest", run.digest)] if run.digest else [])
    metrics = [Metric(name, value, start + round(1000 * seconds), step) for name, step, value, seconds in scalars_of(run)]
    for first in range(0, len(metrics), MAX_BATCH):
        client.log_batch(key, metrics=metrics[first : first + MAX_BATCH])
    client.set_terminated(key, "FINISHED" if run.status.is_result else "FAILED")
