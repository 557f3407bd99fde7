"""Summaries in a manifest: the same as those of decoded runs, or none."""

import json
import math
from dataclasses import replace

import pytest
from conftest import digits_config, quadratic_config
from fuzzing.stored import manifest_of

from zdl_bench.api.execution import plan
from zdl_bench.executors.attempt import attempt
from zdl_bench.registry.sources import hash_of_sources
from zdl_bench.run.run import Failure, Run, Status
from zdl_bench.store.manifest import Manifest, Summaries
from zdl_bench.store.store import Store
from zdl_bench.store.summaries import RunSummary, collect_summaries, recall, summarize


@pytest.fixture
def store(tmp_path, digits):
    return Store(tmp_path / "results")


@pytest.fixture
def configs(digits):
    return (digits_config("adam", lr=0.01), digits_config("sgd", lr=1e30), quadratic_config())


@pytest.fixture
def summaries(store, configs):
    return [summarize(run, store.write(run)) for run in map(attempt, configs)]


def keep(store, summaries) -> None:
    ids = [summary.run_id for summary in summaries]
    kept = collect_summaries(summaries)
    store.write_manifest(Manifest("one", "", "command", [], ids, "2026-01-01T00:00:00+00:00", summaries=kept))


def manifest_path(store):
    return store.sweep_folder("one") / "sweep.json"


def test_what_is_recalled_is_what_was_decoded(store, configs, summaries):
    keep(store, summaries)
    recalled = recall(store, "one")
    assert recalled == collect_summaries(summaries)
    decoded, read = plan(configs, store, {}).stored, plan(configs, store, recalled.runs).stored
    assert [summary.config for summary in read.values()] == [summary.config for summary in decoded.values()]
    numbers = [[repr(replace(summary, config=None)) for summary in found.values()] for found in (read, decoded)]
    assert numbers[0] == numbers[1]  # as texts, since NaN is not equal to itself
    assert [summary.status for summary in read.values()] == [Status.COMPLETED, Status.DIVERGED, Status.COMPLETED]


def test_numbers_that_are_none_are_kept_as_json_that_others_read(store, configs, summaries):
    assert math.isnan(summaries[2].test_accuracy)
    keep(store, summaries)
    assert "NaN" not in manifest_path(store).read_text()
    assert math.isnan(plan(configs, store, recall(store, "one").runs).stored[configs[2].run_id].test_accuracy)


def test_the_files_are_not_decoded_again(store, configs, summaries, monkeypatch):
    keep(store, summaries)
    recalled = recall(store, "one").runs
    monkeypatch.setattr(Store, "read_with_hashes", lambda self, run_id: pytest.fail("decoded"))
    assert len(plan(configs, store, recalled).stored) == 3


@pytest.mark.parametrize("place", [10, 0.5, -10])
def test_a_file_that_was_damaged_since_is_noticed(store, configs, summaries, place):
    keep(store, summaries)
    path = store.run_path(summaries[0].run_id)
    content = bytearray(path.read_bytes())
    content[int(len(content) * place) if isinstance(place, float) else place] ^= 0xFF
    path.write_bytes(content)
    again = plan(configs, store, recall(store, "one").runs)
    assert again.damaged == (summaries[0].run_id,)
    assert set(again.stored) == {summary.run_id for summary in summaries[1:]}


def test_a_run_that_was_made_again_is_decoded(store, configs, summaries):
    keep(store, summaries)
    run = store.read(summaries[0].run_id)
    changed = summarize(run, store.write(replace(run, train_seconds=run.train_seconds + 1)))
    found = plan(configs, store, recall(store, "one").runs).stored[run.run_id]
    assert found.hashes == changed.hashes != summaries[0].hashes
    assert collect_summaries([found, *summaries[1:]]) != recall(store, "one")


def test_a_summary_of_an_earlier_content_does_not_count(store, configs, summaries):
    run = store.read(summaries[0].run_id)
    changed = store.write(replace(run, train_seconds=run.train_seconds + 1))
    keep(store, summaries)
    assert plan(configs, store, recall(store, "one").runs).stored[run.run_id].hashes == changed


def test_a_file_that_was_damaged_before_is_noticed(store, configs, summaries):
    path = store.run_path(summaries[0].run_id)
    content = bytearray(path.read_bytes())
    content[10] ^= 0xFF
    path.write_bytes(content)
    keep(store, summaries)
    assert plan(configs, store, recall(store, "one").runs).damaged == (summaries[0].run_id,)


def test_summaries_that_were_changed_are_nothing(store, summaries):
    keep(store, summaries)
    path = manifest_path(store)
    assert str(summaries[0].tail_loss) in path.read_text()
    path.write_text(path.read_text().replace(str(summaries[0].tail_loss), "0.001"))
    assert recall(store, "one") == Summaries()


