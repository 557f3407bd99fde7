"""Runs, curves and probes as one Parquet or CSV file each, with the columns of `load_results`."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from zdl_bench.report.tables.formats import csv
from zdl_bench.run.run import Run
from zdl_bench.store.damage import writing
from zdl_bench.store.frames import curve_frame, probe_frame, run_frame

MAX_ROWS = 300_000
"""The number of steps and probes after which a batch of runs is written. A run is never split."""
MAX_RUNS = 500

AddFrame = Callable[[pd.DataFrame], None]
"""A function that adds the rows of a frame to a file."""


def write_parquet(runs: Iterable[Run], folder: Path, sweep: str) -> list[Path]:
    """Write `runs.parquet`, `curves.parquet` and `probes.parquet` to a folder. Raise StoreError if one cannot be written."""
    return _write(runs, folder, ".parquet", _parquet)


def write_csv(runs: Iterable[Run], folder: Path, sweep: str) -> list[Path]:
    """Write `runs.csv`, `curves.csv` and `probes.csv`, with all digits and without formulas. Raise StoreError as above."""
    return _write(runs, folder, ".csv", _csv)


def _write(runs: Iterable[Run], folder: Path, suffix: str, opened: Callable[[Path, ExitStack], AddFrame]) -> list[Path]:
    paths = [folder / f"{name}{suffix}" for name in ("runs", "curves", "probes")]
    with ExitStack() as stack:
        drafts = [stack.enter_context(writing(path)) for path in paths]
        with ExitStack() as files:  # closed before the drafts replace the files
            add_runs, add_curves, add_probes = (opened(draft, files) for draft in drafts)
            rows, has_curves = [], False
            for batch in _batches(runs):
                rows.append(run_frame(batch))
                if any(run.curve for run in batch):
                    has_curves = True
                    add_curves(_with_text_ids(curve_frame(batch)))
                    add_probes(_with_text_ids(probe_frame(batch)))
            if not has_curves:
                add_curves(curve_frame([]))
                add_probes(probe_frame([]))
            add_runs(pd.concat(rows, ignore_index=True))
    return paths


def _batches(runs: Iterable[Run]) -> Iterator[list[Run]]:
    batch, rows = [], 0
    for run in runs:
        batch.append(run)
        rows += len(run.curve.train_loss) + len(run.curve.probes.step) if run.curve else 0
        if rows >= MAX_ROWS or len(batch) == MAX_RUNS:
            yield batch
            batch, rows = [], 0
    if batch:
        yield batch


def _with_text_ids(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with ids as text: each batch has categories of its own."""
    return frame.astype({"run_id": "str"})


def _parquet(path: Path, files: ExitStack) -> AddFrame:
    writers: list[pq.ParquetWriter] = []

    def add(frame: pd.DataFrame) -> None:
        table = _arrow_table(frame)
        if not writers:
            writers.append(files.enter_context(pq.ParquetWriter(path, table.schema, compression="zstd")))
        writers[0].write_table(table.cast(writers[0].schema))

    return add


def _arrow_table(frame: pd.DataFrame) -> pa.Table:
    """Return a frame as a table. A column with values of several types, as keys of several parts may have, becomes text."""
    try:
        return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        mixed = {name: frame[name].map(str, na_action="ignore") for name in frame if frame[name].dtype == object}
        return pa.Table.from_pandas(frame.assign(**mixed), preserve_index=False).replace_schema_metadata(None)


def _csv(path: Path, files: ExitStack) -> AddFrame:
    stream = files.enter_context(path.open("w", encoding="utf-8", newline=""))

    def add(frame: pd.DataFrame) -> None:
        text = csv(frame)
        stream.write(text.partition("\n")[2] if stream.tell() else text)

    return add
