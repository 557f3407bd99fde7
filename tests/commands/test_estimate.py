"""Estimates of time and disk, against real runs."""

import time
from contextlib import closing

import pytest
from conftest import digits_config, part, quadratic_config

from zdl_bench.api.amounts import size
from zdl_bench.api.estimate import DISK_BLOCK, MAX_KINDS, Cost, estimated_cost
from zdl_bench.api.notices import disk_warning
from zdl_bench.executors.attempt import attempt
from zdl_bench.executors.child import Children
from zdl_bench.run.atomic import DRAFT
from zdl_bench.run.config import Choice
from zdl_bench.store.store import Store


def stored_bytes(store, configs):
    for config in configs:
        store.write(attempt(config))
    assert not list(store.root.rglob(f"*{DRAFT}"))
    return sum(store.run_path(config.run_id).stat().st_size for config in configs)


@pytest.mark.slow
@pytest.mark.parametrize("steps", [3, 60, 2000])
def test_bytes_are_those_of_the_files(digits, tmp_path, steps):
    configs = [digits_config(name, lr=0.01, seed=seed, steps=steps) for name in ("sgd", "adam") for seed in (0, 1)]
    expected = stored_bytes(Store(tmp_path), configs)
    found = estimated_cost(configs).bytes - DISK_BLOCK / 2 * len(configs)
    assert found == pytest.approx(expected, rel=0.3)  # losses that fall compress less well than those of the trials


def test_bytes_of_runs_that_record_every_step(tmp_path):
    configs = [quadratic_config(lr=0.01, steps=steps) for steps in (20, 400, 800)]
    expected = stored_bytes(Store(tmp_path), configs)
    assert estimated_cost(configs).bytes - DISK_BLOCK / 2 * 3 == pytest.approx(expected, rel=0.2)


@pytest.mark.slow
def test_seconds_are_of_the_right_order(digits):
    configs = [digits_config("adam", seed=seed, steps=4000, problem=part("problem", "mlp", hidden=(64,))) for seed in (0, 1)]
    estimated = estimated_cost(configs).seconds
    began = time.perf_counter()
    for config in configs:
        attempt(config)
    ratio = estimated / (time.perf_counter() - began)
    assert 0.1 < ratio < 10  # other processes may be using the machine


@pytest.mark.slow
def test_the_start_of_a_process_is_no_part_of_a_run_of_few_steps():
    """One of three trials has to tell that: another process may take its place for as long."""
    began = time.monotonic()
    with closing(Children()) as children:
        children.make(quadratic_config(steps=5), None)
        start = time.monotonic() - began
    for steps in (5, 6):
        assert any(estimated_cost([quadratic_config(steps=steps)] * 1000).seconds < 1000 * start / 2 for _ in range(3))


@pytest.mark.slow
def test_more_kinds_than_are_tried_count_as_the_others(digits):
    def configs(widths):
        return [digits_config(steps=5, problem=part("problem", "mlp", hidden=(width,))) for width in widths]

    some = estimated_cost(configs(range(8, 8 + MAX_KINDS)))
    twice = estimated_cost(configs(range(8, 8 + 2 * MAX_KINDS)))
    assert twice.bytes == pytest.approx(2 * some.bytes, rel=0.05)


@pytest.mark.slow
def test_runs_that_fail_have_no_cost(digits):
    broken = digits_config(dataset=Choice("digits", {"checksum": "0" * 64, "validation_size": 300}))
    assert estimated_cost([broken]) is None
    half = estimated_cost([broken, digits_config()])
    assert half.bytes == pytest.approx(2 * estimated_cost([digits_config()]).bytes, rel=0.01)


def test_a_disk_that_is_too_small(tmp_path):
    store = tmp_path / "not" / "there" / "yet"
    assert disk_warning(Cost(1.0, 1.0), store) == ""
    words = disk_warning(Cost(1.0, 1e18), store)
    assert "the runs need about 1000000 TB" in words
    assert f"are free in {store}: free some space" in words
    assert "results_dir=DIR" in words


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (21_400, "21 kB"), (2_140_000, "2.1 MB"), (1.5e12, "1.5 TB")],
)
def test_sizes_are_written_for_people(count, words):
    assert size(count) == words
