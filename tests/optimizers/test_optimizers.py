"""Every optimizer of conf/: its rule against recorded trajectories of independent implementations, and the contract."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import OPTIMIZERS, optimizer_of, part

from zdl_bench.errors import ConfigError
from zdl_bench.kernels import choice, definition
from zdl_bench.registry import registry
from zdl_bench.run.run import Tensor

REFERENCE = json.loads((Path(__file__).parent / "trajectories.json").read_text())
META = REFERENCE["meta"]
LAYOUT = tuple(Tensor(start, stop, tuple(shape)) for start, stop, shape in META["layout"])
NAME_OF_CLASS = {
    "SGD": "sgd",
    "Momentum": "momentum",
    "AdaGrad": "adagrad",
    "RMSProp": "rmsprop_articles",
    "Adam": "adam",
    "AdamHat": "adam_articles",
}


def gradient_at(problem, step, w):
    if problem == "noise":
        return np.array(META["noise"]["gradients"][step - 1])
    return np.array(META["quad"]["curve"]) * (w - np.array(META["quad"]["center"]))


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda case: f"{case['class']}-{case['problem']}")
def test_agrees_with_recorded_trajectory(case):
    optimizer = optimizer_of(NAME_OF_CLASS[case["class"]])
    w = np.array(META["w0"])
    state = optimizer.init(w, LAYOUT, case["lr"])
    for step in range(1, META["steps"] + 1):
        factor = META["sched"]["lr_multiplier"][step - 1] if case["problem"] == "sched" else 1.0
        optimizer.update(w, gradient_at(case["problem"], step, w), state, case["lr"] * factor, step)
        if str(step) in case["params"]:
            expected = np.array(case["params"][str(step)])
            assert np.abs(w - expected).max() / max(1, np.abs(expected).max()) < 1e-10, f"step {step}"


def test_every_rule_of_the_articles_has_a_trajectory():
    assert {case["class"] for case in REFERENCE["cases"]} == set(NAME_OF_CLASS)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_keeps_the_dtype_and_the_gradient(name, dtype):
    optimizer = optimizer_of(name)
    rng = np.random.default_rng(1)
    w = rng.standard_normal(30).astype(dtype)
    state = optimizer.init(w, LAYOUT, 0.01)
    for step in range(1, 70):  # past a flush
        gradient = rng.standard_normal(30).astype(dtype)
        before = gradient.copy()
        optimizer.update(w, gradient, state, 0.01, step)
        assert np.array_equal(gradient, before)
    assert w.dtype == dtype
    assert all(buffer.dtype == dtype for buffer in state)
    assert np.isfinite(w).all()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_slices_do_not_change_the_bits(name, monkeypatch):
    def descend():
        optimizer = optimizer_of(name)
        w = np.random.default_rng(2).standard_normal(30).astype(np.float32)
        state = optimizer.init(w, LAYOUT, 0.01)
        for step in range(1, 30):
            optimizer.update(w, np.sin(w * step), state, 0.01, step)
        return w

    whole = descend()
    monkeypatch.setattr(definition, "SLICE", 7)
    assert np.array_equal(whole, descend())
    monkeypatch.setattr(choice, "MIN_COMPILED", 1)
    assert np.array_equal(whole, descend())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_finds_the_minimum_of_a_bowl(name):
    optimizer = optimizer_of(name)
    w = np.array([1.0, -2.0, 3.0])
    start = float(w @ w)
    state = optimizer.init(w, (Tensor(0, 3, (3,)),), 0.05)
    for step in range(1, 400):
        optimizer.update(w, 2 * w, state, 0.05, step)
    assert w @ w < 0.7 * start


@pytest.mark.parametrize(
    ("name", "lr", "expected"),
    [
        ("sgd", 0.01, (0.999, 2.002)),
        ("momentum", 0.01, (0.999, 2.002)),
        ("adagrad", 0.01, (0.99, 2.01)),
        ("adam", 0.001, (0.999, 2.001)),
    ],
)
def test_one_step_of_the_articles_example(name, lr, expected):
    """Section C of the articles. For Momentum it prints (0.99, 2.02), which its own formula does not give."""
    optimizer = optimizer_of(name)
    w = np.array([1.0, 2.0])
    state = optimizer.init(w, (Tensor(0, 2, (2,)),), lr)
    optimizer.update(w, np.array([0.1, -0.2]), state, lr, 1)
    assert w == pytest.approx(expected, abs=1e-6)


def test_vanishing_state_becomes_zero():
    """A float32 average of zero gradients would end in denormal numbers, and be slow for ever."""
    optimizer = optimizer_of("adam")
    w = np.ones(4, np.float32)
    state = optimizer.init(w, (Tensor(0, 4, (4,)),), 0.001)
    optimizer.update(w, np.ones(4, np.float32), state, 0.001, 1)
    for step in range(2, 1300):
        optimizer.update(w, np.zeros(4, np.float32), state, 0.001, step)
    assert np.array_equal(state[0], np.zeros(4))


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [("momentum", "momentum", 1.0), ("rmsprop", "decay", -0.1), ("adam", "beta2", 1.0), ("adam", "epsilon", 0.0)],
)
def test_hyper_parameters_are_validated_when_made(name, key, value):
    with pytest.raises(ConfigError, match=f"optimizer.{key}={value}"):
        registry.optimizer(part("optimizer", name, **{key: value}))
