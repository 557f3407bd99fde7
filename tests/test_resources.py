"""No file of a store, whatever it says of itself, takes more than a gigabyte or ten seconds."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fuzzing.bombs import BOMBS, LARGEST_READ
from fuzzing.guard import ADDRESS_SPACE, PeakMemory, address_space
from fuzzing.stored import sound_runs

from zdl_bench.errors import DamagedFile
from zdl_bench.manifest import Manifest
from zdl_bench.store import Store

MEMORY, SECONDS = 1_000_000_000, 10
RUN = sound_runs()[0]
SMALL = (
    "a data page",
    "a data page of as many values",
    "a page of more values than rows",
    "a dictionary page",
    "a dictionary of many values",
    "a page of version 2",
    "a list of 2 billion structs",
    "a million texts",
    "codec 6",
    "structs a million deep",
)
"""Bombs that are made in no time."""


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "results")
    store.write_manifest(Manifest("mine", "", "command", [], [RUN.run_id], "2026-01-01T00:00:00+00:00"))
    return store


def put(store: Store, content: bytes) -> int:
    path = store.run_path(RUN.run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return len(content)


@pytest.mark.parametrize("name", [*SMALL, *(pytest.param(name, marks=pytest.mark.slow) for name in BOMBS if name not in SMALL)])
def test_a_bomb_is_refused_before_memory_is_taken(store, name):
    size = put(store, BOMBS[name]())
    for read in (store.read, store.sound_checksum):
        memory = PeakMemory()
        with address_space(ADDRESS_SPACE), pytest.raises(DamagedFile) as refusal:
            read(RUN.run_id)
        assert memory.growth() < 3 * size + 50_000_000
        assert len(str(refusal.value)) < 500


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGEST_READ)
def test_what_is_not_refused_is_read_within_the_limits(store, name):
    put(store, LARGEST_READ[name]())
    memory = PeakMemory()
    with contextlib.suppress(DamagedFile):
        store.read(RUN.run_id)
    assert memory.growth() < MEMORY * 8 // 10, "a report takes some more"


ALL_COMMANDS = """
import contextlib, resource, time
resource.setrlimit(resource.RLIMIT_AS, (8 * 10**9, 8 * 10**9))  # so that a bomb ends the test and not the machine
from zdl_bench import cli, load_results
from zdl_bench.errors import ZdlBenchError
for command in ("ls", "report", "verify", None):
    before = time.process_time()
    with contextlib.suppress(ZdlBenchError):
        load_results("results", "mine") if command is None else cli.main([command])
    print(f"SECONDS {time.process_time() - before}", flush=True)
"""


def taken_by_all_commands(folder: Path) -> tuple[int, float, str]:
    """Memory of a process in which each command reads the store, processor time of the longest, and their words."""
    words = folder / "words.txt"
    with words.open("w") as stream:
        settings = {"cwd": folder, "stdout": stream, "stderr": stream, "env": os.environ | {"OPENBLAS_NUM_THREADS": "1"}}
        process = subprocess.Popen([sys.executable, "-c", ALL_COMMANDS], **settings)
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words.read_text()
    said = words.read_text()
    seconds = [float(line.split()[1]) for line in said.splitlines() if line.startswith("SECONDS")]
    assert len(seconds) == 4, said
    return 1024 * used.ru_maxrss, max(seconds), said


@pytest.mark.slow
@pytest.mark.parametrize("name", [*BOMBS, *LARGEST_READ])
def test_no_run_takes_a_gigabyte_or_ten_seconds(store, tmp_path, name):
    put(store, (BOMBS | LARGEST_READ)[name]())
    memory, seconds, words = taken_by_all_commands(tmp_path)
    assert memory < MEMORY, words
    assert seconds < SECONDS, words
    assert "Traceback" not in words
