"""The store: what is written is read again, whole or not at all, by others too."""

import json
import math
import os
import stat
from dataclasses import replace

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import digits_config, quadratic_config
from fuzzing.guard import PeakMemory
from fuzzing.parquet_files import expanding
from fuzzing.stored import as_metadata, columns_of, file_of, id_of, manifest_of, texts_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zdl_bench import load_results
from zdl_bench.commands.comparison import Agreement, compare_runs
from zdl_bench.commands.ls import states
from zdl_bench.errors import ConfigError, DamagedFile, OtherEngine, StoreError
from zdl_bench.executors import attempt as contract
from zdl_bench.executors.attempt import attempt
from zdl_bench.report.freshness import intact_runs
from zdl_bench.run.config import ENGINE_VERSION, Choice
from zdl_bench.run.run import ADDED_PROBES, Failure, Run, Status
from zdl_bench.statistics.metrics.profile import jitter_1
from zdl_bench.statistics.smoothing import smooth_curve
from zdl_bench.store.encoding import decode, encode
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.run_file import MAX_RUN_BYTES
from zdl_bench.store.run_file import file_of as unchecked_file_of
from zdl_bench.store.store import Store
from zdl_bench.store.summaries import summarize
from zdl_bench.training.loop import train


@pytest.fixture(scope="module")
def run(digits):
    return train(digits_config("adam", lr=0.01))


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results")


def assert_same(one: Run, other: Run):
    assert one.config == other.config
    assert (one.status, one.digest, one.failure) == (other.status, other.digest, other.failure)
    assert dict(one.end) == dict(other.end)
    assert dict(one.environment) == dict(other.environment)
    assert one.train_seconds == other.train_seconds or math.isnan(one.train_seconds)
    if one.curve is None:
        assert other.curve is None
        return
    assert np.array_equal(one.curve.train_loss, other.curve.train_loss, equal_nan=True)
    assert np.array_equal(one.curve.lr, other.curve.lr)
    assert one.curve.trivial_loss == other.curve.trivial_loss
    for (name, values), (_, others) in zip(one.curve.probes.items(), other.curve.probes.items(), strict=True):
        assert values.dtype == others.dtype, name
        assert np.array_equal(values, others, equal_nan=values.dtype.kind == "f"), name
    if one.curve.points is not None:
        assert np.array_equal(one.curve.points, other.curve.points)
    assert one.curve.dtype == other.curve.dtype
    assert (one.curve.profile is None) == (other.curve.profile is None)
    if one.curve.profile is not None:
        for name, values in vars(one.curve.profile).items():
            others = getattr(other.curve.profile, name)
            assert values.dtype == others.dtype, name
            assert np.array_equal(values, others, equal_nan=values.dtype.kind == "f"), name


def test_what_is_written_is_read(store, run):
    for each in (
        run,
        train(quadratic_config()),
        train(digits_config(lr=1e30)),
        train(digits_config("adam", lr=0.01, steps=240)),
        attempt(digits_config(dataset=Choice("digits", {"checksum": "0" * 64, "validation_size": 300}))),
    ):
        store.write(each)
        assert_same(each, store.read(each.run_id))
    assert len(list(store.run_ids())) == 5


def test_a_run_from_before_there_was_a_profile_is_readable(store, digits):
    run = train(digits_config("adam", lr=0.01, steps=240))
    texts = texts_of(run)
    del texts["curve"]["profile"]
    path = store.run_path(run.run_id)
    path.parent.mkdir(parents=True)
    path.write_bytes(file_of(pa.table(columns_of(run)), as_metadata(texts)))
    read = store.read(run.run_id)
    assert_same(replace(run, curve=replace(run.curve, profile=None)), read)
    assert math.isnan(jitter_1(read.curve))
    assert compare_runs(read, run).agreement is Agreement.DIFFERENT


def test_a_failed_run_keeps_its_traceback(store):
    failed = attempt(digits_config(dataset=Choice("digits", {"checksum": "0" * 64, "validation_size": 300})))
    assert failed.status is Status.FAILED
    assert failed.failure.type == "DataError"
    assert "Traceback" in failed.failure.traceback
    store.write(failed)
    assert store.read(failed.run_id).failure == failed.failure


