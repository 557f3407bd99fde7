"""Places that cannot be read: what was not asked for is passed over and said, what was asked for is one line."""

import ctypes
import os

import pytest
from conftest import SMALL, run_process
from tiny_images import CONTENT, NOBODY, assert_content, dataset_of, idx_bytes, tiny_files

from zdl_bench.datasets.cache import cache_folder, is_decoded
from zdl_bench.errors import DataError
from zdl_bench.registry import registry

LIBC = ctypes.CDLL(None)
MNIST = os.environ.get("ZDL_BENCH_DATA", "")
READS_ANYTHING = 1 << 1 | 1 << 2
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, by which root enters folders that may not be entered."""
DROP_FOR_GOOD = 24
"""PR_CAPBSET_DROP"""


@pytest.fixture
def no_privileges():
    """Root may do what its folders allow, and no more: in this thread, for the time of a test."""
    header, before = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    LIBC.capget(header, before)
    without = (ctypes.c_uint32 * 6)(*before)
    without[0] &= ~READS_ANYTHING
    LIBC.capset(header, without)
    yield
    LIBC.capset(header, before)


def drop_privileges():
    """The same for a process and all that it starts."""
    for number in (1, 2):
        LIBC.prctl(DROP_FOR_GOOD, number)


@pytest.fixture
def locked(tmp_path, no_privileges):
    """A folder that may not be entered."""
    place = tmp_path / "locked"
    place.mkdir()
    place.chmod(0)
    yield place
    place.chmod(0o700)


@pytest.fixture(params=["locked", "in a locked one", "a long name", "in a long name", "in a file"])
def unreadable(request, locked, tmp_path):
    """A folder that cannot be read, and why."""
    (tmp_path / "file").write_text("no folder")
    return {
        "locked": (locked, "Permission denied"),
        "in a locked one": (locked / "x", "Permission denied"),
        "a long name": (tmp_path / ("x" * 300), "File name too long"),
        "in a long name": (tmp_path / ("x" * 300) / "x", "File name too long"),
        "in a file": (tmp_path / "file/x", "Not a directory"),
    }[request.param]


@pytest.fixture
def nobody_s_home(monkeypatch):
    """No HOME, and a user whom the system does not know, as in a container that was started with a number."""
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR", "ZDL_BENCH_DATA"):
        monkeypatch.delenv(name, raising=False)
    if os.getuid() != 0:
        pytest.skip("only root can become somebody whom the system does not know")
    os.setresuid(54321, 0, 0)
    yield
    os.setresuid(0, 0, 0)


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """An empty cache, no ZDL_BENCH_DATA, and a mirror that refuses."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("ZDL_BENCH_DATA", raising=False)
    return "dataset.mirrors=[http://127.0.0.1:9/]"


