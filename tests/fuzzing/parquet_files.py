"""Stored runs with hostile content: cut, changed, or made anew with the checksum that belongs to what they say now."""

import io
import json
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from fuzzing.bombs import BOMBS, FOOTERS, PAGES, many, with_text, within
from fuzzing.case import LOAD_RESULTS, Case
from fuzzing.overrides import TINY
from fuzzing.stored import as_metadata, columns_of, file_of, id_of, manifest_of, manifest_place, run_place, sound_runs, texts_of
from fuzzing.structures import changed, deep_texts, scalars, structures
from zdl_bench.store.encoding import encode

SWEEP_AGAIN = ("-m", *TINY, "name=mine", "optimizer=sgd,momentum", "seed=0,1")


@cache
def sound_file(number: int) -> bytes:
    table = encode(sound_runs()[number])
    return file_of(table, {key: text for key, text in table.schema.metadata.items() if key != b"checksum"}, compression="zstd")


@cache
def expanding(rows: int) -> bytes:
    """A few kilobytes that stand for gigabytes: one value, so many times, by its dictionary."""
    piece = 2**22
    schema = pa.schema([("step", pa.int64()), ("train_loss", pa.float64()), ("lr", pa.float64())])
    zeros = pa.table([np.zeros(piece, field.type.to_pandas_dtype()) for field in schema], schema=schema)
    stream = io.BytesIO()
    with pq.ParquetWriter(stream, schema, compression="zstd", store_schema=False, write_statistics=False) as writer:
        for _ in range(rows // piece):
            writer.write_table(zeros, row_group_size=piece)
        writer.add_key_value_metadata(encode(sound_runs()[0]).schema.metadata)
    return stream.getvalue()


@cache
def bomb(name: str) -> bytes:
    return BOMBS[name]()


def with_texts(texts: dict[str, Any], columns: dict[str, Any]) -> bytes | None:
    """The file of a run that says so; None where even the file cannot say it."""
    try:
        return file_of(pa.table(columns), as_metadata(texts), compression="zstd")
    except (pa.ArrowException, ValueError, TypeError, OverflowError, RecursionError, UnicodeEncodeError):
        return None


numbers = st.sampled_from(
    [0, 1, -1, 2**63 - 1, 2**53, 2**53 + 1, 1e308, float("nan"), float("inf"), -float("inf"), None, 1e-320]
)
columns = st.one_of(
    st.dictionaries(
        st.sampled_from(["step", "train_loss", "lr", "x", ""]),
        st.lists(numbers, min_size=6, max_size=6).map(lambda v: np.array(v, float)),
        max_size=4,
    ),
    st.dictionaries(
        st.sampled_from(["step", "train_loss", "lr"]),
        st.sampled_from([["a"] * 6, [None] * 6, [[1.0]] * 6, [b"x"] * 6, [True] * 6, [{"a": 1}] * 6]),
        min_size=1,
    ),
)

DEEP = deep_texts(40, 60, 300, 900, 1000, 3000, 100_000)


@st.composite
def changed_texts(draw: st.DrawFn) -> dict[str, Any]:
    texts = texts_of(draw(st.sampled_from(sound_runs())))
    part = draw(st.sampled_from([None, "config", "curve", "probes", "end", "environment", "probes", "curve", "config"]))
    inner = structures | numbers | st.lists(numbers, max_size=8)
    if part is None:
        return draw(changed(inner, texts))
    return texts | {part: draw(changed(inner, texts[part]))}


@st.composite
def files(draw: st.DrawFn) -> tuple[str, bytes]:
    """The id under which a file is found, and its content."""
    number = draw(st.integers(0, 3))
    run = sound_runs()[number]
    texts, kind = texts_of(run), draw(st.integers(0, 21))
    content: bytes | None = None
    if kind < 9:
        texts = draw(changed_texts())
        content = with_texts(texts, columns_of(run))
    elif kind < 12:
        content = with_texts(texts, columns_of(run) | draw(columns))
    elif kind == 12:
        name, deep = draw(st.sampled_from(sorted(texts))), draw(DEEP)
        content = file_of(encode(run), as_metadata(texts) | {name.encode(): deep.encode()})
    elif kind == 13:
        content = draw(
            st.one_of(st.just(""), st.sampled_from([*PAGES, *FOOTERS])).map(
                lambda name: bomb(name) if name else expanding(2**26)
            )
        )
    elif kind == 14:
        content = draw(st.binary(max_size=100))
    elif kind == 15:  # beside runs of the same optimizer, learning rate and seed
        group = draw(st.sampled_from(["optimizer", "problem", "schedule"]))
        texts["config"][group] |= {draw(st.sampled_from(["more", "engine", "lr"])): draw(scalars)}
        content = with_texts(texts, columns_of(run))
    elif kind == 16:  # JSON of many values, up to what is just read
        key, piece = draw(st.sampled_from([("curve.points", b"[],"), ("curve.points", b"[1],"), ("probes.step", b"1,")]))
        text = many(piece, b"0", draw(st.sampled_from([1_000, 1_000_000, 20_000_000])))
        content = with_text(key.partition(".")[0], within(key, text))
    elif kind < 19:
        content = sound_file(number)[: draw(st.integers(0, len(sound_file(number))))]
    else:
        flipped = bytearray(sound_file(number))
        for _ in range(draw(st.integers(1, 3))):
            flipped[draw(st.integers(0, len(flipped) - 1))] ^= draw(st.integers(1, 255))
        content = bytes(flipped)
    return id_of(texts, run.run_id), content if content is not None else sound_file(number)


COMMANDS: tuple[tuple[str, ...], ...] = (("ls",), (LOAD_RESULTS,), (LOAD_RESULTS, "mine"))
SLOW: tuple[tuple[str, ...], ...] = (("report",), ("verify", "--runs", "1"))
"""A report and a pool of processes take a second or two, so they come rarely."""


@st.composite
def cases(draw: st.DrawFn) -> Case:
    found = dict(draw(st.lists(files(), min_size=1, max_size=2)))
    beside = {run.run_id: sound_file(number) for number, run in enumerate(sound_runs()[: draw(st.integers(0, 2))])}
    runs = beside | found
    manifest = json.dumps(manifest_of(list(runs))).encode()
    commands = [draw(st.sampled_from(COMMANDS)), *([draw(st.sampled_from(SLOW))] if draw(st.integers(0, 11)) == 0 else [])]
    return Case(
        tuple(commands), {run_place(run_id): content for run_id, content in runs.items()} | {manifest_place(): manifest}
    )