def test_the_layout_is_that_of_the_design(store, run):
    store.write(run)
    path = store.root / "runs" / run.run_id[:2] / f"{run.run_id}.parquet"
    assert path.is_file()
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert path.stat().st_size < 40_000
    assert stat.S_IMODE(path.stat().st_mode) & 0o444


def test_others_can_read_it(store, run):
    store.write(run)
    path = store.run_path(run.run_id)
    frame = pd.read_parquet(path)
    assert frame.columns.tolist() == ["step", "train_loss", "lr"]
    assert frame["step"].tolist() == list(range(1, 61))
    [(count, loss)] = duckdb.sql(f"select count(*), last(train_loss) from '{path}'").fetchall()
    assert (count, loss) == (60, run.curve.train_loss[-1])
    metadata = pq.read_schema(path).metadata
    assert json.loads(metadata[b"config"])["optimizer"]["name"] == "adam"
    assert json.loads(metadata[b"status"]) == "completed"
    assert len(json.loads(metadata[b"probes"])["probe_loss"]) == len(run.curve.probes)


def test_the_metadata_are_stored_once(store, run):
    store.write(run)
    path = store.run_path(run.run_id)
    probes = pq.read_schema(path).metadata[b"probes"]
    assert path.read_bytes().count(probes) == 1
    assert path.stat().st_size < 2 * len(probes) + 10_000


def test_a_file_of_an_earlier_version_is_read(store, run):
    """Those hold the Arrow schema too, which repeats the metadata."""
    path = store.run_path(run.run_id)
    path.parent.mkdir(parents=True)
    pq.write_table(encode(run), path, compression="zstd")
    assert_same(run, store.read(run.run_id))
    earlier = store.sound_checksum(run.run_id)
    store.write(run)
    assert store.sound_checksum(run.run_id) == earlier


def test_the_checksum_that_is_read_is_that_of_the_content(store, run):
    written = store.write(run)
    read, hashes = store.read_with_hashes(run.run_id)
    assert_same(run, read)
    assert hashes == written == (store.sound_checksum(run.run_id)[0], store.hash_of_file(run.run_id))


def test_a_run_that_is_not_stored(store, run):
    with pytest.raises(StoreError, match=f"run {run.run_id} is not in"):
        store.read(run.run_id)


@pytest.mark.parametrize("keep", [0, 1, 100, 0.5, -1])
def test_a_cut_file_is_damaged(store, run, keep):
    store.write(run)
    path = store.run_path(run.run_id)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep) if isinstance(keep, float) else keep])
    with pytest.raises(DamagedFile, match=run.run_id):
        store.read(run.run_id)
    aside = store.set_aside(run.run_id)
    assert aside.is_file()
    assert not store.has(run.run_id)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_never_goes_unnoticed(store, run, position, bit):
    """Either the file is refused, or the flip was in bytes that carry nothing and the run is the same."""
    store.write(run)
    path = store.run_path(run.run_id)
    content = bytearray(path.read_bytes())
    content[int(position * len(content))] ^= 1 << bit
    path.write_bytes(content)
    try:
        read = store.read(run.run_id)
    except DamagedFile:
        return
    assert_same(run, read)


def test_a_changed_number_with_the_old_checksum_is_damaged(store, run):
    table = encode(run)
    changed = table.set_column(1, "train_loss", [np.asarray(table["train_loss"]) * (1 + 1e-15)])
    with pytest.raises(ValueError, match="checksum"):
        decode(changed.replace_schema_metadata(table.schema.metadata))


def test_a_file_under_another_runs_name_is_damaged(store, run):
    store.write(run)
    other = digits_config("sgd").run_id
    store.run_path(other).parent.mkdir(parents=True, exist_ok=True)
    os.replace(store.run_path(run.run_id), store.run_path(other))
    with pytest.raises(DamagedFile, match="another run"):
        store.read(other)


