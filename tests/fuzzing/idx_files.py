"""IDX files that lie about themselves, in place of MNIST's."""

import gzip
import math
import struct
import zlib
from functools import cache

from hypothesis import strategies as st

from fuzzing.case import Case
from zdl_bench import registry

SPECS = tuple(registry.load_yaml("dataset", "mnist")["files"].values())
COMMAND = (
    "dataset=mnist", "dataset.dir=../mnist", "executor=serial", "report=false", "steps=3", "problem.hidden=[4]",
    "problem.batch_size=5", "probe.images=10", "probe.count=2",
)  # fmt: skip


def header(magic: int, shape: tuple[int, ...]) -> bytes:
    return struct.pack(f">I{len(shape)}I", magic, *shape)


@cache
def zeros(size: int) -> bytes:
    """A gzip member of so many zeros, a thousandth of its size."""
    return gzip.compress(bytes(size), 9, mtime=0)


def bomb(start: bytes, gigabytes: int) -> bytes:
    """A gzip file of a megabyte that expands to gigabytes: members are simply one behind the other."""
    return gzip.compress(start, mtime=0) + zeros(10_000_000) * (100 * gigabytes)


@cache
def whole(number: int) -> bytes:
    """A file of the right shape and no content: only its checksum is wrong."""
    shape = tuple(SPECS[number]["shape"])
    return gzip.compress(header(0x0800 + len(shape), shape) + bytes(math.prod(shape)), 1, mtime=0)


dimensions = st.sampled_from([0, 1, 10, 28, 60_000, 2**31 - 1, 2**31, 2**32 - 1])
shapes = (
    st.lists(dimensions, max_size=5).map(tuple)
    | st.sampled_from([tuple(spec["shape"]) for spec in SPECS])
    | st.just((1,) * 255)
)
magics = st.sampled_from([0x0801, 0x0803, 0x0802, 0x0804, 0x0D03, 0x08FF, 0, 2**32 - 1, 0x1F8B0800])
headers = st.builds(header, magics, shapes)
bodies = st.binary(max_size=60) | st.integers(0, 60_000).map(bytes)
gzipped = st.builds(lambda head, body: gzip.compress(head + body, 1, mtime=0), headers, bodies)


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A gzip file that is cut, or has a byte changed."""
    content = bytearray(draw(gzipped))
    place = draw(st.integers(0, len(content) - 1))
    if draw(st.booleans()):
        return bytes(content[:place])
    content[place] ^= draw(st.integers(1, 255))
    return bytes(content)


files = st.one_of(
    gzipped,
    broken(),
    st.binary(max_size=60),
    headers,  # not compressed
    st.just(b"").map(lambda _: whole(0)),
    st.builds(bomb, headers, st.sampled_from([1, 2])),
    st.builds(lambda head: gzip.compress(head, mtime=0) + b"rest", headers),
    st.builds(zlib.compress, headers),
    st.builds(lambda body: b"\x1f\x8b" + body, st.binary(max_size=30)),
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """The first file decides mostly, so it is the one that varies most."""
    names = [spec["file"] for spec in SPECS]
    one = draw(files)
    contents = dict.fromkeys(names, one) | {draw(st.sampled_from(names)): draw(files)}
    for name in draw(st.lists(st.sampled_from(names), max_size=1)):
        del contents[name]
    return Case((COMMAND,), {f"mnist/{name}": content for name, content in contents.items()})
