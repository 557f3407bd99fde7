"""Conversion between a run's table and the run's Parquet file. Sizes are checked before memory is allocated."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from zdl_bench.errors import display
from zdl_bench.run.untrusted import max_memory_of
from zdl_bench.store.curve_encoding import LARGE_TEXTS, STORED_TYPES
from zdl_bench.store.parquet import Footer, read_columns, read_footer, size_of_table

MAX_RUN_BYTES = 2**28
"""The largest size in bytes of a run's file, and also of a run's table. A run of MAX_STEPS steps stays below this limit."""
MAX_TEXT = 2**20
"""The largest size in bytes of a text in a run's metadata. The texts in LARGE_TEXTS may be larger."""
MAX_RUN_MEMORY = 640_000_000
"""The largest memory in bytes that a run may take when it is read: its table, its texts and the values in the texts.

A run of 200,000 steps in 16 dimensions, with a probe at each step, takes 600 million bytes.
"""


def file_of(table: pa.Table) -> bytes:
    """Return a run's table as the bytes of a Parquet file.

    The Arrow schema, which pyarrow adds by default, is left out, since it would repeat the metadata in base64. Dictionaries
    are switched off: losses rarely repeat, so a dictionary would only waste space.
    """
    columns, content = table.replace_schema_metadata(None), pa.BufferOutputStream()
    with pq.ParquetWriter(content, columns.schema, compression="zstd", use_dictionary=False, store_schema=False) as writer:
        writer.write_table(columns)
        writer.add_key_value_metadata(table.schema.metadata)
    return bytes(content.getvalue())


def read_file(path: Path) -> bytes:
    """Return the bytes of a run's file. Raise OSError if the file cannot be read, or ValueError if it is too large."""
    if not path.is_file():  # reading from a pipe could block forever
        raise FileNotFoundError(path)
    _require_size("the file", path.stat().st_size)
    return path.read_bytes()


def metadata_in(content: bytes) -> dict[bytes, bytes]:
    """Return the metadata in the bytes of a run's file. Raise ValueError if the footer is damaged or exceeds a limit."""
    return _sound_footer(content).metadata


def table_in(content: bytes) -> pa.Table:
    """Return the table in the bytes of a run's file.

    Raise ValueError if the file does not hold a run, or if the table would be too large. A small file can expand to gigabytes.
    """
    footer = _sound_footer(content)
    return read_columns(content, footer, STORED_TYPES, MAX_RUN_BYTES).replace_schema_metadata(footer.metadata)


def _sound_footer(content: bytes) -> Footer:
    footer = read_footer(content)
    table = size_of_table(footer)
    _require_size("the table", table)
    for key, text in footer.metadata.items():
        if key not in LARGE_TEXTS and len(text) > MAX_TEXT:
            raise ValueError(
                f"the text {display(key.decode(errors='replace'))} has {len(text):,} bytes; the limit is {MAX_TEXT:,}"
            )
    texts = sum(len(text) + max_memory_of(text) for text in footer.metadata.values())
    if table + texts > MAX_RUN_MEMORY:
        raise ValueError(f"the run may take {table + texts:,} bytes of memory; the limit is {MAX_RUN_MEMORY:,}")
    return footer


def _require_size(what: str, size: int) -> None:
    if size > MAX_RUN_BYTES:
        raise ValueError(f"{what} has {size:,} bytes; the limit is {MAX_RUN_BYTES:,}")