def test_failed_runs_are_not_recalled(store, summaries):
    failed = Run(digits_config(seed=5), Status.FAILED, failure=Failure("MemoryError", "none left", ""))
    summary = summarize(failed, store.write(failed))
    keep(store, [*summaries, summary])
    assert recall(store, "one").runs.keys() == {one.run_id for one in summaries}


GOOD = ["0" * 64, "0" * 64, "completed", True, 0.1, None, 0.1, "0" * 16]
BAD = [
    3, None, "x", {"file": 1}, [], GOOD[:-2], [*GOOD, 1], [*GOOD, GOOD[-1]], [*GOOD[:-2], "1", GOOD[-1]],
    [*GOOD[:-2], 1, GOOD[-1]], [*GOOD[:-1], "1"], [*GOOD[:-1], GOOD[0]],
    [*GOOD[:-2], True, GOOD[-1]],
    [*GOOD[:3], 1, *GOOD[4:]], [*GOOD[:2], "failed", *GOOD[3:]], [*GOOD[:2], "odd", *GOOD[3:]], ["0" * 63, *GOOD[1:]],
    ["\ud800" * 64, *GOOD[1:]], [GOOD[0], None, *GOOD[2:]], [*GOOD[:7], None], json.loads("[" * 500 + "]" * 500),
]  # fmt: skip


def put(store, **summaries) -> None:
    """Writes a manifest without a checksum, which earlier versions did: whoever makes a file can make that too."""
    manifest_path(store).parent.mkdir(parents=True, exist_ok=True)
    content = manifest_of(["0" * 16], name="one", summaries={"code": hash_of_sources("*.py")} | summaries)
    manifest_path(store).write_text(json.dumps(content))


@pytest.mark.parametrize(
    "runs", [3, [], [GOOD], {"": GOOD}, {"../../../etc/passwd": GOOD}, *({"0" * 16: values} for values in BAD)], ids=str
)
def test_what_is_no_summary_is_nothing(store, runs):
    put(store, runs={"0" * 16: GOOD})
    summary = RunSummary.from_list(quadratic_config(), recall(store, "one").runs["0" * 16])
    assert summary.as_list() == GOOD
    put(store, runs={"0" * 16: GOOD[:-1]})  # as engine 1 wrote them
    summary = RunSummary.from_list(quadratic_config(), recall(store, "one").runs["0" * 16])
    assert summary.as_list() == [*GOOD[:-1], None]
    put(store, runs=runs)
    assert recall(store, "one") == Summaries()


def test_collect_summaries_other_code_are_nothing(store, summaries):
    keep(store, summaries)
    manifest = store.read_manifest("one")
    store.write_manifest(replace(manifest, summaries=replace(manifest.summaries, code="0" * 64)))
    assert recall(store, "one") == recall(store, "two") == Summaries()


@pytest.mark.slow
def test_a_sweep_keeps_and_recalls(small_sweep):
    first = small_sweep("-m", "seed=1,2,3", "name=one")
    store = Store("results")
    assert len(recall(store, "one").runs) == 3
    time = manifest_path(store).stat().st_mtime_ns
    again = small_sweep("-m", "seed=1,2,3", "name=one")
    assert again.out == first.out
    assert manifest_path(store).stat().st_mtime_ns == time
    small_sweep("-m", "seed=1,2,3,4", "name=one")
    assert len(recall(store, "one").runs) == 4


@pytest.mark.slow
def test_a_sweep_of_an_earlier_version_is_read_once(small_sweep, monkeypatch):
    """Its summaries were in a file of their own, which nobody reads any more; what its report was built from stays."""
    first = small_sweep("-m", "seed=1,2,3", "name=one")
    store = Store("results")
    before = json.loads(manifest_path(store).read_text())
    stored = {key: value for key, value in before.items() if key not in ("summaries", "checksum")}
    manifest_path(store).write_text(json.dumps(stored))
    rows = store.sweep_folder("one") / "rows.json"
    rows.write_text("[]")
    assert small_sweep("-m", "seed=1,2,3", "name=one").out == first.out
    assert json.loads(manifest_path(store).read_text()) == before
    assert not rows.exists()
    monkeypatch.setattr(Store, "read_with_hashes", lambda self, run_id: pytest.fail("decoded"))
    assert small_sweep("-m", "seed=1,2,3", "name=one").out == first.out


@pytest.mark.slow
def test_an_interrupted_start_keeps_what_was_known(small_sweep, monkeypatch):
    small_sweep("-m", "seed=1,2", "name=one")

    def interrupted(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("zdl_bench.api.sweep_execution.execute", interrupted)
        small_sweep("-m", "seed=1,2,3", "name=one")
    store = Store("results")
    assert store.read_manifest("one").finished is None
    assert len(recall(store, "one").runs) == 2
