"""Conversion between a run and a table. Columns hold the numbers of each step; the schema's metadata hold the rest as JSON.

Nothing is pickled, and no module that a file names is imported.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa

from zdl_bench.run.config import MAX_STEPS, RunConfig
from zdl_bench.run.run import Curve, Failure, Probes, Run, Status
from zdl_bench.run.untrusted import decode_as, require_bounded

CHECKSUM = b"checksum"
CURVE_COLUMNS = ("step", "train_loss", "lr")
STORED_TYPES = {pa.int64(): np.dtype(np.int64), pa.float64(): np.dtype(np.float64)}
LARGE_TEXTS = (b"curve", b"probes")


@dataclass(frozen=True)
class _Texts:
    """The contents of a run's metadata, except the curve and the probes."""

    config: dict[str, Any]
    engine: int
    status: str
    end: dict[str, float]
    digest: str | None
    train_seconds: float | None
    environment: dict[str, str]
    failure: Failure | None


@dataclass(frozen=True)
class _AboutCurve:
    """The contents of a run's metadata that describe its curve, except the points."""

    planned_steps: int
    trivial_loss: float
    minimum: list[float] | None = None


def encode(run: Run) -> pa.Table:
    """Return the table that the store saves for a run."""
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
    texts = _Texts(
        config=run.config.as_dict(),
        engine=run.engine,
        status=run.status.value,
        end=dict(run.end),
        digest=run.digest,
        train_seconds=None if math.isnan(run.train_seconds) else run.train_seconds,
        environment=dict(run.environment),
        failure=run.failure,
    )
    probes = {name: _without_nan(values) for name, values in curve.probes.items()} if curve else None
    content = asdict(texts) | {"run_id": run.run_id, "curve": about_curve, "probes": probes}
    metadata = {key.encode(): json.dumps(value, sort_keys=True).encode() for key, value in content.items()}
    table = pa.Table.from_arrays([_column(values) for values in columns.values()], names=list(columns))
    return table.replace_schema_metadata(metadata | {CHECKSUM: _checksum(table, metadata)})


def decode(table: pa.Table) -> Run:
    """Return the run in a table. Raise ValueError if the checksum is wrong, or one of NOT_A_RUN if the content is not a run."""
    sound_checksum(table)
    if table.column_names != list(CURVE_COLUMNS):
        raise ValueError("the table does not have the columns of a run")
    metadata = _content(table)
    large = {key: metadata.pop(key) for key in LARGE_TEXTS}
    content = {key.decode(): json.loads(text) for key, text in metadata.items()}
    require_bounded(content)
    texts: _Texts = decode_as(_Texts, content, "")
    return Run(
        config=RunConfig.from_dict(texts.config),
        status=Status(texts.status),
        curve=_decode_curve(table, large),
        end={name: float(value) for name, value in texts.end.items()},
        digest=texts.digest,
        train_seconds=math.nan if texts.train_seconds is None else float(texts.train_seconds),
        environment=texts.environment,
        failure=texts.failure,
        engine=texts.engine,
    )


def _decode_curve(table: pa.Table, large: dict[bytes, bytes]) -> Curve | None:
    """Return the curve in a table, or None if the run has no curve. Remove each decoded text from `large` to free memory."""
    content = decode_as(dict[str, Any] | None, json.loads(large.pop(b"curve")), "curve")
    if not content:
        return None
    if not np.array_equal(_values(table["step"]), np.arange(1, len(table) + 1)):
        raise ValueError("the steps of the run's curve are not numbered from 1")
    points = content.pop("points", None)
    steps = None if points is None else np.array(points, dtype=np.float64)
    del points
    about: _AboutCurve = decode_as(_AboutCurve, content, "")
    curve = Curve(
        planned_steps=about.planned_steps,
        trivial_loss=float(about.trivial_loss),
        train_loss=_values(table["train_loss"]),
        lr=_values(table["lr"]),
        probes=_decode_probes(large.pop(b"probes")),
        points=steps,
        minimum=None if about.minimum is None else tuple(map(float, about.minimum)),
    )
    _require_shape(curve)
    return curve