def test_a_failed_write_leaves_what_was_there(store, run, monkeypatch):
    store.write(run)
    before = store.run_path(run.run_id).read_bytes()

    def disk_full(fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(StoreError, match="No space left"):
        store.write(run)
    assert store.run_path(run.run_id).read_bytes() == before
    assert len(list(store.run_path(run.run_id).parent.iterdir())) == 1


@pytest.mark.parametrize("name", ["../../x", "a/b", "", ".hidden", "x" * 101, "a b", "ü", "..", "a\n"])
def test_a_sweep_cannot_be_named_out_of_the_store(store, name):
    with pytest.raises(ConfigError, match="name="):
        store.sweep_folder(name)


def test_a_manifest_that_is_none_is_damaged(store):
    manifest = Manifest("one", "", "command", [], ["0" * 16], "2026-01-01T00:00:00+00:00")
    store.write_manifest(manifest)
    assert store.read_manifest("one") == manifest
    path = store.sweep_folder("one") / "sweep.json"
    for content in ("", "[]", "{}", '{"name": 3}', path.read_text().replace("0" * 16, "../../../etc/pass")):
        path.write_text(content)
        with pytest.raises(DamagedFile, match=r"sweep\.json"):
            store.read_manifest("one")


def rewritten(run: Run, changes: dict[str, object], columns: dict[str, object] | None = None) -> tuple[str, bytes]:
    """The id and the file of a run that says something else, with the checksum that belongs to it."""
    texts = texts_of(run)
    for key, value in changes.items():
        *path, last = key.split(".")
        node = texts
        for part in path:
            node = node[part]
        node[last] = value
    run_id = id_of(texts, run.run_id)
    if "run_id" not in changes:
        texts["run_id"] = run_id
    return run_id, file_of(pa.table(columns_of(run) | (columns or {})), as_metadata(texts))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"end": []}, "end is not of type dict"),
        ({"end": {"test_accuracy": "high"}}, "end is not"),
        ({"digest": 3}, "digest is not of type str"),
        ({"train_seconds": "long"}, "train_seconds is not of type float"),
        ({"train_seconds": True}, "train_seconds is not of type float"),
        ({"environment": {"numpy": None}}, "environment is not"),
        ({"failure": {"type": 1, "message": 2, "traceback": 3}}, "failure.type is not of type str"),
        ({"failure": {"type": "", "message": ""}}, "failure.traceback is missing"),
        ({"failure": []}, "failure is not of type dict"),
        ({"engine": "1"}, "engine is not"),
        ({"status": "sleeping"}, "sleeping"),
        ({"curve": [1]}, "curve is not"),
        ({"curve.planned_steps": 10**30}, "planned_steps is not"),
        ({"curve.planned_steps": 3}, "planned_steps is not"),
        ({"curve.trivial_loss": None}, "trivial_loss is not"),
        ({"curve.points": [[1.0]]}, "points is not"),
        ({"curve.minimum": [0.0, 0.0, 0.0]}, "minimum is not"),
        ({"curve.profile": [1]}, "profile is not of type dict"),
        ({"curve.profile": {"step": [3]}}, "profile.probe_loss is missing"),
        ({"curve.profile": {"step": [3], "probe_loss": []}}, "profile is not valid"),
        ({"curve.profile": {"step": [3, 3], "probe_loss": [1.0, 1.0]}}, "profile is not valid"),
        ({"curve.profile": {"step": [0], "probe_loss": [1.0]}}, "profile is not valid"),
        ({"curve.profile": {"step": [51], "probe_loss": [1.0]}}, "profile is not valid"),
        ({"curve.profile": {"step": [3], "probe_loss": ["1"]}}, "profile.probe_loss is not of type float"),
        ({"curve.profile": {"step": [10**30], "probe_loss": [1.0]}}, "too large"),
        ({"probes.probe_loss": [1.0]}, "probes is not"),
        ({"probes.step": [10**30]}, "too large"),
        ({"probes.step": [0] * 51}, "probes.step is not"),
        ({"probes": {}}, "step"),
        ({"config.seed": 10**400}, "over 1023 bits"),
        ({"config.seed": True}, "seed is not"),
        ({"config.seed": 0.5}, "seed is not"),
        ({"config.steps": 50.0}, "steps is not"),
        ({"config.lr": False}, "lr is not"),
        ({"config.lr": "1"}, "lr is not"),
        ({"config.dtype": ["float64"]}, "dtype is not"),
        ({"config.probe.count": 1e300}, "probe.count is not"),
        ({"config.probe.images": True}, "probe.images is not"),
        *(({key: 10**400}, "over 1023 bits") for key in ("end.test_accuracy", "train_seconds", "config.problem.start_std")),
        *(({key: 2**1023}, "over 1023 bits") for key in ("end.test_accuracy", "train_seconds", "config.problem.start_std")),
        ({"curve.trivial_loss": 10**400}, "too large"),
        ({"curve.trivial_loss": True}, "trivial_loss is not"),
        ({"curve.minimum": [10**400, 0.0]}, "too large"),
        ({"curve.minimum": ["0", 0.0]}, "minimum is not"),
        ({"curve.points": [[10**400, 0.0]]}, "too large"),
        ({"probes.probe_loss": [10**400]}, "too large"),
        ({"config.lr": 10**400}, "over 1023 bits"),
        ({"config.problem.start_std": {"a": 1}}, "has a mapping as a value"),
        ({"config.problem.start_std": json.loads("[" * 60 + "]" * 60)}, "50 nested levels"),
    ],
    ids=str,
)
def test_content_that_is_no_run_is_damaged(store, changes, reason):
    """Whatever the checksum says."""
    run_id, content = rewritten(train(quadratic_config()), changes)
    path = store.run_path(run_id)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(DamagedFile, match=reason):
        store.read(run_id)


