"""Sound runs, and their files made anew with other content: the checksum is right, whatever the content says."""

import hashlib
import io
import json
from functools import cache
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from conftest import quadratic_config

from zdl_bench.run.run import Run
from zdl_bench.store.encoding import CHECKSUM, _checksum, encode
from zdl_bench.store.frames import run_frame
from zdl_bench.training.loop import train

SWEEP = "mine"


@cache
def sound_runs() -> tuple[Run, ...]:
    """Two optimizers, two learning rates, three seeds, on a noisy quadratic."""
    noisy = {"gradient_noise": 0.1}
    return tuple(
        train(quadratic_config(name, lr=lr, seed=seed, steps=6, probe_count=3, problem=noisy))
        for name in ("sgd", "momentum")
        for lr in (0.1, 0.01)
        for seed in (0, 1, 2)
    )


@cache
def sound_frame() -> pd.DataFrame:
    return run_frame(sound_runs())


def texts_of(run: Run) -> dict[str, Any]:
    """What the metadata of a run's file say."""
    return {key.decode(): json.loads(text) for key, text in encode(run).schema.metadata.items() if key != CHECKSUM}


def columns_of(run: Run) -> dict[str, Any]:
    return {name: encode(run)[name].to_numpy() for name in encode(run).column_names}


def id_of(texts: Any, otherwise: str) -> str:
    """The id that the content claims, so that the file is found under it."""
    try:
        content = {**texts["config"], "engine": texts["engine"]}
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    except (KeyError, TypeError, ValueError, RecursionError):
        return otherwise
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def file_of(table: pa.Table, metadata: dict[bytes, bytes], **settings: Any) -> bytes:
    """A Parquet file of the table and the metadata, with the checksum that belongs to both."""
    try:
        checksum = {CHECKSUM: _checksum(table, metadata)}
    except ValueError:  # of columns that no run has: they are refused before anybody asks for it
        checksum = {CHECKSUM: b"0" * 64}
    stream = io.BytesIO()
    with pq.ParquetWriter(stream, table.replace_schema_metadata(None).schema, store_schema=False, **settings) as writer:
        writer.write_table(table.replace_schema_metadata(None))
        writer.add_key_value_metadata(metadata | checksum)
    return stream.getvalue()


def as_metadata(texts: dict[str, Any]) -> dict[bytes, bytes]:
    return {key.encode(): json.dumps(value, sort_keys=True).encode() for key, value in texts.items()}


def manifest_of(run_ids: list[str], **changes: Any) -> dict[str, Any]:
    """A sound manifest of some runs, but for the changes."""
    sound = {
        "name": SWEEP,
        "title": "Mine",
        "command": "python -m zdl_bench",
        "overrides": ["lr=0.1"],
        "run_ids": run_ids,
        "started": "2026-01-01T00:00:00.000+00:00",
        "finished": "2026-01-01T00:01:00.000+00:00",
        "experiment": None,
        "report": {"inputs": "", "files": [], "formats": []},
    }
    return sound | changes


def run_place(run_id: str) -> str:
    return f"work/results/runs/{run_id[:2]}/{run_id}.parquet"


def manifest_place(name: str = SWEEP) -> str:
    return f"work/results/sweeps/{name}/sweep.json"
