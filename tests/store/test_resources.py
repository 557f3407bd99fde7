"""No file of a store, whatever it says of itself, takes more than a gigabyte or ten seconds."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fuzzing.bombs import BOMBS, MAX_READ
from fuzzing.guard import ADDRESS_SPACE, PeakMemory, address_space
from fuzzing.stored import manifest_of, sound_runs

from zdl_bench.errors import ConfigError, DamagedFile
from zdl_bench.report.freshness import VERDICTS_FILE, verdict_text
from zdl_bench.statistics.claims import MAX_COMPARISONS, claims_of
from zdl_bench.store.manifest import MAX_SWEEP_RUNS, Manifest, Report, Summaries
from zdl_bench.store.parquet import read_columns, read_footer
from zdl_bench.store.run_file import MAX_RUN_BYTES
from zdl_bench.store.store import Store

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


def store_in(folder: Path) -> Store:
    store = Store(folder / "results")
    store.write_manifest(Manifest("mine", "", "command", [], [RUN.run_id], "2026-01-01T00:00:00+00:00"))
    return store


@pytest.fixture
def store(tmp_path):
    return store_in(tmp_path)


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
@pytest.mark.parametrize("name", MAX_READ)
def test_what_is_not_refused_is_read_within_the_limits(store, name):
    put(store, MAX_READ[name]())
    memory = PeakMemory()
    with contextlib.suppress(DamagedFile):
        store.read(RUN.run_id)
    assert memory.growth() < MEMORY * 8 // 10, "a report takes some more"


REFERENCE = sorted((Path(__file__).parents[2] / "results" / "reference").glob("*.parquet"))
REFERENCE_TYPES = (pa.string(), pa.float64(), pa.float32(), pa.int64(), pa.bool_())


@pytest.mark.parametrize("path", REFERENCE, ids=lambda path: path.stem)
def test_other_tables_of_ours_are_read_as_pyarrow_reads_them(path):
    content = path.read_bytes()
    read = read_columns(content, read_footer(content), REFERENCE_TYPES, MAX_RUN_BYTES)
    assert read.equals(pq.read_table(path).replace_schema_metadata(None).cast(read.schema))


@pytest.mark.slow
def test_a_text_of_a_dictionary_may_not_stand_in_too_many_rows(tmp_path):
    """A megabyte in a file, a thousand in memory."""
    path = tmp_path / "texts.parquet"
    for rows, fits in ((10, True), (1000, False)):
        pq.write_table(pa.table({"text": ["x" * 1_000_000] * rows}), path, compression="zstd")
        content = path.read_bytes()
        memory = PeakMemory()
        with contextlib.nullcontext() if fits else pytest.raises(ValueError, match="1,000,000,000 bytes of the texts"):
            read_columns(content, read_footer(content), REFERENCE_TYPES, MAX_RUN_BYTES)
        assert memory.growth() < 100_000_000


ALL_COMMANDS = """
import os, resource

resource.setrlimit(resource.RLIMIT_AS, (8 * 10**9, 8 * 10**9))  # so that a bomb ends the test and not the machine


def run(command):
    import contextlib
    from zdl_bench import cli, load_results
    from zdl_bench.errors import ZdlBenchError

    if command != "load_results":
        return cli.main([command])
    with contextlib.suppress(ZdlBenchError):
        load_results("results", "mine")
    return 0


for command in ("ls", "report", "verify", "load_results"):
    child = os.fork()
    if not child:
        status = run(command)
        print(flush=True)
        os._exit(status)
    _, status, used = os.wait4(child, 0)
    print("TOOK", os.waitstatus_to_exitcode(status), 1024 * used.ru_maxrss, used.ru_utime + used.ru_stime, flush=True)
