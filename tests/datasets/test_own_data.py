"""A user's own data: what is read, what is refused, and that runs depend on the content alone."""

import io
import shutil
import struct
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from own_files import FEATURES, LABELS, NUMBERS, PIXELS, csv, idx_folder, npz

from zdl_bench import load_results
from zdl_bench.datasets import own_arrays
from zdl_bench.datasets.cache import cache_folder, load_decoded
from zdl_bench.errors import DataError, ZdlBenchError
from zdl_bench.registry import registry
from zdl_bench.run.config import CLASSES
from zdl_bench.run.config import NUMBERS as TO_PREDICT

QUICK = ("executor=serial", "report=false", "steps=20", "problem.hidden=[8]", "probe.count=10", "problem.init=he")


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    """What other tests have read is not remembered here."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def opened(name, path, predicts=CLASSES, validation_size=10, **settings):
    dataset = registry.dataset(name, {"path": str(path), **settings})
    dataset.open(predicts)
    values = dataset.keep(validation_size)
    return dataset, values, load_decoded(dataset)


def test_labels_of_any_integers_become_classes_in_ascending_order(tmp_path):
    _, _, arrays = opened("npz", npz(tmp_path / "a.npz", x=FEATURES, y=LABELS))
    assert [len(one) for one in arrays] == [48, 48, 12, 12]
    rows = {tuple(row): label for row, label in zip(FEATURES.tolist(), LABELS, strict=True)}
    classes = {-7: 0, 5: 1, 12: 2}
    for images, labels in (arrays[:2], arrays[2:]):
        assert images.dtype == np.float32
        assert [classes[rows[tuple(row)]] for row in images.tolist()] == labels.tolist()


@pytest.mark.parametrize(
    "names", [("x_train", "y_train", "x_test", "y_test"), ("train_images", "train_labels", "test_images", "test_labels")]
)
def test_a_test_set_in_the_file_is_the_test_set(tmp_path, names):
    given = dict(zip(names, (PIXELS[:40], LABELS[:40], PIXELS[40:], LABELS[40:]), strict=True))
    _, values, arrays = opened("npz", npz(tmp_path / "a.npz", **given))
    assert values["test_share"] is None
    assert np.array_equal(arrays.test_images, PIXELS[40:].reshape(20, -1))
    assert arrays.train_images.dtype == np.uint8
    assert sorted(map(tuple, arrays.train_images.tolist())) == sorted(map(tuple, PIXELS[:40].reshape(40, -1).tolist()))
    assert not np.array_equal(arrays.train_images, PIXELS[:40].reshape(40, -1))  # in a random order


@pytest.mark.parametrize("names", [("x", "y"), ("X", "Y"), ("images", "labels")])
def test_usual_names_are_found(tmp_path, names):
    _, _, arrays = opened("npz", npz(tmp_path / "a.npz", **dict(zip(names, (PIXELS, LABELS), strict=True)), more=LABELS))
    assert arrays.train_images.shape == (48, 16)


def test_the_same_content_is_the_same_data(tmp_path):
    """Another path, packing and order of arrays are no other data. Another number, split or scale is."""
    first = opened("npz", npz(tmp_path / "a.npz", x=FEATURES, y=LABELS))[1]
    np.savez_compressed(tmp_path / "b.npz", y=LABELS.astype(np.int16), x=FEATURES.astype(np.float64))
    assert opened("npz", tmp_path / "b.npz")[1] == first
    changed = FEATURES.copy()
    changed[7, 1] += 1e-3
    assert opened("npz", npz(tmp_path / "a.npz", x=changed, y=LABELS))[1]["checksum"] != first["checksum"]
    for keys in ({"split_seed": 1}, {"standardize": True}, {"test_share": 0.3}):
        other = opened("npz", tmp_path / "b.npz", **keys)[1]
        assert other != first
        assert other["checksum"] == first["checksum"]


def test_a_csv_file_has_the_features_and_labels_of_the_same_npz(tmp_path):
    ours, theirs = opened("csv", csv(tmp_path / "a.csv"))[2], opened("npz", npz(tmp_path / "a.npz", x=FEATURES, y=LABELS))[2]
    for one, other in zip(ours, theirs, strict=True):
        assert np.array_equal(one, other)


def test_a_csv_label_can_be_any_column(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("kind, size\n" + "\n".join(f"{n % 2},{n}.5" for n in range(20)) + "\n")
    _, _, arrays = opened("csv", path, validation_size=2, label="kind")
    assert np.array_equal(arrays.train_labels, (arrays.train_images[:, 0] - 0.5) % 2)


@pytest.mark.parametrize("has_test", [True, False])
def test_a_folder_of_idx_files(tmp_path, has_test):
    _, _, arrays = opened("idx", idx_folder(tmp_path / "f", has_test), validation_size=5)
    assert arrays.train_images.shape == (45 if has_test else 48, 16)
    assert set(arrays.train_labels) == {0, 1, 2}
    if has_test:
        assert np.array_equal(arrays.test_images, PIXELS[45:].reshape(15, -1))


def test_idx_files_of_floats(tmp_path):
    folder = idx_folder(tmp_path / "f", test=False)
    content = struct.pack(">HBB2I", 0, 0x0D, 2, *FEATURES.shape) + FEATURES.astype(">f4").tobytes()
    (folder / "train-images-idx3-ubyte").write_bytes(content)
    _, _, arrays = opened("idx", folder)
    assert {tuple(row) for row in arrays.train_images.tolist()} < {tuple(row) for row in FEATURES.tolist()}


@pytest.mark.parametrize("predicts", [CLASSES, TO_PREDICT])
def test_standardized_by_the_training_examples_alone(tmp_path, predicts):
    x = np.column_stack([FEATURES * 50 + 7, np.full(60, 3.0)])
    y = LABELS if predicts == CLASSES else NUMBERS
    plain = opened("npz", npz(tmp_path / "a.npz", x=x, y=y), predicts)[2]
    scaled = opened("npz", tmp_path / "a.npz", predicts, standardize=True)[2]
    train = plain.train_images[:38].astype(float)  # the last 10 of 48 validate
    sd = train.std(axis=0)
    sd[3] = 1
    for ours, unscaled in ((scaled.train_images, plain.train_images), (scaled.test_images, plain.test_images)):
        assert ours == pytest.approx((unscaled - train.mean(axis=0)) / sd, rel=1e-5, abs=1e-5)
    assert not scaled.train_images[:, 3].any()
    if predicts == TO_PREDICT:
        assert scaled.train_labels[:38].mean() == pytest.approx(0, abs=1e-5)
        assert scaled.train_labels[:38].std() == pytest.approx(1, rel=1e-5)
    else:
        assert np.array_equal(scaled.train_labels, plain.train_labels)


def test_numbers_to_predict_may_be_vectors(tmp_path):
    y = np.column_stack([NUMBERS, FEATURES[:, 0]])
    _, _, arrays = opened("npz", npz(tmp_path / "a.npz", x=FEATURES, y=y), TO_PREDICT)
    assert arrays.train_labels.shape == (48, 2)
    assert arrays.train_labels.dtype == np.float32


HOLE, INFINITE, HUGE = FEATURES.copy(), FEATURES.copy(), FEATURES.astype(float)
HOLE[3, 1], INFINITE[0, 2], HUGE[5, 0] = np.nan, np.inf, 1e300
OBJECTS = np.array([{}] * 60, dtype=object)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": HOLE, "y": LABELS}, r"x holds nan \(row 4, column 2\); fill in"),
        ({"x": INFINITE, "y": LABELS}, r"x holds inf \(row 1, column 3\)"),
        ({"x": HUGE, "y": LABELS}, r"x holds 1e\+300 \(row 6, column 1\).*float32"),
        ({"x": FEATURES, "y": OBJECTS}, "y holds Python objects"),
        ({"x": FEATURES, "y": LABELS.astype(str)}, "y holds <U.*not numbers"),
        ({"x": FEATURES, "y": LABELS[:-1]}, "x has 60 rows, but .*y has 59"),
        ({"x": FEATURES, "y": np.zeros(60, int)}, "all labels are 0.*at least two classes"),
        ({"x": np.arange(600.0).reshape(300, 2), "y": np.arange(300)}, "300 different labels.*at most 256.*problem.loss=mse"),
        ({"x": FEATURES, "y": NUMBERS}, r"y holds 1\d\d\.\d+ \(row 1\).*problem.loss=mse"),
        ({"x": FEATURES, "y": np.eye(60)[:, :3]}, "not one-hot"),
        ({"x": FEATURES[:, 0], "y": LABELS}, r"x has the shape \(60,\)"),
        ({"x": FEATURES[:0], "y": LABELS[:0]}, r"x has the shape \(0, 3\)"),
        ({"x": FEATURES[:2], "y": LABELS[:2]}, "2 examples are too few"),
        ({"inputs": FEATURES, "answers": LABELS}, "found the arrays inputs, answers; name them x_train, y_train.* or x, y or"),
        ({"x_train": FEATURES, "y_train": LABELS, "x_test": FEATURES[:, :2], "y_test": LABELS}, "same columns"),
        ({"x": FEATURES + 1j, "y": LABELS}, "x holds complex64, not numbers"),
    ],
)
def test_arrays_that_no_network_can_learn_from_are_refused(tmp_path, arrays, words):
    npz(tmp_path / "a.npz", **arrays)
    with pytest.raises(ZdlBenchError, match=words):
        opened("npz", tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "this file is empty"),
        ("a,y\n", "no row below the header"),
        ("a,y\n1,0\n,1\n2,0\n", "the column a has no value in row 2"),
        ("a,y\n1,0\nred,1\n", "the column a holds red, not a number"),
        ("1,0\n2,1\n3,0\n", "the first line holds numbers; put a line with the names"),
        ("a;y\n1;0\n", "separate at least two columns by commas"),
        (",a,y\n0,1,0\n1,2,1\n", "the first column has no name.*index=False"),
        ("a,y\n1,0\n1,2,3\n", r"not a CSV file \(CSV parse error: Expected 2 columns, got 3"),
        ("a,y\n1,0\n2,\xe9\n".encode("latin-1"), "the column y holds \ufffd, not a number"),
        ("a,y, y\n1,0,1\n2,1,0\n", "two columns have the name y; give each a name of its own"),
        ("y,a ,a\n1,0,1\n2,1,0\n", "two columns have the name a"),
        ("y, ,a,  \n1,0,1,2\n2,1,0,2\n", "two columns have no name; give each a name of its own"),
        ("a,\xe9\n1,0\n2,3\n".encode("latin-1"), "not a CSV file"),
        ("a" + "," * 70_000 + "\n1\n", "more than 65,535 columns"),
    ],
)
def test_csv_files_that_cannot_be_used_are_refused(tmp_path, content, words):
    path = tmp_path / "a.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ZdlBenchError, match=words):
        opened("csv", path)


def test_a_pickle_in_an_archive_is_not_read(tmp_path, monkeypatch):
    """Not even if the header denies it."""
    stream = io.BytesIO()
    np.save(stream, OBJECTS)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", stream.getvalue())
        archive.writestr("y.npy", stream.getvalue())
    monkeypatch.setattr("pickle.load", lambda *_: pytest.fail("a pickle was read"))
    with pytest.raises(ZdlBenchError, match="Python objects"):
        opened("npz", tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((2**40, 4), "takes more than 1,024 MiB"),
        ((2**62, 4), "takes more than 1,024 MiB"),
        ((10**200, 10**200), "takes more than 1,024 MiB"),
        ((0, 2**70), "not a NumPy archive"),
        ((-1, 4), "not a NumPy archive"),
        ((-(2**70), 4), "not a NumPy archive"),
    ],
)
def test_the_size_that_an_archive_claims_is_checked_before_memory_is_taken(tmp_path, shape, words):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", header.getvalue())
        archive.writestr("y.npy", header.getvalue())
    with pytest.raises(DataError, match=words):
        opened("npz", tmp_path / "a.npz")


def test_sizes_of_files_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(own_arrays, "MAX_DATA_BYTES", 500)
    for name, path in (("csv", csv(tmp_path / "a.csv")), ("npz", npz(tmp_path / "b.npz", x=FEATURES, y=LABELS))):
        with pytest.raises(ZdlBenchError, match="takes more than 0 MiB; give fewer examples"):
            opened(name, path)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / "train-labels-idx1-ubyte.gz").unlink(), "expected one file each like train-images"),
        (lambda folder: (folder / "t10k-images-idx3-ubyte").write_bytes(b"GIF89a.."), "this is not an IDX file"),
        (
            lambda folder: (folder / "t10k-images-idx3-ubyte").write_bytes(b"\x00\x00\x08\x01\x00\x00\x00\x09ab"),
            "9 bytes, but 2 follow",
        ),
        (lambda folder: (folder / "train-images-idx3-ubyte").write_bytes(b"\x1f\x8b\x08broken"), "not an IDX file"),
        (lambda folder: (folder / "train-images-idx1-ubyte.gz").write_bytes(b""), "expected one file each"),
    ],
)
def test_idx_files_that_cannot_be_used_are_refused(tmp_path, damage, words):
    damage(idx_folder(tmp_path / "f"))
    with pytest.raises(ZdlBenchError, match=words):
        opened("idx", tmp_path / "f")


VALID = {"npz": lambda path: npz(path, x=FEATURES, y=LABELS), "csv": csv, "idx": idx_folder}


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([*VALID]), st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=6)), min_size=1, max_size=4))
def test_damaged_files_are_read_or_refused_and_nothing_else(tmp_path_factory, name, damages):
    path = VALID[name](tmp_path_factory.mktemp("own") / "data")
    path = path if path.exists() else path.with_suffix(".npz")  # NumPy adds it
    file = path / "train-images-idx3-ubyte" if path.is_dir() else path
    content = bytearray(file.read_bytes())
    for share, patch in damages:
        place = int(share * len(content))
        content[place : place + len(patch)] = patch
    file.write_bytes(content)
    with suppress(ZdlBenchError):
        opened(name, path)


@pytest.mark.slow
def test_the_whole_way_without_a_test_set(command, tmp_path):
    """Default sizes shrink, once and said; the same data at another path are the same run; the rest follows the content."""
    csv(tmp_path / "a.csv")
    first = command("dataset=csv", "dataset.path=a.csv", *QUICK)
    assert first.status == 0, first.err
    assert "dataset.path=a.csv: 3 features, 3 classes; 39 to train, 9 to validate, 12 to test; checksum " in first.err
    assert "dataset=csv: problem.batch_size=39: the default 100 is more than all examples for training" in first.err
    assert first.err.count("probe.images=39: the default 500") == 1
    (tmp_path / "there").mkdir()
    (tmp_path / "a.csv").rename(tmp_path / "there/b.csv")
    again = command("dataset=csv", "dataset.path=there/b.csv", *QUICK)
    assert "all in the store, nothing to train" in again.err
    changed = LABELS.copy()
    changed[0] = 5 if changed[0] != 5 else 12
    csv(tmp_path / "there/b.csv", changed)
    verified = command("verify")
    assert verified.status == 0, verified.err
    assert "1 same bits" in verified.out
    assert "there/b.csv has changed since these runs were planned; these runs use the copy in the cache" in verified.err
    edited = command("dataset=csv", "dataset.path=there/b.csv", *QUICK)
    assert "the file has changed since it was last read" in edited.err
    assert "1 run, 1 to train" in edited.err
    runs = load_results("results").runs
    assert len(runs) == 2
    assert runs["dataset.checksum"].nunique() == 2
    assert runs["test_images"].tolist() == [12, 12]
    assert runs["test_accuracy"].notna().all()
    assert not [column for column in runs if column.startswith("steps_to_")]


@pytest.mark.slow
def test_data_that_are_gone_are_named_by_verify(command, tmp_path):
    npz(tmp_path / "a.npz", x=PIXELS, y=LABELS)
    assert command("dataset=npz", "dataset.path=a.npz", *QUICK).status == 0
    (tmp_path / "a.npz").unlink()
    outcome = command("verify")
    assert (outcome.status, "a.npz: this file cannot be read" in outcome.err) == (0, True)
    shutil.rmtree(cache_folder() / "decoded")
    outcome = command("verify")
    assert outcome.status == 2
    assert "cannot be trained here (dataset=npz: the data with the checksum" in outcome.out
    assert "run the command of the sweep again with dataset.path=FILE" in outcome.out
    gone = command("dataset=npz", "dataset.path=a.npz", *QUICK)
    assert gone.status == 2
    assert "a.npz: this file cannot be read (No such file or directory); check dataset.path" in gone.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["dataset=npz"], "dataset=npz: the data are missing; name them with dataset.path=FILE"),
        (["dataset=npz", "dataset.path=a.csv"], "this is not a NumPy archive"),
        (
            ["dataset=csv", "dataset.path=a.csv", "dataset.label=z"],
            "dataset.label=z: there is no such column; name one of a, b, c, y",
        ),
        (["dataset=csv", "dataset.path=a.csv", "dataset.test_share=2"], "dataset.test_share=2.0: give the share"),
        (["dataset=csv", "dataset.path=a.csv", "dataset.split_seed=x"], "dataset.split_seed=x: give an integer"),
        (["dataset=csv", "dataset.path=a.csv", "dataset.validation_size=60"], "dataset.validation_size=60"),
        (
            ["dataset=csv", "dataset.path=a.csv", "problem.batch_size=99"],
            "problem.batch_size=99: the training set has 39 images",
        ),
        (["dataset=csv", "dataset.path=a.csv", "probe.images=99"], "probe.images=99: the training set has only 39"),
        (["dataset=digits", "problem.loss=mse"], "dataset=digits: its labels are classes"),
        (["dataset=idx", "dataset.path=a.csv"], "this folder cannot be read (Not a directory)"),
    ],
)
def test_wrong_input_is_one_line_and_nothing_is_trained(command, tmp_path, arguments, words):
    csv(tmp_path / "a.csv")
    outcome = command(*arguments, *QUICK)
    assert outcome.status == 2
    assert words in outcome.err
    assert "Traceback" not in outcome.err
    assert not (tmp_path / "results").exists()


@pytest.mark.slow
def test_splits_can_be_swept(command, tmp_path):
    csv(tmp_path / "a.csv")
    outcome = command("-m", "dataset=csv", "dataset.path=a.csv", "dataset.split_seed=0,1", "dataset.validation_size=5", *QUICK)
    assert outcome.status == 0, outcome.err
    runs = load_results("results").runs
    assert sorted(runs["dataset.split_seed"]) == [0, 1]
    assert runs["digest"].nunique() == 2
    assert "dataset.split_seed" in outcome.out
