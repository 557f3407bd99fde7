"""No file of a store, whatever it says of itself, takes more than a gigabyte or ten seconds."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fuzzing.bombs import BOMBS, LARGEST_READ
from fuzzing.guard import ADDRESS_SPACE, PeakMemory, address_space
from fuzzing.stored import manifest_of, sound_runs

from zdl_bench.errors import ConfigError, DamagedFile
from zdl_bench.manifest import MAX_RUNS, Manifest, Report
from zdl_bench.remembered import recall
from zdl_bench.report.freshness import VERDICTS, verdict_text
from zdl_bench.statistics.claims import MAX_COMPARISONS, claims_of
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


MANIFEST = manifest_of([RUN.run_id])
LONG = 19_000_000


def with_run_ids(count: int) -> bytes:
    return json.dumps(MANIFEST | {"run_ids": [f"{number:016x}" for number in range(count)]}).encode()


MANIFESTS: dict[str, tuple[Callable[[], bytes], str]] = {
    "lists in a list": (lambda: b"[" + b"[]," * (LONG // 3) + b"[]]", "its values may take"),
    "lists in the experiment": (
        lambda: json.dumps(MANIFEST | {"experiment": {"a": 0}}).encode().replace(b"0}", b"[" + b"[]," * (LONG // 3) + b"[]]}"),
        "its values may take",
    ),
    "run ids": (lambda: with_run_ids(MAX_RUNS + 1), "no manifest of mine"),
    "more bytes than any": (lambda: json.dumps(MANIFEST | {"title": "x" * 20_000_000}).encode(), "more than 20,000,000 bytes"),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_without_measure_is_refused_before_memory_is_taken(store, name):
    content, reason = MANIFESTS[name]
    (store.sweep_folder("mine") / "sweep.json").write_bytes(content())
    memory = PeakMemory()
    with pytest.raises(DamagedFile, match=reason):
        store.read_manifest("mine")
    assert memory.growth() < 300_000_000


def test_a_manifest_of_the_most_runs_is_read(store):
    (store.sweep_folder("mine") / "sweep.json").write_bytes(with_run_ids(MAX_RUNS))
    assert len(store.read_manifest("mine").run_ids) == MAX_RUNS


def test_a_sweep_of_more_runs_than_are_read_again_is_refused(small_sweep, monkeypatch):
    monkeypatch.setattr("zdl_bench.sweep_command.MAX_RUNS", 2)
    outcome = small_sweep("-m", "seed=1,2,3")
    assert outcome.status == 2
    assert "runs=3: a sweep has up to 2 runs" in outcome.err
    assert not Path("results").exists()
    assert small_sweep("-m", "seed=1,2").status == 0


@pytest.mark.parametrize("key", ["title", "command"])
def test_a_long_text_of_a_manifest_is_listed_in_part(store, key, command):
    (store.sweep_folder("mine") / "sweep.json").write_text(json.dumps(MANIFEST | {key: "x y " * (LONG // 4)}))
    outcome = command("ls")
    assert outcome.status == 0
    assert len(outcome.out) < 20_000
    assert ("x y" in outcome.out) == (key == "command")


def test_rows_of_many_values_are_not_remembered(store):
    store.write_rows("mine", "[" + "[]," * 16_000_000 + "[]]")
    memory = PeakMemory()
    assert recall(store, "mine") == {}
    assert memory.growth() < 200_000_000


def test_long_verdicts_are_named_and_not_printed(store):
    manifest = replace(store.read_manifest("mine"), report=Report(files=[VERDICTS]))
    path = store.sweep_folder("mine") / VERDICTS
    path.parent.mkdir()
    for content, told in (("supported: x\n", "supported: x\n"), ("x y\n" * 13_000_000, f"verdicts: {path}\n")):
        path.write_text(content)
        memory = PeakMemory()
        assert verdict_text(store, manifest) == told
        assert memory.growth() < 20_000_000


def test_the_claims_of_an_experiment_are_counted():
    """Each comparison takes milliseconds, and a manifest has room for thousands."""
    one = {"sentence": "", "source": "", "kind": "superiority", "metric": "tail_loss", "first": {"lr": 1}, "second": {"lr": 2}}
    assert len(claims_of([one | {"id": str(number)} for number in range(MAX_COMPARISONS)])) == MAX_COMPARISONS
    for also, count in (([], MAX_COMPARISONS + 1), (["as_named"], MAX_COMPARISONS // 2 + 1)):
        with pytest.raises(ConfigError, match=f"more than {MAX_COMPARISONS} comparisons"):
            claims_of([one | {"id": str(number), "also": also} for number in range(count)])
