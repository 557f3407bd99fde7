"""A run ↔ the Parquet file that is stored: the per-step table, and all else as JSON in the schema's metadata.

Nothing is pickled, and nothing that a file says is imported.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zdl_bench.run import Curve, Failure, Probes, Run, RunConfig, Status

CHECKSUM = b"checksum"


def encode(run: Run) -> pa.Table:
    """A run as the table that is stored."""
    curve = run.curve
    columns: dict[str, Any] = {"step": np.array([], np.int64), "train_loss": np.array([]), "lr": np.array([])}
    about_curve: dict[str, Any] | None = None
    if curve is not None:
        columns = {"step": np.arange(1, len(curve.train_loss) + 1), "train_loss": curve.train_loss, "lr": curve.lr}
        about_curve = {"planned_steps": curve.planned_steps, "trivial_loss": curve.trivial_loss}
        if curve.points is not None:
            about_curve["points"] = curve.points.tolist()
        if curve.minimum is not None:
            about_curve["minimum"] = list(curve.minimum)
    texts = {
        "run_id": run.run_id,
        "engine": run.engine,
        "config": run.config.as_dict(),
        "status": run.status.value,
        "end": dict(run.end),
        "digest": run.digest,
        "train_seconds": None if math.isnan(run.train_seconds) else run.train_seconds,
        "environment": dict(run.environment),
        "failure": asdict(run.failure) if run.failure else None,
        "curve": about_curve,
        "probes": {name: _plain(values) for name, values in curve.probes.items()} if curve else None,
    }
    metadata = {key.encode(): json.dumps(value, sort_keys=True).encode() for key, value in texts.items()}
    table = pa.table(columns)
    return table.replace_schema_metadata(metadata | {CHECKSUM: _checksum(table, metadata)})


def decode(table: pa.Table) -> Run:
    """The inverse of `encode`. Raises ValueError where the checksum is wrong, others where the content is no run."""
    sound_checksum(table)
    texts: dict[str, Any] = {key.decode(): json.loads(text) for key, text in _content(table).items()}
    failure = texts["failure"]
    return Run(
        config=RunConfig.from_dict(texts["config"]),
        status=Status(texts["status"]),
        curve=_decode_curve(table, texts["curve"], texts["probes"]) if texts["curve"] else None,
        end=texts["end"],
        digest=texts["digest"],
        train_seconds=_number(texts["train_seconds"]),
        environment=texts["environment"],
        failure=Failure(**failure) if failure else None,
        engine=texts["engine"],
    )


def _decode_curve(table: pa.Table, about: Mapping[str, Any], probes: Mapping[str, list[Any]]) -> Curve:
    types: dict[str, Any] = {"step": np.int64, "strided": np.bool_}
    points, minimum = about.get("points"), about.get("minimum")
    return Curve(
        planned_steps=about["planned_steps"],
        trivial_loss=about["trivial_loss"],
        train_loss=table["train_loss"].to_numpy(),
        lr=table["lr"].to_numpy(),
        probes=Probes(
            **{
                f.name: np.array(probes[f.name], types.get(f.name, np.float64))  # null becomes NaN
                for f in fields(Probes)
            }
        ),
        points=np.array(points, dtype=np.float64) if points is not None else None,
        minimum=tuple(minimum) if minimum is not None else None,
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _plain(values: "np.ndarray[Any, Any]") -> list[float | None]:
    """As JSON numbers, NaN as null; infinities stay, as Python's JSON writes them."""
    return [None if value != value else value for value in values.tolist()]


def _content(table: pa.Table) -> dict[bytes, bytes]:
    return {key: text for key, text in (table.schema.metadata or {}).items() if key != CHECKSUM}


def _checksum(table: pa.Table, metadata: Mapping[bytes, bytes]) -> bytes:
    """SHA-256 over the columns' names, types and values and over the metadata, in hex."""
    total = hashlib.sha256()
    for name in table.column_names:
        values = np.ascontiguousarray(table[name].to_numpy())
        total.update(f"{name} {values.dtype.str} {len(values)}\n".encode() + values.tobytes())
    for key, text in sorted(metadata.items()):
        total.update(key + b" %d\n" % len(text) + text)
    return total.hexdigest().encode()


def stored_checksum(table: pa.Table) -> str:
    """The checksum in a stored run's metadata; empty where there is none."""
    metadata: dict[bytes, bytes] = table.schema.metadata or {}
    return metadata.get(CHECKSUM, b"").decode()


def sound_checksum(table: pa.Table) -> str:
    """The checksum of a stored run's content. Raises ValueError where it is not the one in its metadata."""
    checksum = _checksum(table, _content(table)).decode()
    if stored_checksum(table) != checksum:
        raise ValueError("its checksum is wrong")
    return checksum


def write_table(table: pa.Table, path: Path) -> None:
    """The metadata are written once: the Arrow schema that is added by default would repeat them in base64.

    Losses hardly repeat, so that a dictionary of them only takes place.
    """
    columns = table.replace_schema_metadata(None)
    with pq.ParquetWriter(path, columns.schema, compression="zstd", use_dictionary=False, store_schema=False) as writer:
        writer.write_table(columns)
        writer.add_key_value_metadata(table.schema.metadata)


def read_table(path: Path) -> pa.Table:
    """The whole file is read at once, which takes less time than its parts do."""
    return pq.ParquetFile(pa.BufferReader(path.read_bytes())).read(use_threads=False)
