"""A thread that rounds otherwise than IEEE 754 by default is noticed, at the start of a run and at its end."""

import ctypes
import ctypes.util
import os
import threading
from pathlib import Path

import pytest
import rounding_modes
from conftest import quadratic_config, run_process
from own_optimizers import checkout_with
from rounding_modes import DEFAULT, MODES, set_mode

from zdl_bench import load_results
from zdl_bench.errors import ZdlBenchError
from zdl_bench.executors.attempt import attempt
from zdl_bench.kernels.rounding import RoundingError, require_default_rounding
from zdl_bench.optimizers.sgd import SGD
from zdl_bench.run.run import Status
from zdl_bench.training.loop import train

REMEDY = "start the sweep without this library"


@pytest.fixture(scope="module", autouse=True)
def settable():
    """Skip the tests on a machine that does not let a test change its modes."""
    try:
        set_mode(DEFAULT)
    except OSError as error:
        pytest.skip(f"the floating-point modes cannot be set here: {error}")


def in_a_thread(function, *arguments):
    """Return the result or the error of a function in a thread of its own, whose modes end with it."""
    outcome = []

    def call():
        try:
            outcome.append(function(*arguments))
        except ZdlBenchError as error:
            outcome.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    return outcome[0]


def after(mode, function, *arguments):
    set_mode(mode)
    return function(*arguments)


def test_the_default_is_allowed():
    require_default_rounding()
    assert in_a_thread(after, DEFAULT, require_default_rounding) is None


@pytest.mark.parametrize("name", MODES)
def test_another_mode_is_named_with_its_remedy(name):
    error = in_a_thread(after, MODES[name], require_default_rounding)
    assert isinstance(error, RoundingError)
    flushes = ("zero" in name and name != "toward zero") or name == "both"
    expected = "flushes subnormal numbers to zero" if flushes else "does not round to the nearest number"
    assert expected in str(error)
    assert REMEDY in str(error)
    require_default_rounding()


def test_a_mode_that_the_c_library_sets_is_noticed():
    """By fesetround, as a C program does."""
    directions = {"x86_64": (0x400, 0x800, 0xC00), "aarch64": (0x800000, 0x400000, 0xC00000)}[rounding_modes.MACHINE]
    libm = ctypes.CDLL(ctypes.util.find_library("m"))

    def check(direction):
        assert libm.fesetround(direction) == 0
        require_default_rounding()

    for direction in directions:
        assert "does not round to the nearest number" in str(in_a_thread(check, direction))


@pytest.mark.parametrize("name", MODES)
def test_no_run_starts_in_another_mode(name):
    assert isinstance(in_a_thread(after, MODES[name], train, quadratic_config()), RoundingError)
    run = in_a_thread(after, MODES[name], attempt, quadratic_config())
    assert run.status is Status.FAILED
    assert run.failure.type == "RoundingError"
    assert run.digest is None


@pytest.mark.parametrize("name", MODES)
def test_a_run_whose_mode_changes_half_way_failed(name, monkeypatch):
    own = SGD.scalars

    def scalars(self, step, memory):
        if step.number == 25:
            set_mode(MODES[name])
        return own(self, step, memory)

    monkeypatch.setattr(SGD, "scalars", scalars)
    run = in_a_thread(attempt, quadratic_config())
    assert run.status is Status.FAILED
    assert run.failure.type == "RoundingError"
    assert REMEDY in run.failure.message
    assert (run.curve, run.digest) == (None, None)


RULE = """
from dataclasses import dataclass

from rounding_modes import MODES, set_mode
from zdl_bench.optimizers.sgd import SGD


@dataclass(frozen=True)
class Switching(SGD):
    def scalars(self, step, memory):
        if step.number == 5:
            set_mode(MODES["upward"])
        return super().scalars(step, memory)
"""


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_a_sweep_shows_such_runs_as_failed(executor, tmp_path):
    checkout = checkout_with(tmp_path, RULE, ("Switching",))
    keys = ["problem=quadratic", "optimizer=sgd,switching", "steps=9", "report=false", f"executor={executor}", "n_jobs=2"]
    variables = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    outcome = run_process("-m", *keys, cwd=checkout, env=variables)
    assert "does not round to the nearest number" in outcome.out + outcome.err
    runs = load_results(tmp_path / "results").runs.set_index("optimizer")
    assert runs.loc["switching", "status"] == "failed"
    assert runs.loc["sgd", "status"] == "completed"