MAX_INTEGER = 2**1023 - 1


@pytest.mark.parametrize(
    "key",
    ["curve.trivial_loss", "end.test_accuracy", "train_seconds", "config.lr", "config.optimizer.more", "config.problem.more"],
)
def test_the_largest_integer_that_is_read_is_a_number(store, key):
    """In a row, a frame, and what pandas makes of them."""
    runs = [train(quadratic_config(seed=seed)) for seed in (0, 1)]
    for run_id, content in (rewritten(runs[0], {key: MAX_INTEGER}), rewritten(runs[1], {})):
        store.run_path(run_id).parent.mkdir(parents=True, exist_ok=True)
        store.run_path(run_id).write_bytes(content)
        assert summarize(*store.read_with_hashes(run_id)).status is Status.COMPLETED
    frame = load_results(store.root).runs
    assert len(frame) == 2
    assert frame["lr"].dtype == frame["train_seconds"].dtype == frame["test_accuracy"].dtype == np.float64


def test_columns_beside_those_of_a_run_are_damage(store):
    for more in ({"engine": np.arange(50)}, {"engine": np.zeros(50), "config": np.zeros(50)}):
        run_id, content = rewritten(train(quadratic_config()), {}, more)
        store.run_path(run_id).parent.mkdir(parents=True, exist_ok=True)
        store.run_path(run_id).write_bytes(content)
        with pytest.raises(DamagedFile, match="the table does not have the columns of a run"):
            store.read(run_id)


def test_metadata_nested_too_deeply_are_damaged(store, run):
    table = encode(run)
    deep = {**table.schema.metadata, b"end": b"[" * 100_000, b"status": b"[" * 100_000}
    path = store.run_path(run.run_id)
    path.parent.mkdir(parents=True)
    path.write_bytes(file_of(table, {key: text for key, text in deep.items() if key != b"checksum"}))
    store.write_manifest(Manifest("one", "", "command", [], [run.run_id], "2026-01-01T00:00:00+00:00"))
    with pytest.raises(DamagedFile, match="recursion"):
        store.read(run.run_id)
    assert states(store, store.read_manifest("one")) == "1 damaged"


@pytest.mark.slow
def test_a_few_bytes_that_stand_for_gigabytes_are_refused_unread(store, run):
    path = store.run_path(run.run_id)
    path.parent.mkdir(parents=True)
    path.write_bytes(expanding(2**26))
    assert path.stat().st_size < 1_000_000
    memory = PeakMemory()
    for read in (store.read, store.sound_checksum):
        with pytest.raises(DamagedFile, match=r"the table has 1,610,612,736 bytes; the limit is 268,435,456"):
            read(run.run_id)
    assert memory.growth() < 50_000_000


def test_a_file_larger_than_any_run_is_refused_unread(store, run):
    path = store.run_path(run.run_id)
    path.parent.mkdir(parents=True)
    path.touch()
    os.truncate(path, 2**28 + 1)  # takes no place
    with pytest.raises(DamagedFile, match="the file has 268,435,457 bytes"):
        store.read(run.run_id)


