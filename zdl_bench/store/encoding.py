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

from zdl_bench.errors import display
from zdl_bench.run.config import MAX_STEPS, RunConfig
from zdl_bench.run.run import Curve, Failure, Probes, Run, Status
from zdl_bench.run.untrusted import require_plain, size_of_values
from zdl_bench.store.parquet import Footer, read_columns, read_footer, size_of_table

CHECKSUM = b"checksum"
COLUMNS = ("step", "train_loss", "lr")
TYPES = {pa.int64(): np.dtype(np.int64), pa.float64(): np.dtype(np.float64)}
"""Of a table's columns."""
LARGEST = 2**28
"""Bytes of a run's file, and of its table: enough for MAX_STEPS steps."""
MAX_TEXT = 2**20
"""Bytes of a text in the metadata but for NUMBERS."""
NUMBERS = (b"curve", b"probes")
MAX_IN_MEMORY = 640_000_000
"""Bytes of a run's table, its texts and their values: 200,000 steps in 16 dimensions, each probed, take 600 million."""


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
    table = pa.Table.from_arrays([_column(values) for values in columns.values()], names=list(columns))
    return table.replace_schema_metadata(metadata | {CHECKSUM: _checksum(table, metadata)})


def decode(table: pa.Table) -> Run:
    """The inverse of `encode`. Raises ValueError where the checksum is wrong, others where the content is no run."""
    sound_checksum(table)
    if table.column_names != list(COLUMNS):
        raise ValueError("its columns are not those of a run")
    content = _content(table)
    numbers = {key: content.pop(key) for key in NUMBERS}
    texts: dict[str, Any] = {key.decode(): json.loads(text) for key, text in content.items()}
    failure = texts["failure"]
    require_plain(texts)
    _require_types(texts)
    return Run(
        config=RunConfig.from_dict(texts["config"]),
        status=Status(texts["status"]),
        curve=_decode_curve(table, numbers),
        end={name: float(value) for name, value in texts["end"].items()},
        digest=texts["digest"],
        train_seconds=_number(texts["train_seconds"]),
        environment=texts["environment"],
        failure=Failure(**failure) if failure else None,
        engine=texts["engine"],
    )


def _require_types(texts: Mapping[str, Any]) -> None:
    """Raises ValueError where something around the curve is of another type than `encode` writes."""
    failure = texts["failure"]
    sound = {
        "end": _maps_words_to(int | float, texts["end"]),
        "digest": isinstance(texts["digest"], str | None),
        "train_seconds": isinstance(texts["train_seconds"], int | float | None),
        "environment": _maps_words_to(str, texts["environment"]),
        "failure": failure is None or _maps_words_to(str, failure),
        "engine": type(texts["engine"]) is int,
    }
    wrong = [key for key, is_sound in sound.items() if not is_sound]
    if wrong:
        raise ValueError(f"{wrong[0]} is not what a run has")


def _maps_words_to(kind: Any, value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, kind) for item in value.values())


def _decode_curve(table: pa.Table, numbers: dict[bytes, bytes]) -> Curve | None:
    """Takes the texts out one by one: each may be large, and its values larger."""
    about = json.loads(numbers.pop(b"curve"))
    if not isinstance(about, dict | None):
        raise ValueError("curve is not what a run has")
    if not about:
        return None
    if not np.array_equal(_values(table["step"]), np.arange(1, len(table) + 1)):
        raise ValueError("step is not what a run's curve has")
    points, minimum = about.pop("points", None), about.get("minimum")
    steps = None if points is None else np.array(points, dtype=np.float64)
    del points
    curve = Curve(
        planned_steps=about["planned_steps"],
        trivial_loss=_float("trivial_loss", about["trivial_loss"]),
        train_loss=_values(table["train_loss"]),
        lr=_values(table["lr"]),
        probes=_decode_probes(numbers.pop(b"probes")),
        points=steps,
        minimum=tuple(_float("minimum", coordinate) for coordinate in minimum) if minimum is not None else None,
    )
    _require_shape(curve)
    return curve


def _decode_probes(text: bytes) -> Probes:
    types: dict[str, Any] = {"step": np.int64, "strided": np.bool_}
    probes = json.loads(text)
    return Probes(**{f.name: np.array(probes[f.name], types.get(f.name, np.float64)) for f in fields(Probes)})  # null is NaN


def _float(key: str, value: Any) -> float:
    """Raises ValueError where it is no number, OverflowError where it is an integer beyond every float."""
    if type(value) not in (int, float):
        raise ValueError(f"{key} is not what a run's curve has")
    return float(value)


