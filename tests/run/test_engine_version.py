"""The numbers of an existing config do not change unless ENGINE_VERSION does."""

import json

import numpy as np
import pytest
from engine_curves import FILE, configs

from zdl_bench.run.config import ENGINE_VERSION
from zdl_bench.training.loop import train

STORED = json.loads(FILE.read_text())
REMEDY = "raise ENGINE_VERSION in config.py and run tests/engine_curves.py"


def test_the_curves_are_those_of_this_engine():
    assert STORED["engine"] == ENGINE_VERSION, REMEDY


@pytest.mark.parametrize("name", STORED["curves"])
def test_numbers_are_those_of_this_engine(digits, name):
    stored, run = STORED["curves"][name], train(configs()[name])
    assert run.run_id == stored["run_id"], f"what identifies a run has changed; {REMEDY}"
    assert run.status.value == stored["status"]
    if run.config.dtype == "float64":
        expected = np.array(stored["train_loss"])
        assert np.abs(run.curve.train_loss / expected - 1).max() < 1e-12, REMEDY
        for key, value in stored["end"].items():
            assert run.end[key] == pytest.approx(value, rel=1e-10), REMEDY
    else:
        assert run.curve.train_loss[::8] == pytest.approx(stored["train_loss"], rel=1e-3), REMEDY


def test_every_curve_is_compared():
    assert set(configs()) == set(STORED["curves"])
