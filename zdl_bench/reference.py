"""The committed numbers behind the README: one row per run of the shipped experiments, and mean curves.

    results/reference/NAME.parquet         one row per run: config, status, digest, metrics, and what decides its bits
    results/reference/verdicts.csv         experiment, claim, verdict, p in its family, reason
    results/reference/curves.parquet       experiment, setting, variant, lr, step, geometric mean of the probe loss, runs

`python -m zdl_bench.reference [RESULTS]` writes them anew from the sweeps of a store that bear an experiment's name.
"""

import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from zdl_bench import registry
from zdl_bench.conditions import facets_of
from zdl_bench.environment import fingerprint
from zdl_bench.errors import StoreError, choices, closest, hint
from zdl_bench.experiment import Experiment
from zdl_bench.frames import frames_of
from zdl_bench.manifest import Manifest
from zdl_bench.metrics.catalogue import METRICS
from zdl_bench.metrics.convergence import has_finished
from zdl_bench.run import ENGINE_VERSION, Run, RunConfig
from zdl_bench.statistics.verdicts import judge_experiment
from zdl_bench.store import Store

FOLDER = "reference"
CURVES = "curves"
VERDICTS = "verdicts.csv"
VERDICT_COLUMNS = ("experiment", "claim", "verdict", "p", "reason")


@dataclass(frozen=True)
class ReferenceRun:
    """What is kept of a run of an experiment.

    fingerprint: what decides its bits; losses: final_train_loss and tail_loss, NaN where there is none.
    """

    experiment: str
    config: RunConfig
    status: str
    digest: str
    fingerprint: tuple[str, ...]
    losses: tuple[float, float]


def read_reference(root: Path, experiment: str | None) -> list[ReferenceRun]:
    """The runs of one experiment, or of all, below `root`/reference.

    Raises StoreError where there are none, or they were made by another engine.
    """
    folder = root / FOLDER
    paths = sorted(path for path in folder.glob("*.parquet") if path.stem != CURVES)
    chosen = [path for path in paths if experiment in (None, path.stem)]
    if not chosen:
        names = [path.stem for path in paths]
        question = hint(closest(experiment or "", names))
        known = choices(experiment or "", names) or "none; name the results of a checkout with --results DIR"
        raise StoreError(f"{folder} holds no numbers of {experiment or 'any experiment'}; {question}It has {known}")
    return [run for path in chosen for run in _rows(path)]


def _rows(path: Path) -> Iterator[ReferenceRun]:
    try:
        table = pq.read_table(path)
        engine = int((table.schema.metadata or {})[b"engine"])
    except (OSError, pa.ArrowException, ValueError, KeyError) as error:
        raise StoreError(f"{path} cannot be read ({error}); check it out again") from error
    if engine != ENGINE_VERSION:
        raise StoreError(f"{path} was made by engine {engine}, this is engine {ENGINE_VERSION}; run {path.stem} again")
    for row in table.to_pylist():
        yield ReferenceRun(
            experiment=path.stem,
            config=RunConfig.from_dict(json.loads(row["config"])),
            status=row["status"],
            digest=row["digest"],
            fingerprint=tuple(json.loads(row["fingerprint"])),
            losses=(_number(row["final_train_loss"]), _number(row["tail_loss"])),
        )


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def write_reference(store: Store) -> list[Path]:
    """Writes the files of every sweep that bears the name of an experiment; returns their paths."""
    folder = store.root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    experiments = registry.experiment_names()
    written, curves, verdicts = [], [], []
    for manifest in sorted(store.manifests(), key=lambda manifest: manifest.name):
        if manifest.name in experiments and manifest.experiment:
            runs = [store.read(run_id) for run_id in manifest.run_ids]
            written.append(_write(run_table(manifest, runs), folder / f"{manifest.name}.parquet"))
            curves.append(mean_curves(runs).assign(experiment=manifest.name))
            verdicts += verdict_rows(manifest, runs)
    if curves:
        table = pa.Table.from_pandas(pd.concat(curves, ignore_index=True), preserve_index=False)
        written.append(_write(table.replace_schema_metadata(None), folder / f"{CURVES}.parquet"))
        pd.DataFrame(verdicts, columns=VERDICT_COLUMNS).to_csv(folder / VERDICTS, index=False, float_format="%.3g")
    return written


def run_table(manifest: Manifest, runs: Sequence[Run]) -> pa.Table:
    """One row per run, the metrics in single precision but for the losses that `verify` compares."""
    frame = frames_of(runs).runs
    measures = [column for column in frame if column in {m.name for m in METRICS} or column.startswith("steps_to_")]
    exact = ("final_train_loss", "tail_loss")
    kept = frame[["run_id", "optimizer", "lr", "seed", "status", "learned", "digest", "test_accuracy", *measures]]
    kept = kept.assign(
        config=[json.dumps(run.config.as_dict()) for run in runs],
        fingerprint=[json.dumps(fingerprint(run.environment)) for run in runs],
    ).astype({column: "float32" for column in ("test_accuracy", *measures) if column not in exact})
    about = {"engine": str(ENGINE_VERSION), "command": manifest.command, "title": manifest.title}
    return pa.Table.from_pandas(kept, preserve_index=False).replace_schema_metadata(about)


def verdict_rows(manifest: Manifest, runs: Sequence[Run]) -> list[tuple[str, str, str, float, str]]:
    """One row per claim of the experiment, as VERDICT_COLUMNS."""
    judged = judge_experiment(Experiment.of(manifest.name, manifest.experiment or {}), frames_of(runs).runs)
    return [(manifest.name, one.claim.id, one.verdict.value, one.adjusted, one.reason) for one in judged]


def mean_curves(runs: Sequence[Run]) -> pd.DataFrame:
    """setting, variant, lr, step, probe_loss (geometric mean over the runs that made all steps), runs."""
    facets = facets_of(run.config for run in runs)
    rows = [
        (facets[run.run_id].setting, facets[run.run_id].variant, run.config.lr, step, loss)
        for run in runs
        if run.curve is not None and has_finished(run.curve)
        for step, loss in zip(_strided(run, "step"), _strided(run, "probe_loss"), strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["setting", "variant", "lr", "step", "probe_loss"])
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = frame.assign(probe_loss=np.log(frame["probe_loss"]))
    means = logs.groupby(["setting", "variant", "lr", "step"], dropna=False, sort=False)["probe_loss"].agg(["mean", "size"])
    means["probe_loss"] = np.exp(means.pop("mean")).astype("float32")
    return means.rename(columns={"size": "runs"}).reset_index()


def _strided(run: Run, column: str) -> "np.ndarray[tuple[int], np.dtype[np.floating]]":
    assert run.curve is not None
    values: np.ndarray[tuple[int], np.dtype[np.floating]] = getattr(run.curve.probes, column)
    return values[run.curve.probes.strided]


def _write(table: pa.Table, path: Path) -> Path:
    pq.write_table(table, path, compression="zstd", compression_level=19)
    return path


if __name__ == "__main__":
    for file in write_reference(Store(sys.argv[1] if len(sys.argv) > 1 else "results")):
        print(f"{file}  {file.stat().st_size:,} bytes")