def _require_shape(curve: Curve) -> None:
    """Raises ValueError where the parts of a curve do not fit each other."""
    made, probed, points = len(curve.train_loss), len(curve.probes), curve.points
    steps = curve.probes.step
    sound = {
        "planned_steps": type(curve.planned_steps) is int and 1 <= made <= curve.planned_steps <= MAX_STEPS,
        "train_loss": curve.train_loss.dtype == curve.lr.dtype == np.float64,
        "probes": probed > 0 and all(values.shape == (probed,) for _, values in curve.probes.items()),
        "probes.step": probed > 0 and steps[0] == 0 and bool((np.diff(steps) > 0).all()) and steps[-1] <= made,
        "points": points is None or (points.ndim == 2 and points.shape[1] > 0 and made <= len(points) <= made + 1),
        "minimum": curve.minimum is None or (points is not None and points.shape[1:] == (len(curve.minimum),)),
    }
    wrong = [key for key, is_sound in sound.items() if not is_sound]
    if wrong:
        raise ValueError(f"{wrong[0]} is not what a run's curve has")


def _column(values: "np.ndarray[Any, Any]") -> pa.Array:
    """The array without a copy. `pa.array` would do, but imports pandas to see whether it is one of its."""
    return pa.Array.from_buffers(
        pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(np.ascontiguousarray(values))]
    )


def _values(column: pa.ChunkedArray) -> "np.ndarray[Any, Any]":
    """The inverse of `_column`. Raises ValueError for other columns than a run's, and where values are missing."""
    if column.type not in TYPES:
        raise ValueError("its columns are not those of a run")
    if column.null_count:
        raise ValueError("values are missing in its table")
    dtype = TYPES[column.type]
    parts = [np.frombuffer(chunk.buffers()[1], dtype, len(chunk), 8 * chunk.offset) for chunk in column.chunks if len(chunk)]
    return np.concatenate(parts) if parts else np.array([], dtype)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _plain(values: "np.ndarray[Any, Any]") -> list[float | None]:
    """As JSON numbers, NaN as null; infinities stay, as Python's JSON writes them."""
    return [None if value != value else value for value in values.tolist()]


def _content(table: pa.Table) -> dict[bytes, bytes]:
    return {key: text for key, text in (table.schema.metadata or {}).items() if key != CHECKSUM}


def _checksum(table: pa.Table, metadata: Mapping[bytes, bytes]) -> bytes:
    """SHA-256 over the columns' names, types and values and over the metadata, in hex."""
    total = hashlib.sha256()
    for name in table.column_names:
        values = _values(table[name])
        total.update(f"{name} {values.dtype.str} {len(values)}\n".encode())
        total.update(values.data)
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


def file_of(table: pa.Table) -> bytes:
    """The bytes of a Parquet file.

    The metadata are written once: the Arrow schema that is added by default would repeat them in base64. Losses hardly repeat,
    so that a dictionary of them only takes place.
    """
    columns, content = table.replace_schema_metadata(None), pa.BufferOutputStream()
    with pq.ParquetWriter(content, columns.schema, compression="zstd", use_dictionary=False, store_schema=False) as writer:
        writer.write_table(columns)
        writer.add_key_value_metadata(table.schema.metadata)
    return bytes(content.getvalue())


def read_file(path: Path) -> bytes:
    """The bytes of a run's file. Raises OSError where it cannot be read, ValueError where it is larger than any run's."""
    if not path.is_file():  # a pipe would keep us waiting
        raise FileNotFoundError(path)
    _require_size("its file", path.stat().st_size)
    return path.read_bytes()


def metadata_in(content: bytes) -> dict[bytes, bytes]:
    """The metadata in the bytes of a run's file. Raises ValueError as `table_in`."""
    return _sound_footer(content).metadata


def table_in(content: bytes) -> pa.Table:
    """The table in the bytes of a run's file.

    Raises ValueError for one that is no run's, or would become larger than any: a few bytes can stand for gigabytes.
    """
    footer = _sound_footer(content)
    return read_columns(content, footer, TYPES, LARGEST).replace_schema_metadata(footer.metadata)


def _sound_footer(content: bytes) -> Footer:
    footer = read_footer(content)
    table = size_of_table(footer)
    _require_size("its table", table)
    for key, text in footer.metadata.items():
        if key not in NUMBERS and len(text) > MAX_TEXT:
            raise ValueError(f"{display(key.decode(errors='replace'))} is longer than any of a run")
    texts = sum(len(text) + size_of_values(text) for text in footer.metadata.values())
    if table + texts > MAX_IN_MEMORY:
        raise ValueError(f"it may take {table + texts:,} bytes of memory, a run takes up to {MAX_IN_MEMORY:,}")
    return footer


def _require_size(what: str, size: int) -> None:
    if size > LARGEST:
        raise ValueError(f"{what} has {size:,} bytes, a run's has up to {LARGEST:,}")
