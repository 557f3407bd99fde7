"""The committed numbers behind the README: one row per run of the shipped experiments, and mean curves.

    results/reference/NAME.parquet         one row per run: config, status, digest and metrics
    results/reference/verdicts.csv         experiment, claim, verdict, p in its family, reason
    results/reference/curves.parquet       experiment, setting, variant, lr, step, geometric mean of the probe loss, runs

`python -m zdl_bench.commands.reference [RESULTS]` writes these files again from the sweeps of a store that
are named after an experiment.
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
from zdl_bench.registry import conf_files
from zdl_bench.run.conditions import facets_of
from zdl_bench.run.config import ENGINE_VERSION, RunConfig
from zdl_bench.run.run import Run
from zdl_bench.run.untrusted import parse_json, require_bounded
from zdl_bench.statistics.metrics.catalogue import METRICS
from zdl_bench.statistics.metrics.convergence import has_finished
from zdl_bench.statistics.verdict import judge_experiment
from zdl_bench.store.damage import NOT_A_RUN
from zdl_bench.store.frames import frames_of, run_frame
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.parquet import Footer, read_columns, read_footer, size_of_table
from zdl_bench.store.run_file import read_file
from zdl_bench.store.store import Store

FOLDER = "reference"
CURVES = "curves"
REFERENCE_VERDICTS = "verdicts.csv"
VERDICT_COLUMNS = ("experiment", "claim", "verdict", "p", "reason")
REFERENCE_TYPES = {pa.string(), pa.float64(), pa.float32(), pa.int64(), pa.int32(), pa.bool_()}
"""Types that the columns of a table may have. A column without any value has 32-bit integers."""
MAX_REFERENCE_BYTES = 10_000_000
"""Maximum number of bytes of a table, of its texts, and of a decoded text. The texts of 4,000 runs have 3 million bytes."""
EXACT_METRICS = ("final_train_loss", "tail_loss")
"""Metrics in double precision. The other metrics are stored in single precision."""
METRIC_SCALES = {metric.name: metric.scale for metric in METRICS}


@dataclass(frozen=True)
class ReferenceRun:
    """A committed run. columns: the columns of its row, except the config."""

    experiment: str
    config: RunConfig
    columns: Mapping[str, Any]


def reference_files(root: Path, experiment: str | None) -> list[Path]:
    """Return the files of an experiment, or of all experiments, in `root`/reference. Raise StoreError if there are none."""
    folder = root / FOLDER
    paths = sorted(path for path in folder.glob("*.parquet") if path.stem != CURVES)
    selected = [path for path in paths if experiment in (None, path.stem)]
    if not selected:
        names = [path.stem for path in paths]
        known = f"it holds {abridge(experiment or '', names) or 'no files; name the results of a checkout with --results DIR'}"
        meant = hint(closest(experiment or "", names), known)
        raise StoreError(f"the folder {folder} holds no numbers of {experiment or 'any experiment'}; {meant}")
    return selected


def read_reference(path: Path) -> list[ReferenceRun]:
    """Return the runs in a file, at least one. Raise StoreError if the file is damaged or another engine made it."""
    try:
        content = read_file(path)
        footer = read_footer(content)
        engine = int(footer.metadata[b"engine"])
        if engine == ENGINE_VERSION:
            return _decode_runs(content, footer, path.stem)
    except NOT_A_RUN as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else error
        raise StoreError(f"{path} cannot be read ({display(reason)}); restore the file with Git") from error
    raise StoreError(
        f"{path} was made by engine {display(engine)}, but this is engine {ENGINE_VERSION}; "
        f"run the experiment {path.stem} again"
    )


def _decode_runs(content: bytes, footer: Footer, experiment: str) -> list[ReferenceRun]:
    """Return the runs in a file. Raise one of NOT_A_RUN if the file has no runs or would need too much memory."""
    size = size_of_table(footer)
    if size > MAX_REFERENCE_BYTES:
        raise ValueError(f"its table has {size:,} bytes, more than {MAX_REFERENCE_BYTES:,}")
    rows = read_columns(content, footer, REFERENCE_TYPES, MAX_REFERENCE_BYTES).to_pylist()
    if not rows:
        raise ValueError("the file has no runs")
    runs = []
    for row in rows:
        config = parse_json(row["config"].encode(), MAX_REFERENCE_BYTES)
        require_bounded(config)
        runs.append(ReferenceRun(experiment, RunConfig.from_dict(config), _comparable(row)))
    return runs


def reference_columns(run: Run) -> dict[str, Any]:
    """Return the columns of a fresh run, for comparison with `ReferenceRun.columns`."""
    return _comparable(_table([run]).to_pylist()[0])


def _comparable(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row without the config, which a ReferenceRun holds separately. A missing number becomes None."""
    return {name: None if value != value else value for name, value in row.items() if name != "config"}


