"""Small files that stand for gigabytes or minutes: Parquet whose headers contradict its footer, and JSON of many values."""

import json
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
import pyarrow as pa

from fuzzing.stored import file_of, sound_runs
from zdl_bench.run.config import MAX_STEPS
from zdl_bench.run.untrusted import max_memory_of
from zdl_bench.store.encoding import CHECKSUM, encode
from zdl_bench.store.parquet import FILE_WITH_METADATA, MAGIC, ROW_GROUP, SCHEMA_ELEMENT
from zdl_bench.store.run_file import MAX_RUN_MEMORY
from zdl_bench.store.thrift import BINARY, I32, I64, LIST, STRUCT, encode_struct, encode_varint

ROWS = 20
"""What each of these footers says."""
GIGABYTES = 2**31 - 1
"""The largest page that a header can claim."""
UNCOMPRESSED, SNAPPY, GZIP, LZO, BROTLI, LZ4, ZSTD, LZ4_RAW = range(8)
PLAIN, DICTIONARY_OLD, RLE, BIT_PACKED, DELTA, RLE_DICTIONARY = 0, 2, 3, 4, 5, 8
DATA, INDEX, DICTIONARY, DATA_V2 = range(4)
VALUES_AND_ENCODING = {1: I32, 2: I32, 3: I32, 4: I32}
PAGE = {1: I32, 2: I32, 3: I32, 5: VALUES_AND_ENCODING, 7: {1: I32, 2: I32}, 8: dict.fromkeys(range(1, 7), I32)}


def header(types: Any, fields: dict[int, Any]) -> bytes:
    return encode_struct(types, fields)


def data_page(content: bytes, size: int, values: int = ROWS, encoding: int = PLAIN) -> bytes:
    about = {1: values, 2: encoding, 3: RLE, 4: RLE}
    return header(PAGE, {1: DATA, 2: size, 3: len(content), 5: about}) + content


def data_page_v2(content: bytes, size: int) -> bytes:
    about = {1: ROWS, 2: 0, 3: ROWS, 4: PLAIN, 5: 0, 6: 0}
    return header(PAGE, {1: DATA_V2, 2: size, 3: len(content), 8: about}) + content


def dictionary_page(content: bytes, size: int, values: int) -> bytes:
    return header(PAGE, {1: DICTIONARY, 2: size, 3: len(content), 7: {1: values, 2: PLAIN}}) + content


@cache
def compressed_zeros(size: int, codec: str = "zstd") -> bytes:
    """So many zeros, never all of them in memory."""
    sink = pa.BufferOutputStream()
    piece = bytes(2**20)
    with pa.CompressedOutputStream(sink, codec) as stream:
        for start in range(0, size, len(piece)):
            stream.write(piece[: size - start])
    return sink.getvalue().to_pybytes()


def metadata_of_a_run() -> dict[bytes, bytes]:
    return dict(encode(sound_runs()[0]).schema.metadata)


def parquet_file(column: bytes, *, codec: int = ZSTD, rows: int = ROWS, metadata: dict[bytes, bytes] | None = None) -> bytes:
    """A file whose three columns are the same bytes, under a footer of so many rows."""
    about = {1: 5, 2: [PLAIN], 3: [b""], 4: codec, 5: rows, 6: len(column), 7: len(column), 9: len(MAGIC)}
    if column.startswith(header(PAGE, {1: DICTIONARY})[:2]):
        about[11] = len(MAGIC)
    names = (b"step", b"train_loss", b"lr")
    chunks = [{2: 0, 3: about | {1: 2 if name == b"step" else 5, 3: [name]}} for name in names]
    schema = [{4: b"schema", 5: 3}, *({1: 2 if name == b"step" else 5, 3: 0, 4: name} for name in names)]
    texts = [{1: key, 2: text} for key, text in (metadata_of_a_run() if metadata is None else metadata).items()]
    fields = {1: 2, 2: schema, 3: rows, 4: [{1: chunks, 2: 3 * len(column), 3: rows}], 5: texts}
    return with_footer(MAGIC + column, header(FILE_WITH_METADATA, fields))


