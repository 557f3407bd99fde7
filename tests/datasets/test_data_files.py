"""Files of data sets as people have them: whatever they are called and packed in, the checksum of their content decides."""

import gzip
import io
import os
import shutil
import sys
import zipfile
from contextlib import contextmanager, suppress

import numpy as np
import pytest
from conftest import SMALL
from tiny_images import CONTENT, NOBODY, assert_content, dataset_of, idx_bytes, tiny_files

from zdl_bench.datasets.cache import _decoded_folder, content_hashes, ensure_decoded, load_decoded
from zdl_bench.datasets.packings import MAX_ZIP_ENTRIES, WrongChecksum
from zdl_bench.errors import DataError
from zdl_bench.registry import conf_files, registry


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("ZDL_BENCH_DATA", raising=False)


@pytest.fixture
def folder(tmp_path):
    """The files as the mirrors serve them."""
    return tiny_files(tmp_path / "served")


@pytest.fixture
def have(tmp_path):
    """The folder of somebody who has the files in another form."""
    place = tmp_path / "have"
    place.mkdir()
    return place


def write(place, name, content):
    (place / name).parent.mkdir(parents=True, exist_ok=True)
    (place / name).write_bytes(content)


def npz(arrays, compressed=True):
    """As Keras has it: x_train, y_train, x_test, y_test."""
    stream = io.BytesIO()
    names = ("x_train", "y_train", "x_test", "y_test")
    (np.savez_compressed if compressed else np.savez)(stream, **dict(zip(names, arrays, strict=True)))
    return stream.getvalue()