def test_a_pipe_in_the_place_of_a_run_does_not_keep_us_waiting(store, run):
    path = store.run_path(run.run_id)
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    with pytest.raises(StoreError, match="is not in"):
        store.read(run.run_id)


def test_missing_values_are_damage(store, run):
    run_id, content = rewritten(run, {}, {"train_loss": pa.array([None, *[1.0] * 59], pa.float64())})
    path = store.run_path(run_id)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    for use in (store.read, store.sound_checksum):
        with pytest.raises(DamagedFile, match="values are missing"):
            use(run_id)


def test_columns_of_other_types_are_damaged(store, run):
    for column in (["a"] * 60, [[1.0]] * 60, [None] * 60, [True] * 60):
        run_id, content = rewritten(run, {}, {"train_loss": pa.array(column)})
        path = store.run_path(run_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        with pytest.raises(DamagedFile, match="columns"):
            store.read(run_id)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": 3},
        {"command": None},
        {"overrides": "lr=1"},
        {"overrides": [1]},
        {"run_ids": "0" * 16},
        {"run_ids": ["0" * 16] * 2},
        {"run_ids": [["0" * 16]]},
        {"started": "yesterday"},
        {"started": 3},
        {"finished": "soon"},
        {"finished": 3},
        *({"finished": nothing} for nothing in ("", 0, False, [], {})),
        {"title": "\ud800"},
        {"experiment": {"fixed": {"\ud800": 1}}},
        {"report": {"inputs": "", "files": ["x" * 300], "formats": []}},
        {"experiment": []},
        {"experiment": json.loads("[" * 60 + "]" * 60)},
        {"report": {"inputs": 1, "files": [], "formats": []}},
        {"report": {"inputs": "", "files": ["../../x"], "formats": []}},
        {"report": {"inputs": "", "files": ["/etc/passwd"], "formats": []}},
        {"report": {"inputs": "", "files": ["figures/../../x"], "formats": []}},
        {"report": {"inputs": "", "files": "report.html", "formats": []}},
        {"report": {"inputs": "", "files": [], "formats": [1]}},
        {"report": []},
    ],
    ids=str,
)
def test_a_manifest_of_wrong_types_is_damaged(store, changes):
    sound = manifest_of(["0" * 16])
    path = store.sweep_folder("mine") / "sweep.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(sound))
    assert store.read_manifest("mine").name == "mine"
    path.write_text(json.dumps(sound | changes))
    with pytest.raises(DamagedFile, match=r"sweep\.json"):
        store.read_manifest("mine")
    assert store.manifests() == []


def test_a_manifest_without_measure_is_damaged(store):
    path = store.sweep_folder("mine") / "sweep.json"
    path.parent.mkdir(parents=True)
    path.write_text("[" * 100_000)
    with pytest.raises(DamagedFile, match="recursion"):
        store.read_manifest("mine")
    os.truncate(path, 50_000_000_000)
    with pytest.raises(DamagedFile, match="more than 70,000,000 bytes"):
        store.read_manifest("mine")


def test_a_manifest_that_was_changed_is_damaged(store):
    store.write_manifest(Manifest("one", "a title", "command", [], ["0" * 16], "2026-01-01T00:00:00+00:00"))
    path = store.sweep_folder("one") / "sweep.json"
    path.write_text(path.read_text().replace("a title", "a tidle"))
    with pytest.raises(DamagedFile, match="checksum"):
        store.read_manifest("one")


@pytest.mark.parametrize("looks", [[0], [-1], [10, 6], [6, 6], [10**9], ["6"], [6.0], 6, None, [*range(1, 102)]])
def test_a_manifest_with_unsound_looks_is_damaged(store, looks):
    manifest = Manifest("one", "", "command", [], [], "2026-01-01T00:00:00+00:00", looks=[6, 10])
    store.write_manifest(manifest)
    assert store.read_manifest("one") == manifest
    store.write_manifest(replace(manifest, looks=looks))
    with pytest.raises(DamagedFile):
        store.read_manifest("one")


