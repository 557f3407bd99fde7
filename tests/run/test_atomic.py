"""Drafts: in place whole or not at all; abandoned ones go, those of the living stay."""

import subprocess
import sys

import pytest

from zdl_bench.run.atomic import DRAFTS, draft_file, draft_folder, remove_abandoned


def test_a_file_is_there_when_the_block_has_ended(tmp_path):
    path = tmp_path / "deep" / "file"
    with draft_file(path) as draft:
        draft.write_bytes(b"whole")
        assert not path.exists()
        assert draft.match(DRAFTS)
        assert draft.parent == path.parent
    assert path.read_bytes() == b"whole"
    assert list(path.parent.iterdir()) == [path]


def half_written(path):
    with draft_file(path) as draft:
        draft.write_bytes(b"ha")
        draft.write_bytes(1 // 0)


def test_an_error_leaves_what_was_there(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"before")
    with pytest.raises(ZeroDivisionError):
        half_written(path)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_was_renamed_stays_and_another_goes(tmp_path):
    with draft_folder(tmp_path / "kept") as draft:
        (draft / "file").write_text("content")
        draft.rename(tmp_path / "kept")
    with draft_folder(tmp_path / "left") as draft:
        (draft / "file").write_text("content")
    assert [path.name for path in tmp_path.rglob("*")] == ["kept", "file"]


def test_what_is_being_written_is_not_taken_for_abandoned(tmp_path):
    with draft_file(tmp_path / "file") as file, draft_folder(tmp_path / "folder") as folder:
        remove_abandoned(tmp_path.glob(DRAFTS))
        assert file.is_file()
        assert folder.is_dir()
        file.write_text("content")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


KILLED = """
import os, signal, sys
from pathlib import Path
from zdl_bench.run.atomic import draft_file, draft_folder
with draft_file(Path(sys.argv[1]) / "file") as file, draft_folder(Path(sys.argv[1]) / "folder") as folder:
    file.write_text("half")
    (folder / "part").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_the_killed_left_is_removed(tmp_path):
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert len(list(tmp_path.glob(DRAFTS))) == 2
    remove_abandoned(tmp_path.glob(DRAFTS))
    assert list(tmp_path.iterdir()) == []


WRITER = """
import sys
from pathlib import Path
from zdl_bench.run.atomic import draft_file
for number in range(300):
    with draft_file(Path(sys.argv[1]) / "file") as draft:
        draft.write_text(str(number))
"""


@pytest.mark.slow
def test_a_writer_and_a_tidier_at_once(tmp_path):
    """Whatever moment a tidier looks, no draft of a living writer is lost."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stderr=subprocess.PIPE, text=True)
    while writer.poll() is None:
        remove_abandoned(tmp_path.glob(DRAFTS))
    assert writer.returncode == 0, writer.stderr.read()
    writer.stderr.close()
    assert (tmp_path / "file").read_text() == "299"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
