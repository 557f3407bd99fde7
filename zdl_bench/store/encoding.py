"""Conversion between a run and a table. Columns hold the numbers of each step; the schema's metadata hold the rest as JSON.

Nothing is pickled, and no module that a file names is imported.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Failure, Run, Status
from zdl_bench.run.untrusted import decode_as, require_bounded
from zdl_bench.store.curve_encoding import LARGE_TEXTS, column_values, decode_curve, encode_curve

CHECKSUM = b"checksum"
CURVE_COLUMNS = ("step", "train_loss", "lr")


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


def encode(run: Run) -> pa.Table:
    """Return the table that the store saves for a run."""
    curve = run.curve
    columns: dict[str, Any] = {"step": np.array([], np.int64), "train_loss": np.array([]), "lr": np.array([])}
    if curve is not None:
        columns = {"step": np.arange(1, len(curve.train_loss) + 1), "train_loss": curve.train_loss, "lr": curve.lr}
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
    content = asdict(texts) | {"run_id": run.run_id} | encode_curve(curve)
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
    config = RunConfig.from_dict(texts.config)
    return Run(
        config=config,
        status=Status(texts.status),
        curve=decode_curve(table, large, config.dtype),
        end={name: float(value) for name, value in texts.end.items()},
        digest=texts.digest,
        train_seconds=math.nan if texts.train_seconds is None else float(texts.train_seconds),
        environment=texts.environment,
        failure=texts.failure,
        engine=texts.engine,
    )


def _column(values: "np.ndarray[Any, Any]") -> pa.Array:
    """Return the array as a column, without a copy. `pa.array` would import pandas to check for a pandas object."""
    return pa.Array.from_buffers(
        pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(np.ascontiguousarray(values))]
    )


def _content(table: pa.Table) -> dict[bytes, bytes]:
    return {key: text for key, text in (table.schema.metadata or {}).items() if key != CHECKSUM}


def _checksum(table: pa.Table, metadata: Mapping[bytes, bytes]) -> bytes:
    """Return the SHA-256 of the names, types and values of all columns and of the metadata, in hex."""
    total = hashlib.sha256()
    for name in table.column_names:
        values = column_values(table[name])
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
