"""The numbers of an existing config do not change unless ENGINE_VERSION does; neither the CPU nor the libraries change them."""

import itertools
import os
import subprocess
import sys
from dataclasses import replace

import digests
import pytest
from digests import full_set, hash_of_numbers, legacy, network, products, short_set, stored
from machines import lacking, settings

from zdl_bench.training.loop import train

SETTINGS = settings()


def test_the_numbers_are_those_of_this_engine():
    assert digests.differences(digests.available(short_set())) == []


def test_legacy_runs_are_the_same_runs():
    _, entries = stored()
    assert {name: config.run_id for name, config in legacy().items()} == {name: entries[name]["run_id"] for name in legacy()}


def test_every_run_is_stored_and_every_stored_run_is_compared():
    assert list(stored()[1]) == [*full_set(), *legacy()]


@pytest.mark.parametrize("column", ["step", "probe_loss"])
def test_the_numbers_include_the_oscillation_profile(column, digits):
    run = train(network("digits", "sgd", "float32"))
    values = getattr(run.curve.profile, column).copy()
    assert len(values) > 1
    values[1] += 1
    profile = replace(run.curve.profile, **{column: values})
    assert hash_of_numbers(replace(run, curve=replace(run.curve, profile=profile))) != hash_of_numbers(run)


@pytest.mark.parametrize("data", digests.DATA)
def test_the_short_set_covers_every_pair_of_values(data):
    axes = ({data}, digests.OPTIMIZERS, digests.ACTIVATIONS, digests.DTYPES, digests.REDUCTIONS)
    rows = [name.split(", ") for name in products(data)[0]]
    for one, other in itertools.combinations(range(len(axes)), 2):
        assert {(row[one], row[other]) for row in rows} == set(itertools.product(axes[one], axes[other]))
    assert sum(map(len, products(data))) == len(list(itertools.product(*axes)))


@pytest.mark.slow
@pytest.mark.parametrize("name", SETTINGS)
def test_the_numbers_are_those_of_every_machine(name, digits):
    setting = SETTINGS[name]
    if missing := lacking(setting.level):
        pytest.skip(f"this CPU is no {setting.level}: it lacks {', '.join(missing)}")
    command = [sys.executable, digests.__file__, "--check"]
    done = subprocess.run(
        command, env=os.environ | setting.variables, capture_output=True, text=True, timeout=1200, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