def assert_one_line(outcome, *words):
    assert outcome.status == 2
    errors = [line for line in outcome.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, outcome.err
    assert len(outcome.err.splitlines()) <= 2, "the name of the sweep, and the error"
    for word in words:
        assert word in errors[0]
    assert len(errors[0]) < 500, "a long name is cut"


RUN = ("executor=serial", "report=false", "steps=2", *SMALL)


def test_a_folder_of_data_that_cannot_be_read_is_passed_over(offline, unreadable, tmp_path, monkeypatch):
    place, reason = unreadable
    folder = tiny_files(tmp_path / "served")
    monkeypatch.setenv("ZDL_BENCH_DATA", os.pathsep.join([str(place), str(folder)]))
    dataset = dataset_of(folder)
    assert_content(dataset.decode())
    said = [] if reason == "Not a directory" else [reason]  # what is not there is no news
    assert [one.partition(" was passed over: it cannot be read (")[2].rstrip(")") for one in dataset.passed_over] == said


def test_a_folder_of_data_that_cannot_be_read_is_told_where_there_is_no_other(offline, unreadable, tmp_path, monkeypatch):
    place, reason = unreadable
    monkeypatch.setenv("ZDL_BENCH_DATA", str(place))
    with pytest.raises(DataError) as caught:
        dataset_of(tiny_files(tmp_path / "served"), mirrors=[NOBODY]).decode()
    assert (reason in str(caught.value)) == (reason != "Not a directory")
    assert "can be reached" in str(caught.value)


def test_a_file_that_cannot_be_read_is_passed_over(offline, no_privileges, tmp_path, monkeypatch):
    folder, good = tiny_files(tmp_path / "served"), tiny_files(tmp_path / "good")
    (folder / "test_labels.gz").chmod(0)
    monkeypatch.setenv("ZDL_BENCH_DATA", os.pathsep.join([str(folder), str(good)]))
    dataset = dataset_of(good)
    assert_content(dataset.decode())
    assert "test_labels.gz cannot be read (Permission denied)" in dataset.passed_over[0]
    (folder / "copy").write_bytes(idx_bytes(CONTENT.test_labels))
    assert_content(dataset.decode())
    assert dataset.passed_over == [], "there was another file of the same content"


def test_a_damaged_file_is_passed_over(offline, tmp_path, monkeypatch):
    folder, good = tiny_files(tmp_path / "served"), tiny_files(tmp_path / "good")
    (folder / "test_labels.gz").write_bytes(b"cut")
    monkeypatch.setenv("ZDL_BENCH_DATA", os.pathsep.join([str(folder), str(good)]))
    dataset = dataset_of(good)
    assert_content(dataset.decode())
    assert "test_labels.gz is not a valid gzip file" in dataset.passed_over[0]


@pytest.mark.slow
def test_what_was_passed_over_is_said_by_a_sweep(offline, mnist, locked, monkeypatch, command, tmp_path):
    monkeypatch.setenv("ZDL_BENCH_DATA", os.pathsep.join([str(locked), MNIST]))
    outcome = command("dataset=auto", *RUN)
    assert outcome.status == 0, outcome.err
    assert outcome.err.count(f"{locked} was passed over: it cannot be read (Permission denied)") == 1
    assert "digits" not in outcome.out


@pytest.mark.slow
def test_a_folder_that_was_asked_for(offline, unreadable, command):
    place, reason = unreadable
    expected = "there is no such folder" if reason == "Not a directory" else f"it cannot be read ({reason})"
    assert_one_line(command("dataset=mnist", f"dataset.dir={place}", *RUN), "dataset.dir=", expected)
    assert_one_line(command("dataset=auto", f"dataset.dir={place}", *RUN), "dataset.dir=", expected)


@pytest.mark.slow
def test_a_cache_that_cannot_be_entered(unreadable, command, monkeypatch, tmp_path):
    place, reason = unreadable
    monkeypatch.setenv("XDG_CACHE_HOME", str(place))
    assert_one_line(command("dataset=digits", *RUN), "the cache", reason, "XDG_CACHE_HOME")
    monkeypatch.delenv("ZDL_BENCH_DATA", raising=False)
    outcome = command("dataset=mnist", "dataset.mirrors=[http://127.0.0.1:9/]", *RUN)
    assert outcome.status == 2
    assert "can be reached" in outcome.err
    assert not is_decoded(registry.dataset("mnist"))


@pytest.mark.slow
def test_a_store_that_cannot_be_entered(unreadable, command, digits):
    place, reason = unreadable
    words = ("cannot be written" if reason == "Not a directory" else "cannot be read", reason)
    assert_one_line(command("problem=bowl", "executor=serial", "report=false", "steps=2", f"results_dir={place}"), *words)
    for arguments in (("ls",), ("report",), ("verify",), ("verify", "--reference")):
        outcome = command(*arguments, "--results", str(place))
        assert_one_line(outcome, "holds no" if reason == "Not a directory" else reason)


def test_without_a_home_the_cache_has_to_be_named(nobody_s_home, command, tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"there is no home folder.*XDG_CACHE_HOME"):
        cache_folder()
    assert_one_line(command("dataset=digits", *RUN), "there is no home folder", "XDG_CACHE_HOME")
    assert not list(tmp_path.glob("~*"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert command("dataset=digits", *RUN).status == 0


def test_without_a_home_data_are_found_all_the_same(nobody_s_home, tmp_path, monkeypatch):
    folder = tiny_files(tmp_path / "served")
    monkeypatch.setenv("ZDL_BENCH_DATA", f"~/x{os.pathsep}{folder}")
    assert_content(dataset_of(folder).decode())


@pytest.mark.slow
def test_without_a_home_a_function_needs_none(nobody_s_home, command):
    outcome = command("problem=bowl", "executor=serial", "report=false", "steps=2")
    assert outcome.status == 0, outcome.err


@pytest.mark.slow
def test_a_report_in_a_home_that_may_not_be_entered(locked, tmp_path):
    environment = {key: value for key, value in os.environ.items() if key not in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
    settings = {"env": environment | {"HOME": str(locked)}, "preexec_fn": drop_privileges}
    outcome = run_process("problem=bowl", "n_jobs=1", "steps=5", cwd=tmp_path, **settings)
    assert outcome.status == 0, outcome.err
    assert "Traceback" not in outcome.err
    assert list(tmp_path.glob("results/sweeps/*/report.html"))