"""


@dataclass(frozen=True)
class Taken:
    """What the commands that read a store have taken, each a process: the most bytes, the seconds of each, all their words."""

    memory: float
    seconds: list[float]
    words: str


def taken_by_all_commands(folder: Path) -> Taken:
    settings = {"cwd": folder, "env": os.environ | {"OPENBLAS_NUM_THREADS": "1"}, "capture_output": True, "text": True}
    done = subprocess.run([sys.executable, "-c", ALL_COMMANDS], check=True, **settings)
    words = done.stdout + done.stderr
    took = [[float(number) for number in line.split()[1:]] for line in words.splitlines() if line.startswith("TOOK")]
    assert len(took) == 4, words
    assert all(status in (0, 1, 2) for status, _, _ in took), words
    return Taken(max(memory for _, memory, _ in took), [seconds for _, _, seconds in took], words)


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory):
    """Of an ordinary run: most of it are imports and figures, which no file is to blame for."""
    folder = tmp_path_factory.mktemp("ordinary")
    store_in(folder).write(RUN)
    return taken_by_all_commands(folder)


OF_EACH_KIND = (
    "a data page",
    "a dictionary page",
    "a page of version 2",
    "codec 2",
    "a million pages",
    "a schema 100,000 deep",
    "a million texts",
    "points of empty lists",
    "a long failure",
    "a text under an unknown key",
)


@pytest.mark.slow
@pytest.mark.parametrize("make", [*(BOMBS[name] for name in OF_EACH_KIND), *MAX_READ.values()], ids=[*OF_EACH_KIND, *MAX_READ])
def test_no_run_takes_a_gigabyte_or_ten_seconds(store, tmp_path, ordinary, make):
    put(store, make())
    taken = taken_by_all_commands(tmp_path)
    assert taken.memory < MEMORY, taken.words
    more = [seconds - usual for seconds, usual in zip(taken.seconds, ordinary.seconds, strict=True)]
    assert max(more) < SECONDS, f"{more} more seconds than an ordinary run\n{taken.words}"
    assert "Traceback" not in taken.words


MANIFEST = manifest_of([RUN.run_id])
LONG = 69_000_000


def with_run_ids(count: int) -> bytes:
    return json.dumps(MANIFEST | {"run_ids": [f"{number:016x}" for number in range(count)]}).encode()


MANIFESTS: dict[str, tuple[Callable[[], bytes], str]] = {
    "lists in a list": (lambda: b"[" + b"[]," * (LONG // 3) + b"[]]", "the values in the JSON may take"),
    "lists in the experiment": (
        lambda: json.dumps(MANIFEST | {"experiment": {"a": 0}}).encode().replace(b"0}", b"[" + b"[]," * (LONG // 3) + b"[]]}"),
        "the values in the JSON may take",
    ),
    "lists among the summaries": (
        lambda: (
            json.dumps(MANIFEST | {"summaries": {"runs": 0}}).encode().replace(b"0}", b"[" + b"[]," * (LONG // 3) + b"[]]}")
        ),
        "the values in the JSON may take",
    ),
    "run ids": (lambda: with_run_ids(MAX_SWEEP_RUNS + 1), "the file is not a manifest of mine"),
    "more bytes than any": (lambda: json.dumps(MANIFEST | {"title": "x" * 70_000_000}).encode(), "more than 70,000,000 bytes"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_without_measure_is_refused_before_memory_is_taken(store, name):
    content, reason = MANIFESTS[name]
    (store.sweep_folder("mine") / "sweep.json").write_bytes(content())
    memory = PeakMemory()
    with pytest.raises(DamagedFile, match=reason):
        store.read_manifest("mine")
    assert memory.growth() < 300_000_000


LARGEST_MANIFESTS: dict[str, Callable[[], bytes]] = {
    "wide letters": lambda: json.dumps(MANIFEST | {"title": "β" * 34_000_000}, ensure_ascii=False).encode(),
    "lists among the summaries": lambda: json.dumps(
        MANIFEST | {"summaries": {"code": "", "runs": {f"{number:016x}": [[]] * 3 for number in range(900_000)}}}
    ).encode(),
    "keys among the summaries": lambda: json.dumps(
        MANIFEST | {"summaries": {"code": "", "runs": {f"{number:016x}": 1 for number in range(2_300_000)}}}
    ).encode(),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGEST_MANIFESTS)
def test_no_manifest_takes_a_gigabyte_or_ten_seconds(store, name):
    """Whether it is refused or read: these are just below the limit of what is parsed."""
    (store.sweep_folder("mine") / "sweep.json").write_bytes(LARGEST_MANIFESTS[name]())
    memory, start = PeakMemory(), time.process_time()
    with contextlib.suppress(DamagedFile):
        store.read_manifest("mine")
    assert memory.growth() < MEMORY
    assert time.process_time() - start < SECONDS


@pytest.mark.slow
def test_a_manifest_of_the_most_runs_is_written_and_read(store):
    ids = [f"{number:016x}" for number in range(MAX_SWEEP_RUNS)]
    numbers = [1.2345678901234567e-301, 2.2345678901234567e-301, None]
    summaries = Summaries("0" * 64, {run_id: ["0" * 64, "1" * 64, "completed", True, *numbers, run_id] for run_id in ids})
    manifest = replace(store.read_manifest("mine"), title="β₂", command="\\", run_ids=ids, summaries=summaries)
    store.write_manifest(manifest)
    memory, start = PeakMemory(), time.process_time()
    assert store.read_manifest("mine") == manifest
    assert memory.growth() < MEMORY // 2
    assert time.process_time() - start < SECONDS


@pytest.mark.slow
def test_a_sweep_of_more_runs_than_are_read_again_is_refused(small_sweep, monkeypatch):
    monkeypatch.setattr("zdl_bench.api.sweep_execution.MAX_SWEEP_RUNS", 2)
    outcome = small_sweep("-m", "seed=1,2,3")
    assert outcome.status == 2
    assert "runs=3: a sweep has at most 2 runs" in outcome.err
    assert not Path("results").exists()
    assert small_sweep("-m", "seed=1,2").status == 0


@pytest.mark.slow
@pytest.mark.parametrize("key", ["title", "command"])
def test_a_long_text_of_a_manifest_is_listed_in_part(store, key, command):
    (store.sweep_folder("mine") / "sweep.json").write_text(json.dumps(MANIFEST | {key: "x y " * (LONG // 4)}))
    outcome = command("ls")
    assert outcome.status == 0
    assert len(outcome.out) < 20_000
    assert ("x y" in outcome.out) == (key == "command")


def test_long_verdicts_are_named_and_not_printed(store):
    manifest = replace(store.read_manifest("mine"), report=Report(files=[VERDICTS_FILE]))
    path = store.sweep_folder("mine") / VERDICTS_FILE
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
