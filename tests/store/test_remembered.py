"""Remembered rows: the same as decoded ones, or none."""

import json
import os
from dataclasses import replace

import pytest
from conftest import digits_config, quadratic_config

from zdl_bench.commands.execution import plan
from zdl_bench.executors.attempt import attempt
from zdl_bench.registry.registry import hash_of_sources
from zdl_bench.run.run import Failure, Run, Status
from zdl_bench.store.manifest import checksum_of
from zdl_bench.store.remembered import Remembered, is_remembered, recall, remember
from zdl_bench.store.rows import summarized
from zdl_bench.store.store import ROWS, Store


@pytest.fixture
def store(tmp_path, digits):
    return Store(tmp_path / "results")


@pytest.fixture
def configs(digits):
    return (digits_config("adam", lr=0.01), digits_config("sgd", lr=1e30), quadratic_config())


@pytest.fixture
def rows(store, configs):
    return [summarized(run, store.write(run)) for run in map(attempt, configs)]


def test_what_is_recalled_is_what_was_decoded(store, configs, rows):
    remember(store, "one", rows)
    remembered = recall(store, "one")
    assert is_remembered(rows, remembered)
    decoded, recalled = plan(configs, store, {}).stored, plan(configs, store, remembered).stored
    assert [row.config for row in recalled.values()] == [row.config for row in decoded.values()]
    numbers = [[repr(replace(row, config=None)) for row in found.values()] for found in (recalled, decoded)]
    assert numbers[0] == numbers[1]  # as texts, since NaN is not equal to itself
    assert [row.status for row in recalled.values()] == [Status.COMPLETED, Status.DIVERGED, Status.COMPLETED]


def test_the_files_are_not_decoded_again(store, configs, rows, monkeypatch):
    remember(store, "one", rows)
    remembered = recall(store, "one")
    monkeypatch.setattr(Store, "read_with_hashes", lambda self, run_id: pytest.fail("decoded"))
    assert len(plan(configs, store, remembered).stored) == 3


@pytest.mark.parametrize("place", [10, 0.5, -10])
def test_a_file_that_was_damaged_since_is_noticed(store, configs, rows, place):
    remember(store, "one", rows)
    path = store.run_path(rows[0].run_id)
    content = bytearray(path.read_bytes())
    content[int(len(content) * place) if isinstance(place, float) else place] ^= 0xFF
    path.write_bytes(content)
    again = plan(configs, store, recall(store, "one"))
    assert again.damaged == (rows[0].run_id,)
    assert set(again.stored) == {row.run_id for row in rows[1:]}


def test_a_run_that_was_made_again_is_decoded(store, configs, rows):
    remember(store, "one", rows)
    run = store.read(rows[0].run_id)
    changed = summarized(run, store.write(replace(run, train_seconds=run.train_seconds + 1)))
    found = plan(configs, store, recall(store, "one")).stored[run.run_id]
    assert found.hashes == changed.hashes != rows[0].hashes
    assert not is_remembered([found], recall(store, "one"))


def test_a_row_of_an_earlier_content_does_not_count(store, configs, rows):
    run = store.read(rows[0].run_id)
    changed = store.write(replace(run, train_seconds=run.train_seconds + 1))
    remember(store, "one", rows)
    assert plan(configs, store, recall(store, "one")).stored[run.run_id].hashes == changed


def test_a_file_that_was_damaged_before_is_noticed(store, configs, rows):
    path = store.run_path(rows[0].run_id)
    content = bytearray(path.read_bytes())
    content[10] ^= 0xFF
    path.write_bytes(content)
    remember(store, "one", rows)
    assert plan(configs, store, recall(store, "one")).damaged == (rows[0].run_id,)


def test_rows_that_were_changed_are_nothing(store, rows):
    remember(store, "one", rows)
    path = store.sweep_folder("one") / ROWS
    path.write_text(path.read_text().replace(str(rows[0].tail_loss), "0.001"))
    assert recall(store, "one") == {}


def test_a_pipe_in_place_of_the_rows_is_nothing(store):
    path = store.sweep_folder("one") / ROWS
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    assert recall(store, "one") == {}


def test_failed_runs_are_not_remembered(store, rows):
    failed = Run(digits_config(seed=5), Status.FAILED, failure=Failure("MemoryError", "none left", ""))
    row = summarized(failed, store.write(failed))
    remember(store, "one", [*rows, row])
    assert row.run_id not in recall(store, "one")
    assert is_remembered([*rows, row], recall(store, "one"))


GOOD = ["0" * 64, "0" * 64, "completed", True, 0.1, 0.1, 0.1]


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "{}", "[1, 2, 3]", "null", '["x", "y", {}]', "[" * 100_000,
        *(json.dumps([hash_of_sources("*.py"), checksum_of(rows), rows]) for rows in (
            3, [], {"0" * 16: GOOD[:-1]}, {"0" * 16: [*GOOD, 1]}, {"0" * 16: [*GOOD[:-1], "1"]}, {"0" * 16: [*GOOD[:-1], None]},
            {"0" * 16: [*GOOD[:2], "failed", *GOOD[3:]]}, {"0" * 16: [*GOOD[:2], "odd", *GOOD[3:]]}, {"0" * 16: {"file": 1}},
        )),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_read_is_nothing(store, content):
    assert Remembered(*GOOD).is_well_formed
    store.write_rows("one", content)
    assert recall(store, "one") == {}


def test_rows_of_other_code_are_nothing(store, rows):
    remember(store, "one", rows)
    path = store.sweep_folder("one") / ROWS
    path.write_text(path.read_text().replace(hash_of_sources("*.py"), "0" * 64))
    assert recall(store, "one") == {}
    assert recall(store, "two") == {}


def test_a_sweep_remembers_and_recalls(small_sweep):
    first = small_sweep("-m", "seed=1,2,3", "name=one")
    store = Store("results")
    remembered = recall(store, "one")
    assert len(remembered) == 3
    time = (store.sweep_folder("one") / ROWS).stat().st_mtime_ns
    again = small_sweep("-m", "seed=1,2,3", "name=one")
    assert again.out == first.out
    assert (store.sweep_folder("one") / ROWS).stat().st_mtime_ns == time
    small_sweep("-m", "seed=1,2,3,4", "name=one")
    assert len(recall(store, "one")) == 4