def write_reference(store: Store) -> list[Path]:
    """Write the files of every sweep that is named after an experiment. Return the paths of the files."""
    folder = store.root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    experiments = conf_files.experiment_names()
    written, curves, verdicts = [], [], []
    for manifest in sorted(store.manifests(), key=lambda manifest: manifest.name):
        if manifest.name in experiments and manifest.experiment:
            runs = _runs_of(store, manifest)
            written.append(_write(run_table(manifest, runs), folder / f"{manifest.name}.parquet"))
            curves.append(mean_curves(runs).assign(experiment=manifest.name))
            verdicts += verdict_rows(manifest, runs)
    if curves:
        table = pa.Table.from_pandas(pd.concat(curves, ignore_index=True), preserve_index=False)
        written.append(_write(table.replace_schema_metadata(None), folder / f"{CURVES}.parquet"))
        pd.DataFrame(verdicts, columns=VERDICT_COLUMNS).to_csv(folder / REFERENCE_VERDICTS, index=False, float_format="%.3g")
    return written


def _runs_of(store: Store, manifest: Manifest) -> list[Run]:
    """Return the runs of a sweep. Raise StoreError if one is missing or was made by another engine."""
    found = store.read_all(manifest.run_ids).of_engine(ENGINE_VERSION)
    if found.missing:
        raise next(iter(found.missing.values()))
    return [run for run, _ in found.runs]


def run_table(manifest: Manifest, runs: Sequence[Run]) -> pa.Table:
    """Return a table with one row per run. Its metrics are in single precision, except for EXACT_METRICS."""
    about = {"engine": str(ENGINE_VERSION), "command": manifest.command, "title": manifest.title}
    return _table(runs).replace_schema_metadata(about)


def _table(runs: Sequence[Run]) -> pa.Table:
    frame = run_frame(runs)
    measures = [column for column in frame if column in METRIC_SCALES or column.startswith("steps_to_")]
    columns = frame[["run_id", "optimizer", "lr", "seed", "status", "learned", "digest", "test_accuracy", *measures]].assign(
        config=[json.dumps(run.config.as_dict()) for run in runs]
    )
    single = {column: "float32" for column in ("test_accuracy", *measures) if column not in EXACT_METRICS}
    return pa.Table.from_pandas(columns.astype(single), preserve_index=False)


def verdict_rows(manifest: Manifest, runs: Sequence[Run]) -> list[tuple[str, str, str, float, str]]:
    """Return one row per claim of the experiment, with the values of VERDICT_COLUMNS."""
    results = judge_experiment(manifest.as_experiment, frames_of(runs).runs)
    return [(manifest.name, one.claim.id, one.verdict.value, one.p_family, one.reason) for one in results]


def mean_curves(runs: Sequence[Run]) -> pd.DataFrame:
    """Return the mean curve of each condition over the runs that finished all steps.

    Columns: setting, variant, lr, step, probe_loss (geometric mean) and runs (their number).
    """
    facets = facets_of(run.config for run in runs)
    rows = [
        (facets[run.config.run_id].setting, facets[run.config.run_id].variant, run.config.lr, step, loss)
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
