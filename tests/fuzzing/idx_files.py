"""Files that lie about themselves, in place of MNIST's, whatever they are packed in; and settings that lead to none."""

import gzip
import io
import math
import struct
import zipfile
import zlib
from functools import cache

from hypothesis import strategies as st

from fuzzing.case import Case
from zdl_bench.registry import conf_files

SPECS = tuple(conf_files.load_yaml("dataset", "mnist")["files"].values())
NETWORK = (
    "dataset=mnist", "executor=serial", "report=false", "steps=3", "problem.hidden=[4]", "problem.batch_size=5",
    "probe.images=10", "probe.count=2",
)  # fmt: skip
DIR, MIRRORS = "dataset.dir=../mnist", "dataset.mirrors=[http://127.0.0.1:9/]"


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


def npy(about: str, version: bytes, body: bytes) -> bytes:
    """A NumPy array with whatever its head says."""
    return b"\x93NUMPY" + version + struct.pack("<H", len(about) + 1) + about.encode() + b"\n" + body


heads = st.sampled_from(
    [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (60000, 28, 28), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999,), }",
        "{'descr': '|u1', 'fortran_order': True, 'shape': (60000,), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (4,), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': __import__('os').system('touch x'), }",
        "[" * 900,
        "",
    ]
)
arrays = st.builds(npy, heads, st.sampled_from([b"\x01\x00", b"\x02\x00", b"\x09\x00", b""]), bodies)


def archive(members: list[tuple[str, bytes]], method: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as zipped:
        for number, (name, content) in enumerate(members):
            zipped.writestr(f"{number}{name}", content)
    return stream.getvalue()


methods = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
members = st.tuples(st.sampled_from(["x_train.npy", "a/../../x", "", "ü", "x" * 300]), files | arrays)
archives = st.builds(archive, st.lists(members, max_size=5), methods)


@cache
def bomb_of_archives(count: int) -> bytes:
    """So many times the images of the right shape, and then zeros beyond it: a thousandth of its size."""
    images = gzip.decompress(whole(0))
    return archive(
        [("x", images + bytes(3_000_000_000 // count - len(images) if count < 30 else 1))] * count, zipfile.ZIP_DEFLATED
    )


@st.composite
def broken_archives(draw: st.DrawFn) -> bytes:
    """An archive that is cut, or has a few bytes changed, most of them in what it says of its files."""
    content = bytearray(draw(archives))
    if draw(st.integers(0, 3)) == 0:
        return bytes(content[: draw(st.integers(0, len(content) - 1))])
    for _ in range(draw(st.integers(1, 4))):
        content[-1 - draw(st.integers(0, min(200, len(content) - 1)))] = draw(st.integers(0, 255))
    return bytes(content)


packed = st.one_of(
    archives,
    broken_archives(),
    broken_archives(),
    arrays,
    st.sampled_from([10, 30]).map(bomb_of_archives),
    st.just(10_000).map(lambda count: archive([("x", b"")] * count, zipfile.ZIP_STORED)),
)

NAMES = tuple(spec["file"] for spec in SPECS)
OTHER_NAMES = ("mnist.npz", "train-images.idx3-ubyte", "raw/train-images-idx3-ubyte", "MNIST/raw/a", "mnist/x.gz", "x" * 200)
VALUES_IN_A_ROW = (
    "2024 1.5 true null [] [1] [/a,/b] {a:1} ../mnist/nowhere ../mnist/mnist.npz /etc/passwd/x ~nobody/x ~ . '' abc "
    "http://127.0.0.1:9 [http://127.0.0.1:9] [http://127.0.0.1:99999/] [file:///etc/] [abc] [[]] [3] ['http://a b/'] "
    "['http://['] ['http://'] [https://127.0.0.1:9/] 1e400 -1 60000 59999 99999999999999999999 'a\\0b'"
)
VALUES = (
    *VALUES_IN_A_ROW.split(),
    "x" * 300,
    "x/" * 3000,
    f"[http://{'a' * 300}/]",
    f"[{','.join(['http://127.0.0.1:9/'] * 50)}]",
)
settings = st.builds(
    lambda key, value: f"dataset.{key}={value}", st.sampled_from(["dir", "mirrors", "validation_size"]), st.sampled_from(VALUES)
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """The first file decides mostly, so it is the one that varies most."""
    if draw(st.integers(0, 3)) == 0:
        given = draw(settings)
        others = [key for key in (DIR, MIRRORS) if key.partition("=")[0] != given.partition("=")[0]]
        return Case(((*NETWORK, *(others if "mirrors" not in given else []), given),))
    one = draw(files)
    contents = dict.fromkeys(NAMES, one) | {draw(st.sampled_from(NAMES)): draw(files)}
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=1)):
        del contents[name]
    for name in draw(st.lists(st.sampled_from(OTHER_NAMES), max_size=2, unique=True)):
        contents[name] = draw(packed)
    if draw(st.booleans()):
        contents = {name: content for name, content in contents.items() if name not in NAMES}
    return Case(((*NETWORK, DIR, MIRRORS),), {f"mnist/{name}": content for name, content in contents.items()})