def test_a_manifest_of_an_earlier_version_has_no_checksum(store):
    manifest = Manifest("one", "a title", "command", [], ["0" * 16], "2026-01-01T00:00:00+00:00")
    store.write_manifest(manifest)
    path = store.sweep_folder("one") / "sweep.json"
    stored = json.loads(path.read_text())
    del stored["checksum"], stored["looks"]
    path.write_text(json.dumps(stored))
    assert store.read_manifest("one") == manifest


def test_a_folder_in_the_place_of_a_manifest_is_none(store):
    (store.sweep_folder("mine") / "sweep.json").mkdir(parents=True)
    assert store.manifests() == []
    with pytest.raises(StoreError, match="there is no sweep mine"):
        store.read_manifest("mine")


def test_a_run_from_before_there_were_accuracies_is_readable_and_verified(store, digits):
    run = train(digits_config("adam", lr=0.01))
    texts = texts_of(run)
    for name in ADDED_PROBES:
        del texts["probes"][name]
    path = store.run_path(run.run_id)
    path.parent.mkdir(parents=True)
    path.write_bytes(file_of(pa.table(columns_of(run)), as_metadata(texts)))
    read = store.read(run.run_id)
    assert all(np.isnan(getattr(read.curve.probes, name)).all() for name in ADDED_PROBES)
    assert compare_runs(read, run).agreement is Agreement.SAME_BITS
    changed = replace(run.curve.probes, val_accuracy=run.curve.probes.val_accuracy / 2)
    forged = replace(run, curve=replace(run.curve, probes=changed))
    assert "probes.val_accuracy" in compare_runs(forged, run).explanation


def test_load_results_gives_tidy_frames(store, run):
    store.write(run)
    store.write(train(digits_config(lr=1e30)))
    store.write(Run(digits_config(seed=5), Status.FAILED, failure=Failure("MemoryError", "none left", "")))
    results = load_results(store.root)
    runs = results.runs.set_index("run_id")
    assert len(runs) == 3
    row = runs.loc[run.run_id]
    assert (row["optimizer"], row["lr"], row["seed"], row["problem"], row["dataset"]) == (
        "adam",
        0.01,
        0,
        "mlp",
        "digits",
    )
    assert (row["optimizer.beta2"], row["problem.hidden"], row["steps"], row["dtype"]) == (0.999, "[16]", 60, "float32")
    assert row["status"] == "completed"
    assert row["learned"]
    assert row["digest"] == run.digest
    assert row["test_accuracy"] == run.end["test_accuracy"]
    assert {"final_train_loss", "tail_loss", "jitter_1", "steps_to_0.5", "reached_0.5", "seconds_to_0.5"} <= set(runs.columns)
    assert sorted(runs["status"]) == ["completed", "diverged", "failed"]
    assert results.curves.columns.tolist() == ["run_id", "step", "train_loss", "smoothed_loss", "lr"]
    curve = results.curves[results.curves["run_id"] == run.run_id]
    assert curve["step"].tolist() == list(range(1, 61))
    assert curve["train_loss"].to_numpy() == pytest.approx(run.curve.train_loss)
    assert curve["smoothed_loss"].to_numpy() == pytest.approx(smooth_curve(run.curve.train_loss))
    assert {"run_id", "step", "probe_loss", "val_loss", "probe_accuracy", "val_accuracy"} <= set(results.probes.columns)


def test_load_results_without_a_store(tmp_path):
    with pytest.raises(StoreError, match="holds no results"):
        load_results(tmp_path / "nowhere")


def manifest_naming(name, *runs):
    return Manifest(name, "", "command", [], [run.run_id for run in runs], "2026-01-01T00:00:00+00:00")


def test_an_id_contains_the_engine(store, run):
    """What another engine made is a run of its own, and is read as what it is."""
    old = replace(run, engine=0)
    assert old.run_id == run.config.id_under(0) != run.run_id == run.config.run_id
    for one in (run, old):
        store.write(one)
        assert_same(one, store.read(one.run_id))
    assert {one.engine for one, _ in store.read_all(store.run_ids()).runs} == {0, ENGINE_VERSION}


def test_a_file_under_the_id_of_another_engine_is_damaged(store, run):
    store.write(run)
    store.run_path(run.run_id).write_bytes(unchecked_file_of(encode(replace(run, engine=0))))
    with pytest.raises(DamagedFile, match="the file holds another run"):
        store.read(run.run_id)


