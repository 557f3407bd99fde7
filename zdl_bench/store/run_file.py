"""A run's table ↔ the bytes of its Parquet file, within limits that hold before memory is taken."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from zdl_bench.errors import display
from zdl_bench.run.untrusted import max_memory_of
from zdl_bench.store.encoding import LARGE_TEXTS, STORED_TYPES
from zdl_bench.store.parquet import Footer, read_columns, read_footer, size_of_table

MAX_RUN_BYTES = 2**28
"""Of a run's file, and of its table: enough for MAX_STEPS steps."""
MAX_TEXT = 2**20
"""Bytes of a text in the metadata but for LARGE_TEXTS."""
MAX_RUN_MEMORY = 640_000_000
"""Bytes of a run's table, its texts and their values: 200,000 steps in 16 dimensions, each probed, take 600 million."""


def file_of(table: pa.Table) -> bytes:
    """Return the bytes of a Parquet file.

    The metadata are written once: the Arrow schema, added by default, would repeat them in base64. Losses rarely repeat, so a
    dictionary would only waste space.
    """
    columns, content = table.replace_schema_metadata(None), pa.BufferOutputStream()
    with pq.ParquetWriter(content, columns.schema, compression="zstd", use_dictionary=False, store_schema=False) as writer:
        writer.write_table(columns)
        writer.add_key_value_metadata(table.schema.metadata)
    return bytes(content.getvalue())


def read_file(path: Path) -> bytes:
    """Return the bytes of a run's file. Raise OSError if it cannot be read, ValueError if it is larger than any run's."""
    if not path.is_file():  # a pipe would keep us waiting
        raise FileNotFoundError(path)
    _require_size("its file", path.stat().st_size)
    return path.read_bytes()


def metadata_in(content: bytes) -> dict[bytes, bytes]:
    """Return the metadata in the bytes of a run's file. Raise ValueError as `table_in`."""
    return _sound_footer(content).metadata


def table_in(content: bytes) -> pa.Table:
    """Return the table in the bytes of a run's file.

    Raise ValueError if it is no run's, or would become larger than any: a few bytes can stand for gigabytes.
    """
    footer = _sound_footer(content)
    return read_columns(content, footer, STORED_TYPES, MAX_RUN_BYTES).replace_schema_metadata(footer.metadata)


def _sound_footer(content: bytes) -> Footer:
    footer = read_footer(content)
    table = size_of_table(footer)
    _require_size("its table", table)
    for key, text in footer.metadata.items():
        if key not in LARGE_TEXTS and len(text) > MAX_TEXT:
            raise ValueError(f"{display(key.decode(errors='replace'))} is longer than any of a run")
    texts = sum(len(text) + max_memory_of(text) for text in footer.metadata.values())
    if table + texts > MAX_RUN_MEMORY:
        raise ValueError(f"it may take {table + texts:,} bytes of memory, a run takes up to {MAX_RUN_MEMORY:,}")
    return footer


def _require_size(what: str, size: int) -> None:
    if size > MAX_RUN_BYTES:
        raise ValueError(f"{what} has {size:,} bytes, a run's has up to {MAX_RUN_BYTES:,}")
