"""Reads Parquet files from untrusted sources. First checks how much memory the headers of a file request.

How much memory a page takes is stated only in the header of the page, and a list in the footer may claim any length.
Therefore this module first reads every header that pyarrow will read, and stops at limits that no stored run reaches. pyarrow
then gets a new footer that has only the known fields. The metadata, which may be long, are left out of the new footer.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from zdl_bench.store.thrift import BINARY, I32, I64, Fields, ThriftReader, encode_struct

MAGIC = b"PAR1"
MAX_FOOTER_VALUES, MAX_PAGE_VALUES, MAX_PAGES = 20_000, 100, 20_000
"""Limits that no real file reaches: a run of 10 million steps has about 1,500 values in its footer, and 1,500 pages."""
ARROW_SCHEMA = b"ARROW:schema"
"""The key of a copy of the schema in Arrow's own format, in which a few bytes can describe any number of columns."""

SCHEMA_ELEMENT: Fields = {1: I32, 3: I32, 4: BINARY, 5: I32, 6: I32}
COLUMN: Fields = {1: I32, 2: [I32], 3: [BINARY], 4: I32, 5: I64, 6: I64, 7: I64, 9: I64, 11: I64}
ROW_GROUP: Fields = {1: [{2: I64, 3: COLUMN}], 2: I64, 3: I64}
FILE: Fields = {1: I32, 2: [SCHEMA_ELEMENT], 3: I64, 4: [ROW_GROUP]}
FILE_WITH_METADATA: Fields = {**FILE, 5: [{1: BINARY, 2: BINARY}]}
PAGE_HEADER: Fields = {1: I32, 2: I32, 3: I32, 5: {1: I32, 2: I32}, 7: {1: I32, 2: I32}}

PHYSICAL_TYPES = (0, 1, 2, 4, 5, 6)
"""Codes of booleans, integers, floats and byte arrays."""
CODECS = (0, 1, 6)
"""Codes of no compression, Snappy and Zstandard."""
ENCODINGS = (0, 2, 3, 8)
"""Codes of the encodings: plain, dictionary (old and new), run length."""
DATA, DICTIONARY = 0, 2
"""Codes of the page types."""


class Footer(NamedTuple):
    """The footer of a Parquet file.

    fields: the fields listed in FILE, by number. metadata: the keys and texts that the writer added.
    """

    fields: dict[int, Any]
    metadata: dict[bytes, bytes]


def read_footer(content: bytes) -> Footer:
    """Return the footer of a file. Raise ValueError if the file is not a Parquet file, or if its footer exceeds the limits."""
    length = int.from_bytes(content[-8:-4], "little")
    start = len(content) - 8 - length
    if content[:4] != MAGIC or content[-4:] != MAGIC or start < len(MAGIC):
        raise ValueError("the file is not a Parquet file")
    fields = ThriftReader(content, start, MAX_FOOTER_VALUES).struct(FILE_WITH_METADATA)
    metadata = {pair.get(1, b""): pair.get(2, b"") for pair in fields.pop(5, ())}
    metadata.pop(ARROW_SCHEMA, None)
    return Footer(fields, metadata)


def size_of_table(footer: Footer) -> int:
    """Return the size of the table in bytes, from the number of values in the footer. Each value takes 8 bytes."""
    return 8 * sum(_count(group, 3) * len(group.get(1, ())) for group in footer.fields.get(4, ()))


def read_columns(content: bytes, footer: Footer, types: Collection[pa.DataType], max_bytes: int) -> pa.Table:
    """Return the table in the bytes of a file, without the metadata.

    Raise ValueError if a column has a type that is not in `types`, or if all pages or all texts together exceed `max_bytes`.
    Raise OSError or ArrowException if a page is damaged.
    """
    _require_size("the pages", _size_of_pages(content, footer), max_bytes)
    written = encode_struct(FILE, footer.fields)
    metadata = pq.read_metadata(pa.BufferReader(MAGIC + written + len(written).to_bytes(4, "little") + MAGIC))
    schema = metadata.schema.to_arrow_schema()
    if not set(schema.types) <= set(types) or len({*schema.names}) < len(schema.names):
        raise ValueError("the table does not have the columns of a run")
    texts = [field.name for field in schema if field.type == pa.string()]
    file = pq.ParquetFile(pa.BufferReader(content), metadata=metadata, read_dictionary=texts, pre_buffer=False)
    return _with_texts(file.read(use_threads=False), texts, max_bytes)


def _with_texts(table: pa.Table, names: Collection[str], max_bytes: int) -> pa.Table:
    """Return the table with its text columns decoded. Their size is checked first, since every row may repeat a long text."""
    if not names:
        return table
    import pyarrow.compute as pc

    chunks = [chunk for name in names for chunk in table[name].chunks]
    longest = (len(chunk) * (pc.max(pc.binary_length(chunk.dictionary)).as_py() or 0) for chunk in chunks)
    _require_size("the texts", sum(longest), max_bytes)
    for name in names:
        table = table.set_column(table.column_names.index(name), name, table[name].cast(pa.string()))
    return table


def _size_of_pages(content: bytes, footer: Footer) -> int:
    """Return the size in bytes that all pages take in memory, according to the headers of the pages."""
    size = pages = 0
    for group in footer.fields.get(4, ()):
        for chunk in group.get(1, ()):
            for page in _pages(content, chunk.get(3, {}), _count(group, 3)):
                size += _count(page, 2)
                pages += 1
                if pages > MAX_PAGES:
                    raise ValueError(f"the file has more than {MAX_PAGES:,} pages")
    return size


def _pages(content: bytes, column: Mapping[int, Any], rows: int) -> Iterator[Mapping[int, Any]]:
    """Yield the page headers of a column in the order in which pyarrow reads them, up to the page that completes the rows."""
    if column.get(1) not in PHYSICAL_TYPES or column.get(4) not in CODECS or _count(column, 5) != rows:
        raise ValueError("a column of the file has an unsupported type, compression or length")
    start, dictionary = _count(column, 9), column.get(11, 0)
    start = dictionary if 0 < dictionary < start else start
    end = start + _count(column, 7)
    while rows > 0:
        headers = ThriftReader(content, start, MAX_PAGE_VALUES)
        page = headers.struct(PAGE_HEADER)
        is_data = page.get(1) == DATA
        about = page.get(5 if is_data else 7, {})
        values, start = _count(about, 1), headers.position + _count(page, 3)
        rows -= values if is_data else 0
        is_known = page.get(1) in (DATA, DICTIONARY) and about.get(2) in ENCODINGS
        if not is_known or rows < 0 or (is_data and values == 0) or start > min(end, len(content)):
            raise ValueError("the pages of the file do not match its footer")
        if not is_data and 4 * values > _count(page, 2):
            raise ValueError("a dictionary in the file claims more values than its bytes can hold")
        yield page


def _count(fields: Mapping[int, Any], number: int) -> int:
    """Return the value of a field that holds a count or a size. Raise ValueError if the value is missing or negative."""
    count: int = fields.get(number, -1)
    if count < 0:
        raise ValueError("a count or a size in a header of the file is missing or negative")
    return count


def _require_size(what: str, size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise ValueError(f"{size:,} bytes of {what}, but at most {max_bytes:,} are allowed")