def test_runs_of_another_engine_are_left_out_of_the_whole_store(store, run):
    """A sweep of theirs is loaded by its name, with a warning."""
    old = replace(run, engine=0)
    store.write(old)
    store.write_manifest(manifest_naming("old", old))
    assert load_results(store.root).runs.empty
    with pytest.warns(UserWarning, match=f"old: These are runs of engine 0, but this program has engine {ENGINE_VERSION}"):
        loaded = load_results(store.root, sweep="old")
    assert loaded.runs["run_id"].tolist() == [old.run_id]
    assert set(loaded.curves["run_id"]) == set(loaded.probes["run_id"]) == {old.run_id}
    store.write(run)
    assert load_results(store.root).runs["run_id"].tolist() == [run.run_id]


@pytest.mark.parametrize(("engines", "shown"), [((0, -1), 0), ((0, ENGINE_VERSION, 9), ENGINE_VERSION), ((9, 0), 9)])
def test_of_a_sweep_of_several_engines_one_is_shown(store, run, engines, shown):
    runs = [replace(run, engine=engine) for engine in engines]
    for one in runs:
        store.write(one)
    manifest = manifest_naming("mixed", *runs)
    intact, found = intact_runs(store, manifest), store.read_all(manifest.run_ids)
    for missing in (intact.missing, found.of_engine(found.engine).missing):
        assert list(missing) == [one.run_id for one in runs if one.engine != shown]
        assert all(isinstance(error, OtherEngine) for error in missing.values())
    assert intact.engine == found.engine == shown
    assert intact.checksums == [hashes.content for _, hashes in found.of_engine(shown).runs]


def test_a_curve_of_any_numbers_gives_numbers_and_no_warning(store, run):
    """A file from elsewhere may have a right checksum and infinities of both signs."""
    infinities = np.resize([np.inf, -np.inf], len(run.curve.probes))
    probes = replace(run.curve.probes, val_loss=infinities, displacement=infinities)
    store.write(replace(run, curve=replace(run.curve, probes=probes)))
    assert math.isnan(load_results(store.root).runs.iloc[0]["tail_loss"])
    assert summarize(*store.read_with_hashes(run.run_id)).status is run.status


@pytest.mark.parametrize(
    "about", [{"environment": {"numpy": "\ud800"}}, {"environment": {"\ud800": "2"}}, {"digest": "\ud800"}], ids=str
)
def test_half_a_surrogate_pair_is_damage(store, run, about):
    store.write(replace(run, **about))
    with pytest.raises(DamagedFile, match="surrogates not allowed"):
        store.read(run.run_id)


def test_a_failure_on_a_path_that_is_no_utf_8_can_be_stored(store, monkeypatch):
    def fail(config):
        raise FileNotFoundError("/data/caf\udce9")

    monkeypatch.setattr(contract, "train", fail)
    failed = contract.attempt(digits_config())
    store.write(failed)
    assert store.read(failed.run_id).failure.message == "/data/caf?"


def test_columns_of_one_name_are_damage(store, run):
    table = encode(run)
    store.run_path(run.run_id).parent.mkdir(parents=True)
    store.run_path(run.run_id).write_bytes(unchecked_file_of(table.append_column("lr", table["lr"])))
    for use in (store.read, store.sound_checksum):
        with pytest.raises(DamagedFile, match="the table does not have the columns of a run"):
            use(run.run_id)


def test_a_listing_reads_no_file_that_is_too_large(store, run):
    store.run_path(run.run_id).parent.mkdir(parents=True)
    store.run_path(run.run_id).touch()
    os.truncate(store.run_path(run.run_id), MAX_RUN_BYTES + 1)
    with pytest.raises(DamagedFile, match="the file has"):
        store.read_metadata(run.run_id)


def test_a_store_whose_name_is_too_long_is_a_clear_error(command):
    long = "x" * 300
    for arguments in (["report", "--results", long], ["ls", "--results", long], [f"results_dir={long}", "problem=quadratic"]):
        for more in ([], ["dry_run=true"] if "=" in arguments[0] else []):
            outcome = command(*arguments, *more)
            assert outcome.status == 2, outcome.err
            assert "name too long" in outcome.err
