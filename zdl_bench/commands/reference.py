"""The committed numbers behind the README: one row per run of the shipped experiments, and mean curves.

    results/reference/NAME.parquet         one row per run: config, status, digest, metrics, and what decides its bits
    results/reference/verdicts.csv         experiment, claim, verdict, p in its family, reason
    results/reference/curves.parquet       experiment, setting, variant, lr, step, geometric mean of the probe loss, runs

`python -m zdl_bench.commands.reference [RESULTS]` writes them anew from the sweeps of a store that bear an experiment's name.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from zdl_bench.errors import StoreError, abridge, closest, display, hint
from zdl_bench.registry import registry
from zdl_bench.run.conditions import facets_of
from zdl_bench.run.environment import FINGERPRINT, fingerprint
from zdl_bench.run.experiment import Experiment
from zdl_bench.run.run import ENGINE_VERSION, Run, RunConfig
from zdl_bench.run.untrusted import json_in, require_plain
from zdl_bench.statistics.metrics.catalogue import METRICS
from zdl_bench.statistics.metrics.convergence import has_finished
from zdl_bench.statistics.verdict import judge_experiment
from zdl_bench.store.encoding import read_file
from zdl_bench.store.frames import frames_of, run_frame
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.parquet import Footer, read_columns, read_footer, size_of_table
from zdl_bench.store.store import NOT_A_RUN, Store

FOLDER = "reference"
CURVES = "curves"
VERDICTS = "verdicts.csv"
VERDICT_COLUMNS = ("experiment", "claim", "verdict", "p", "reason")
TYPES = {pa.string(), pa.float64(), pa.float32(), pa.int64(), pa.int32(), pa.bool_()}
"""Of a table's columns; one without a value has integers of 32 bits."""
LARGEST = 10_000_000
"""Bytes of a table, of its texts, and of what a text says; the texts of 4,000 runs have 3 million."""


@dataclass(frozen=True)
class ReferenceRun:
    """A committed run. said: the columns of its row that a fresh run gives as well; fingerprint: what decides its bits."""

    experiment: str
    config: RunConfig
    fingerprint: tuple[str, ...]
    said: Mapping[str, Any]


def reference_files(root: Path, experiment: str | None) -> list[Path]:
    """The files of one experiment, or of all, below `root`/reference. Raises StoreError if there are none."""
    folder = root / FOLDER
    paths = sorted(path for path in folder.glob("*.parquet") if path.stem != CURVES)
    chosen = [path for path in paths if experiment in (None, path.stem)]
    if not chosen:
        names = [path.stem for path in paths]
        known = f"it has {abridge(experiment or '', names) or 'none; name the results of a checkout with --results DIR'}"
        meant = hint(closest(experiment or "", names), known)
        raise StoreError(f"{folder} holds no numbers of {experiment or 'any experiment'}; {meant}")
    return chosen


def read_reference(path: Path) -> list[ReferenceRun]:
    """The runs in a file, at least one. Raises StoreError if it is not sound, or made by another engine."""
    try:
        content = read_file(path)
        footer = read_footer(content)
        engine = int(footer.metadata[b"engine"])
        if engine == ENGINE_VERSION:
            return [_run_of(row, path.stem) for row in _rows(content, footer)]
    except NOT_A_RUN as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else error
        raise StoreError(f"{path} cannot be read ({display(reason)}); check it out again") from error
    raise StoreError(f"{path} was made by engine {display(engine)}, this is engine {ENGINE_VERSION}; run {path.stem} again")


def _rows(content: bytes, footer: Footer) -> list[dict[str, Any]]:
    """Raises one of NOT_A_RUN if there are none, or they are no runs, or would take more than any experiment."""
    size = size_of_table(footer)
    if size > LARGEST:
        raise ValueError(f"its table has {size:,} bytes, {LARGEST:,} is the most")
    rows: list[dict[str, Any]] = read_columns(content, footer, TYPES, LARGEST).to_pylist()
    if not rows:
        raise ValueError("it has no runs")
    missing = {"config", "fingerprint"} - rows[0].keys()
    if missing:
        raise ValueError(f"it has no column {min(missing)}")
    return rows


def _run_of(row: Mapping[str, Any], experiment: str) -> ReferenceRun:
    """Raises one of NOT_A_RUN."""
    config, made_on = (json_in(row[name].encode(), LARGEST) for name in ("config", "fingerprint"))
    require_plain([config, made_on])
    is_list = isinstance(made_on, list) and len(made_on) == len(FINGERPRINT)
    if not is_list or not all(isinstance(text, str) for text in made_on):
        raise ValueError("fingerprint is not what a run has")
    return ReferenceRun(experiment, RunConfig.from_dict(config), tuple(made_on), _said_in(row))


def reference_row(run: Run) -> dict[str, Any]:
    """What `ReferenceRun.said` is for a run that has just been made."""
    return _said_in(_table([run]).to_pylist()[0])


def _said_in(row: Mapping[str, Any]) -> dict[str, Any]:
    """All of a row but what stands beside it in a ReferenceRun; a missing number is None."""
    return {name: None if value != value else value for name, value in row.items() if name not in ("config", "fingerprint")}


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
    """One row per run, the metrics in single precision but for the losses at the end."""
    about = {"engine": str(ENGINE_VERSION), "command": manifest.command, "title": manifest.title}
    return _table(runs).replace_schema_metadata(about)


def _table(runs: Sequence[Run]) -> pa.Table:
    frame = run_frame(runs)
    measures = [column for column in frame if column in {m.name for m in METRICS} or column.startswith("steps_to_")]
    exact = ("final_train_loss", "tail_loss")
    kept = frame[["run_id", "optimizer", "lr", "seed", "status", "learned", "digest", "test_accuracy", *measures]]
    kept = kept.assign(
        config=[json.dumps(run.config.as_dict()) for run in runs],
        fingerprint=[json.dumps(fingerprint(run.environment)) for run in runs],
    ).astype({column: "float32" for column in ("test_accuracy", *measures) if column not in exact})
    return pa.Table.from_pandas(kept, preserve_index=False)


def verdict_rows(manifest: Manifest, runs: Sequence[Run]) -> list[tuple[str, str, str, float, str]]:
    """One row per claim of the experiment, as VERDICT_COLUMNS."""
    judged = judge_experiment(Experiment.of(manifest.name, manifest.experiment or {}), frames_of(runs).runs)
    return [(manifest.name, one.claim.id, one.verdict.value, one.p_family, one.reason) for one in judged]


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