def with_footer(content: bytes, footer: bytes) -> bytes:
    return content + footer + len(footer).to_bytes(4, "little") + MAGIC


def sound_page() -> bytes:
    return data_page(bytes(8 * ROWS), 8 * ROWS)


def with_text(key: str, text: bytes) -> bytes:
    """The file of a run with another text, and the checksum that belongs to it."""
    texts = {name: value for name, value in metadata_of_a_run().items() if name != CHECKSUM}
    return file_of(encode(sound_runs()[0]), texts | {key.encode(): text}, compression="zstd")


def many(piece: bytes, last: bytes, size: int) -> bytes:
    """A JSON list of about so many bytes."""
    return b"[" + piece * (size // len(piece)) + last + b"]"


def within(key: str, text: bytes) -> bytes:
    """The text of a sound run's curve or probes, with another value at a key."""
    content = json.loads(metadata_of_a_run()[key.partition(".")[0].encode()])
    content[key.partition(".")[2]] = "HERE"
    return json.dumps(content).encode().replace(b'"HERE"', text)


def with_list(field: int, item: bytes, count: int = 1_000_000) -> bytes:
    """A footer with a list of many equal structs."""
    start = bytes([0x15, 2, (field - 1) << 4 | LIST, 0xF0 | STRUCT]) + encode_varint(count)
    return with_footer(MAGIC, start + item * count + b"\0")


def claimed_list(field: int, kind: int) -> bytes:
    """A footer whose list claims 2 billion items and has none."""
    return with_footer(MAGIC, bytes([0x15, 2, (field - 1) << 4 | LIST, 0xF0 | kind]) + encode_varint(GIGABYTES))


def nested_schema(depth: int) -> bytes:
    schema = [{4: b"a", 5: 1}] * depth + [{1: 2, 3: 0, 4: b"x"}]
    return with_footer(MAGIC, header(FILE_WITH_METADATA, {1: 2, 2: schema, 3: 0, 4: []}))


def other_zeros(codec: int) -> bytes:
    """A claim of gigabytes; the slower ones hold a part of it."""
    names = {GZIP: "gzip", BROTLI: "brotli"}
    return compressed_zeros(GIGABYTES // 20, names[codec]) if codec in names else compressed_zeros(GIGABYTES)


def long_texts(memory: int) -> dict[str, Callable[[], bytes]]:
    """Runs with a long text in the place of many numbers: as long as it takes to need so many bytes of memory."""
    places: dict[str, tuple[str, Callable[[int], bytes]]] = {
        "points of empty lists": ("curve.points", lambda size: many(b"[],", b"[]", size)),
        "points of short lists": ("curve.points", lambda size: many(b"[1],", b"[1]", size)),
        "points of long numbers": (
            "curve.points",
            lambda size: many(b"[0.12345678901234567,-1.5],", b"[0,0]", size),
        ),
        "probes of short numbers": ("probes.distance", lambda size: many(b"0.5,", b"0", size)),
        "probes of whole numbers": ("probes.step", lambda size: many(b"1234567,", b"0", size)),
        "probes of words": ("probes.distance", lambda size: many(b'"ab",', b'"ab"', size)),
        "probes of mappings": ("probes.distance", lambda size: many(b'{"a":1},', b"{}", size)),
        "one wide letter": ("curve.x", lambda size: b'"\\ud83d\\ude00' + b"a" * size + b'"'),
        "one wide letter unescaped": ("curve.x", lambda size: '"\U0001f600'.encode() + b"a" * size + b'"'),
    }

    def made(place: str, text: Callable[[int], bytes]) -> bytes:
        sample = text(100_000)
        size = memory * len(sample) // (len(sample) + max_memory_of(sample))
        return with_text(place.partition(".")[0], within(place, text(min(size, LONG))))

    return {name: partial(made, place, text) for name, (place, text) in places.items()}


TINY_PAGES = 1_000_000
LONG = 95_000_000
"""Bytes of a text; pyarrow would read up to 100 million."""

PAGES: dict[str, Callable[[], bytes]] = {
    "a data page": lambda: parquet_file(data_page(compressed_zeros(GIGABYTES), GIGABYTES)),
    "a data page of as many values": lambda: parquet_file(data_page(compressed_zeros(GIGABYTES), GIGABYTES, GIGABYTES // 8)),
    "a page of more values than rows": lambda: parquet_file(data_page(b"", 0, GIGABYTES, RLE_DICTIONARY)),
    "a dictionary page": lambda: parquet_file(dictionary_page(compressed_zeros(GIGABYTES), GIGABYTES, ROWS) + sound_page()),
    "a dictionary of many values": lambda: parquet_file(dictionary_page(b"", 160, GIGABYTES) + sound_page()),
    "a page of version 2": lambda: parquet_file(data_page_v2(compressed_zeros(GIGABYTES), GIGABYTES)),
    "an index page": lambda: parquet_file(header(PAGE, {1: INDEX, 2: GIGABYTES, 3: 0}) * 1000 + sound_page()),
    "a delta encoding": lambda: parquet_file(data_page(b"\x80\x01" * 30, 60, encoding=DELTA), codec=UNCOMPRESSED),
    "a million pages": lambda: parquet_file(data_page(b"", 0, 1) * TINY_PAGES, codec=UNCOMPRESSED, rows=TINY_PAGES),
    "a million dictionaries": lambda: parquet_file(dictionary_page(b"", 0, 0) * TINY_PAGES + sound_page()),
    "pages of no rows": lambda: parquet_file(data_page(b"", 0, 0) * TINY_PAGES + sound_page()),
    **{
        f"codec {codec}": partial(lambda codec: parquet_file(data_page(other_zeros(codec), GIGABYTES), codec=codec), codec)
        for codec in range(9)
    },
}
FOOTERS: dict[str, Callable[[], bytes]] = {
    "a schema of a million columns": partial(with_list, 2, header(SCHEMA_ELEMENT, {1: 2, 3: 0, 4: b"x"})),
    "a schema 100,000 deep": partial(nested_schema, 100_000),
    "a million row groups": partial(with_list, 4, header(ROW_GROUP, {2: 0, 3: 0})),
    "a million texts": partial(with_list, 5, header({1: BINARY}, {1: b""})),
    "a list of 2 billion structs": partial(claimed_list, 2, STRUCT),
    "a list of 2 billion texts": partial(claimed_list, 5, BINARY),
    "an unknown list of 2 billion numbers": partial(claimed_list, 13, I64),
    "structs a million deep": lambda: with_footer(MAGIC, b"\xdc" + b"\x1c" * 10**6),
    "rows beyond all numbers": lambda: parquet_file(sound_page(), rows=2**62),
    "much of Arrow's own schema": lambda: with_text("ARROW:schema", b"A" * LONG),
}
TEXTS: dict[str, Callable[[], bytes]] = {
    **long_texts(2 * MAX_RUN_MEMORY),
    "a long word": lambda: with_text("environment", json.dumps({"cpu": "x" * LONG}).encode()),
    "a long failure": lambda: with_text("failure", json.dumps({"type": "", "message": "x" * LONG, "traceback": ""}).encode()),
    "a text under an unknown key": lambda: with_text("more", many(b"[],", b"[]", LONG)),
}
BOMBS = {**PAGES, **FOOTERS, **TEXTS}
"""What no run's file is."""


def longest_curve() -> bytes:
    zeros = {name: np.zeros(MAX_STEPS, np.int64 if name == "step" else float) for name in ("step", "train_loss", "lr")}
    texts = {key: value for key, value in metadata_of_a_run().items() if key != CHECKSUM}
    about = json.loads(texts[b"curve"]) | {"planned_steps": MAX_STEPS, "points": None, "minimum": None}
    return file_of(pa.table(zeros), texts | {b"curve": json.dumps(about).encode()}, compression="zstd")


MAX_READ: dict[str, Callable[[], bytes]] = {
    **long_texts(MAX_RUN_MEMORY - 2_000_000),
    "the longest curve": longest_curve,
    "a number of a million digits": lambda: with_text("train_seconds", b"1." + b"1" * 1_000_000),
}
"""What is read to its end, whether or not it is a run then."""