def zipped(files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


UNPACKED = {part: idx_bytes(array) for part, array in CONTENT._asdict().items()}
FORMS = {
    "unpacked": UNPACKED,
    "unpacked, but called .gz": {f"{part}.gz": content for part, content in UNPACKED.items()},
    "packed, but not called .gz": {part: gzip.compress(content) for part, content in UNPACKED.items()},
    "names of no meaning": {f"{number}.bin": content for number, content in enumerate(UNPACKED.values())},
    "downloaded twice": {f"{part} (1).gz": gzip.compress(content) for part, content in UNPACKED.items()},
    "names exchanged": dict(zip(UNPACKED, reversed(UNPACKED.values()), strict=True)),
    "torchvision": {f"Tiny/raw/{part}": content for part, content in UNPACKED.items()},
    "the folder in torchvision's": {f"raw/{part}": content for part, content in UNPACKED.items()},
    "beside a damaged copy": UNPACKED | {"train_images.gz": b"\x1f\x8bcut"},
    "Keras": {"tiny.npz": npz(CONTENT)},
    "Keras, not compressed": {"mnist.npz": npz(CONTENT, compressed=False)},
    "Keras, images as rows": {"x.npz": npz([array.reshape(len(array), -1).squeeze() for array in CONTENT])},
    "a ZIP archive": {"archive.zip": zipped({f"a/{part}": content for part, content in UNPACKED.items()})},
    "a ZIP archive of packed files": {"a.zip": zipped({part: gzip.compress(c) for part, c in UNPACKED.items()})},
    "a ZIP archive with everything twice": {"a.zip": zipped(UNPACKED | {f"x/{part}": c for part, c in UNPACKED.items()})},
    "two archives": {
        "train.zip": zipped({part: UNPACKED[part] for part in ("train_images", "train_labels")}),
        "test.zip": zipped({part: UNPACKED[part] for part in ("test_images", "test_labels")}),
    },
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("by", ["dir", "variable"])
def test_content_decides(folder, have, form, by, monkeypatch):
    for name, content in FORMS[form].items():
        write(have, name, content)
    if by == "variable":
        monkeypatch.setenv("ZDL_BENCH_DATA", str(have))
    assert_content(dataset_of(folder, mirrors=[NOBODY], dir=str(have) if by == "dir" else None).decode())


@pytest.mark.parametrize("form", ["downloaded twice", "Keras"])
def test_in_a_folder_full_of_other_files(folder, have, form):
    for number in range(300):
        write(have, f"{number}.txt", b"hello")
    for name, content in FORMS[form].items():
        write(have, name, content)
    assert_content(dataset_of(folder, dir=str(have)).decode())


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_a_name_that_no_file_can_have(folder, name):
    with pytest.raises(DataError, match=r"dataset\.dir=.*: it cannot be read \(.+\); name another folder"):
        dataset_of(folder, dir=name).require_location()


def test_a_file_instead_of_a_folder(folder, have):
    write(have, "tiny.npz", npz(CONTENT))
    assert_content(dataset_of(folder, dir=str(have / "tiny.npz")).decode())


def test_a_folder_of_the_home(folder, have, monkeypatch):
    monkeypatch.setenv("HOME", str(have.parent))
    monkeypatch.setenv("ZDL_BENCH_DATA", "~/have")
    for part, content in UNPACKED.items():
        write(have, part, content)
    assert_content(dataset_of(folder).decode())
    assert_content(dataset_of(folder, dir="~/have").decode())


def test_relatives_side_by_side(folder, tmp_path, monkeypatch):
    """torchvision's root, with data sets whose files have the same names and shapes."""
    for name in ("Another", "FashionTiny", "Tiny"):
        for part, array in CONTENT._asdict().items():
            write(tmp_path, f"{name}/raw/{part}", idx_bytes(array if name == "FashionTiny" else array ^ 1))
    monkeypatch.setenv("ZDL_BENCH_DATA", str(tmp_path))
    assert_content(dataset_of(folder, name="fashion_tiny").decode())
    assert_content(dataset_of(folder, name="other_name").decode())


@pytest.mark.parametrize(
    "form", ["unpacked", "packed, but not called .gz", "Keras", "a ZIP archive of packed files", "unpacked, but called .gz"]
)
def test_without_a_published_content_hash_only_the_served_files_are_taken(folder, have, form):
    for name, content in FORMS[form].items():
        write(have, name, content[:-1] + b"\x01" if content.startswith(b"\x1f\x8b") else content)
    unpublished = r"only the compressed train_images\.gz of the mirrors has a published checksum|not a valid gzip"
    with pytest.raises(DataError, match=unpublished):
        dataset_of(folder, dir=str(have), with_content=False).decode()
    with pytest.raises(DataError, match=r"compressed as the mirrors serve them"):
        dataset_of(folder, dir=str(have.parent / "cache"), with_content=False).require_location()


def test_served_files_may_have_any_name(folder, have):
    for number, path in enumerate(folder.iterdir()):
        shutil.copy(path, have / f"{number}")
    assert_content(dataset_of(folder, dir=str(have), with_content=False).decode())


def changed(array):
    other = array.copy()
    other.flat[0] ^= 1
    return other


ENDLESS = b"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999,), }\n"
BAD_ARCHIVES = {
    "other content": (npz([changed(array) for array in CONTENT]), "wrong checksum"),
    "cut": (npz(CONTENT)[:-30], "not a valid archive"),
    "objects": (npz([np.array([{}], object)] * 4), "is not a valid gzip file, and not an IDX file"),
    "one part many times": (zipped({f"{number}": UNPACKED["train_images"] for number in range(4)}), "not hold all of tiny"),
    "other arrays": (npz([array.astype(np.int64) for array in CONTENT]), "not an IDX file"),
    "part of it": (zipped({"x": UNPACKED["train_images"]}), "does not hold all of tiny"),
    "empty": (zipped({}), "there is no train_images.gz"),
    "many entries": (zipped({f"{number}": b"x" for number in range(MAX_ZIP_ENTRIES + 1)}), "more than 32 files"),
    "large": (zipped({"a": os.urandom(20_000)}), "larger than the whole data set"),
    "a bomb": (zipped({f"{number}": bytes(50_000_000) for number in range(4)}), "larger than the whole|not an IDX file"),
    "a shape beyond all memory": (zipped({"x": ENDLESS}), "holds no array of the data set"),
}


@pytest.mark.parametrize("kind", BAD_ARCHIVES)
def test_a_bad_archive_is_named(folder, have, kind):
    content, message = BAD_ARCHIVES[kind]
    write(have, "tiny.npz", content)
    with pytest.raises(DataError, match=message) as caught:
        dataset_of(folder, dir=str(have)).decode()
    assert "have" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_an_archive_with_a_password_is_named(folder, have):
    content = bytearray(zipped({"x": b"abc"}))
    for start in (b"PK\x03\x04", b"PK\x01\x02"):
        content[content.index(start) + (6 if start[2] == 3 else 8)] |= 1
    write(have, "tiny.zip", bytes(content))
    with pytest.raises(DataError, match=r"not a valid archive.*(password|encrypted)"):
        dataset_of(folder, dir=str(have)).decode()


OTHER_ARCHIVES = {
    "thesis.docx": zipped({"word/document.xml": b"<xml>"}),
    "a.zip": b"PK\x03\x04cut",
    "b.zip": zipped({"x": b"y"}),
}


@pytest.mark.parametrize("count", [1, 3])
def test_archives_of_other_things_are_in_nobodys_way(folder, have, monkeypatch, count):
    for name in list(OTHER_ARCHIVES)[:count]:
        write(have, name, OTHER_ARCHIVES[name])
    monkeypatch.setenv("ZDL_BENCH_DATA", f"{have}{os.pathsep}{folder}")
    dataset = dataset_of(folder)
    assert_content(dataset.decode())
    assert dataset.passed_over == [], "nothing of it was to be expected there"
    with pytest.raises(DataError, match=r"dataset\.dir=.*: there is no train_images\.gz; name the folder"):
        dataset_of(folder, dir=str(have)).decode()
    with pytest.raises(DataError, match=r"thesis\.docx is not a valid gzip file, and not an IDX file"):
        dataset_of(folder, dir=str(have / "thesis.docx")).decode()


def test_the_file_of_the_usual_name_is_blamed(folder, have):
    for part, content in UNPACKED.items():
        write(have, part, content)
    write(have, "a.bin", idx_bytes(changed(CONTENT.train_labels)))
    write(have, "train_labels", b"cut")
    with pytest.raises(DataError, match=r"train_labels is not a valid gzip file"):
        dataset_of(folder, dir=str(have)).decode()
    (have / "train_labels").unlink()
    with pytest.raises(DataError, match=r"a\.bin has the wrong checksum"):
        dataset_of(folder, dir=str(have)).decode()


def test_other_files_of_a_folder_do_not_matter(folder, have):
    """A pipe that nobody writes to would be waited for without end, and a folder may have the name of a file."""
    for part, content in UNPACKED.items():
        write(have, f"{part}.idx", content)
    os.mkfifo(have / "pipe.gz")
    os.mkfifo(have / "tiny")
    os.mkfifo(have / "train_images.gz")
    (have / "train_images").mkdir()
    (have / "dangling.gz").symlink_to("nowhere")
    write(have, "notes.txt", b"hello")
    write(have, "other.tar.gz", gzip.compress(os.urandom(5000)))
    assert_content(dataset_of(folder, dir=str(have)).decode())


# What is hashed is what is decoded.


class Openings:
    """Exchanges a file for another just before it is opened for the nth time."""

    def __init__(self):
        self.path, self.left, self.exchange = None, 0, None
        sys.addaudithook(self._look)  # a hook cannot be removed again

    @contextmanager
    def exchanging(self, path, other, at):
        self.path, self.left = str(path), at
        self.exchange = lambda: os.replace(other, path)
        try:
            yield
        finally:
            self.path = None

    def _look(self, event, arguments):
        if event == "open" and self.path is not None and str(arguments[0]) == self.path:
            self.left -= 1
            if self.left == 0:
                self.exchange()


@pytest.fixture(scope="module")
def openings():
    return Openings()


@pytest.mark.parametrize("at", [1, 2, 3, 4])
@pytest.mark.parametrize("with_content", [False, True])
@pytest.mark.parametrize("good_first", [False, True])
def test_a_file_that_is_exchanged_while_it_is_read(folder, tmp_path, openings, at, with_content, good_first):
    dataset = dataset_of(folder, dir=str(folder), with_content=with_content)
    path, other = folder / "train_images.gz", tmp_path / "other"
    other.write_bytes(gzip.compress(idx_bytes(changed(CONTENT.train_images)), mtime=0))
    if not good_first:
        os.rename(path, tmp_path / "good")
        os.rename(other, path)
        other = tmp_path / "good"
    with openings.exchanging(path, other, at), suppress(WrongChecksum):
        assert_content(dataset.decode())


@pytest.mark.parametrize("at", range(1, 10))
@pytest.mark.parametrize("use", [ensure_decoded, load_decoded])
def test_an_array_of_the_cache_that_is_exchanged_while_it_is_read(folder, tmp_path, openings, at, use):
    dataset = dataset_of(folder, dir=str(folder))
    ensure_decoded(dataset)
    dataset.dir = None
    path, other = _decoded_folder(dataset) / "train_images.npy", tmp_path / "other.npy"
    path.touch()  # as after an exchange: it has to be read again
    np.save(other, changed(np.load(path)))
    with openings.exchanging(path, other, at), suppress(DataError):
        use(dataset)
        assert_content(load_decoded(dataset))
    with suppress(DataError):
        assert_content(load_decoded(dataset))


def test_arrays_are_mapped_and_hashed_once_in_a_process(folder):
    dataset = dataset_of(folder, dir=str(folder))
    ensure_decoded(dataset)
    first = load_decoded(dataset)
    assert all(one is other for one, other in zip(first, load_decoded(dataset), strict=True))
    (_decoded_folder(dataset) / "test_labels.npy").touch()
    assert load_decoded(dataset).test_labels is not first.test_labels


def test_an_array_that_was_changed_after_the_check_is_not_trained_on(folder):
    dataset = dataset_of(folder, dir=str(folder))
    ensure_decoded(dataset)
    path = _decoded_folder(dataset) / "train_images.npy"
    other = path.with_name("other.npy")
    np.save(other, changed(np.load(path)))
    os.replace(other, path)
    with pytest.raises(DataError, match=r"the cached arrays in .* have changed; start the command again"):
        load_decoded(dataset)
    ensure_decoded(dataset)
    assert_content(load_decoded(dataset))


# The real MNIST.


def mnist_forms(arrays):
    """File name → content, of MNIST as Keras, torchvision and others have it."""
    images = [array.reshape(-1, 28, 28) if array.ndim == 2 else array for array in arrays]
    files = [spec["file"].removesuffix(".gz") for spec in conf_files.load_yaml("dataset", "mnist")["files"].values()]
    unpacked = dict(zip(files, map(idx_bytes, images), strict=True))
    return {
        "Keras": {"mnist.npz": npz(images, compressed=False)},
        "torchvision": {f"MNIST/raw/{name}": content for name, content in unpacked.items()},
        "names with a dot": {name.replace("-idx", ".idx"): content for name, content in unpacked.items()},
        "unpacked, but called .gz": {f"{name}.gz": content for name, content in unpacked.items()},
    }


@pytest.fixture(scope="module")
def mnist_arrays(mnist):
    return load_decoded(mnist)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["Keras", "torchvision", "names with a dot", "unpacked, but called .gz"])
def test_mnist_as_people_have_it(mnist_arrays, have, form):
    for name, content in mnist_forms(mnist_arrays)[form].items():
        write(have, name, content)
    dataset = registry.dataset("mnist", {"dir": str(have)})
    assert content_hashes(dataset.decode()) == content_hashes(mnist_arrays)
    assert dataset.checksum == registry.dataset("mnist").checksum


@pytest.mark.slow
def test_a_run_on_the_mnist_of_keras(mnist_arrays, have, command):
    write(have, "mnist.npz", mnist_forms(mnist_arrays)["Keras"]["mnist.npz"])
    arguments = ("dataset=mnist", f"dataset.dir={have}", "executor=serial", "report=false", "steps=5", *SMALL)
    outcome = command(*arguments)
    assert outcome.status == 0, outcome.err