def _decode_probes(text: bytes) -> Probes:
    types: dict[str, Any] = {"step": np.int64, "strided": np.bool_}
    probes = json.loads(text)
    return Probes(**{f.name: np.array(probes[f.name], types.get(f.name, np.float64)) for f in fields(Probes)})  # null is NaN


def _require_shape(curve: Curve) -> None:
    """Raise ValueError if the parts of a curve are inconsistent with each other."""
    made, probed, points = len(curve.train_loss), len(curve.probes), curve.points
    steps = curve.probes.step
    sound = {
        "planned_steps": 1 <= made <= curve.planned_steps <= MAX_STEPS,
        "train_loss": curve.train_loss.dtype == curve.lr.dtype == np.float64,
        "probes": probed > 0 and all(values.shape == (probed,) for _, values in curve.probes.items()),
        "probes.step": probed > 0 and steps[0] == 0 and bool((np.diff(steps) > 0).all()) and steps[-1] <= made,
        "points": points is None or (points.ndim == 2 and points.shape[1] > 0 and made <= len(points) <= made + 1),
        "minimum": curve.minimum is None or (points is not None and points.shape[1:] == (len(curve.minimum),)),
    }
    wrong = [key for key, is_sound in sound.items() if not is_sound]
    if wrong:
        raise ValueError(f"{wrong[0]} is not valid for a run's curve")


def _column(values: "np.ndarray[Any, Any]") -> pa.Array:
    """Return the array as a column, without a copy. `pa.array` would import pandas to check for a pandas object."""
    return pa.Array.from_buffers(
        pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(np.ascontiguousarray(values))]
    )


def _values(column: pa.ChunkedArray) -> "np.ndarray[Any, Any]":
    """Return the array in a column. Raise ValueError if the column's type is not in STORED_TYPES, or if values are missing."""
    if column.type not in STORED_TYPES:
        raise ValueError("the table has a column of a type that no run has")
    if column.null_count:
        raise ValueError("values are missing in the run's table")
    dtype = STORED_TYPES[column.type]
    parts = [np.frombuffer(chunk.buffers()[1], dtype, len(chunk), 8 * chunk.offset) for chunk in column.chunks if len(chunk)]
    return np.concatenate(parts) if parts else np.array([], dtype)


def _without_nan(values: "np.ndarray[Any, Any]") -> list[float | None]:
    """Return the values as a list in which None stands for NaN. Infinities are kept; Python's JSON can write them."""
    return [None if value != value else value for value in values.tolist()]


def _content(table: pa.Table) -> dict[bytes, bytes]:
    return {key: text for key, text in (table.schema.metadata or {}).items() if key != CHECKSUM}


def _checksum(table: pa.Table, metadata: Mapping[bytes, bytes]) -> bytes:
    """Return the SHA-256 of the names, types and values of all columns and of the metadata, in hex."""
    total = hashlib.sha256()
    for name in table.column_names:
        values = _values(table[name])
        total.update(f"{name} {values.dtype.str} {len(values)}\n".encode())
        total.update(values.data)
    for key, text in sorted(metadata.items()):
        total.update(key + b" %d\n" % len(text) + text)
    return total.hexdigest().encode()


def stored_checksum(table: pa.Table) -> str:
    """Return the checksum in the metadata of a run's table, or "" if there is none."""
    metadata: dict[bytes, bytes] = table.schema.metadata or {}
    return metadata.get(CHECKSUM, b"").decode()


def sound_checksum(table: pa.Table) -> str:
    """Return the checksum of a run's content. Raise ValueError if it differs from the checksum in the metadata."""
    checksum = _checksum(table, _content(table)).decode()
    if stored_checksum(table) != checksum:
        raise ValueError("the checksum does not match the content")
    return checksum
