"""Every optimizer of conf/: its rule against recorded trajectories of independent implementations."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from conftest import optimizer_of, part, step_of

from zdl_bench.errors import ConfigError
from zdl_bench.registry import registry
from zdl_bench.run.run import Tensor

REFERENCE = json.loads((Path(__file__).parent / "trajectories.json").read_text())
META = REFERENCE["meta"]
LAYOUT = tuple(Tensor(start, stop, tuple(shape)) for start, stop, shape in META["layout"])


@dataclass(frozen=True)
class Rule:
    """How a rule of the trajectories is chosen here.

    keys: hyper-parameter in the file → ours. values: ours that differ from the YAML in every case. transforms: around it.
    """

    name: str
    keys: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, object] = field(default_factory=dict)
    transforms: tuple[str, ...] = ()


EPSILON = {"eps": "epsilon"}
DECAY = {"decay": "weight_decay"}
RULES = {
    "SGD": Rule("sgd"),
    "Momentum": Rule("momentum"),
    "MomentumTorch": Rule("momentum_torch"),
    "Nesterov": Rule("nesterov"),
    "SignSGD": Rule("signum", values={"momentum": 0.0}),
    "Signum": Rule("signum"),
    "AdaGrad": Rule("adagrad", EPSILON),
    "RMSProp": Rule("rmsprop", EPSILON | {"rho": "decay"}),
    "AdaDelta": Rule("adadelta", {"rho": "decay"}),
    "Adam": Rule("adam"),
    "AdamHat": Rule("adam_articles", EPSILON),
    "AdamW": Rule("adamw"),
    "AMSGrad": Rule("amsgrad"),
    "AdaMax": Rule("adamax"),
    "NAdam": Rule("nadam", EPSILON | {"psi": "momentum_decay"}),
    "RAdam": Rule("radam"),
    "AdaBelief": Rule("adabelief", EPSILON),
    "AdaBound": Rule("adabound"),
    "Yogi": Rule("yogi"),
    "MADGRAD": Rule("madgrad"),
    "Lion": Rule("lion"),
    "Adan": Rule("adan", DECAY),
    "AdEMAMix": Rule("ademamix"),
    "ADOPT": Rule("adopt", EPSILON),
    "LAMB": Rule("lamb", DECAY),
    "LARS": Rule("lars", DECAY),
    "NovoGrad": Rule("novograd", DECAY),
    "Adafactor": Rule("adafactor", DECAY | {"eps1": "epsilon1"}, {"epsilon1": 2.0**-52}),  # PyTorch: that of float64
    "Muon": Rule("muon", DECAY, {"aux": 1.0}),
    "ScheduleFreeSGD": Rule("schedule_free_sgd"),
    "ScheduleFreeAdamW": Rule("schedule_free_adamw", DECAY),
    "DoG": Rule("dog", {"reps": "initial"}),
    "LDoG": Rule("ldog", {"reps": "initial"}),
    "DoWG": Rule("dowg", EPSILON),
    "DAdaptAdam": Rule("dadapt_adam", DECAY),
    "Prodigy": Rule("prodigy", DECAY),
    "COCOB": Rule("cocob", EPSILON),
    "Mechanic": Rule("sgd", {"s_init": "mechanic.initial"}, transforms=("mechanic",)),
}
NOT_BUILT = {
    "SGD": {"weight_decay": "coupled decay adds to the gradient; no transform does that"},
    "Adam": {"weight_decay": "coupled decay"},
    "AdaGrad": {"initial": "h starts at 0"},
    "RMSProp": {"centered": "not offered"},
    "DAdaptSGD": {"lr": "it diverges on the default network: it divides by the norm of the first gradient, which is tiny"},
    "Rprop": {"lr": "made for the gradient of all data: signs of batches disagree by noise, and no schedule has an effect"},
}
"""Rule → the hyper-parameter of the cases that are left out → why. Of a rule that is left out whole, the key is lr."""


def is_built(case):
    return not case["hyper"].keys() & NOT_BUILT.get(case["class"], {}).keys() and case["class"] in RULES


def gradient_at(problem, step, w):
    if problem == "noise":
        return np.array(META["noise"]["gradients"][step - 1])
    return np.array(META["quad"]["curve"]) * (w - np.array(META["quad"]["center"]))


def optimizer_of_case(case):
    rule = RULES[case["class"]]
    given = {rule.keys.get(key, key): value for key, value in case["hyper"].items() if key not in {"lr", "base"}}
    transforms = {name: {} for name in rule.transforms}
    for key in [key for key in given if "." in key]:  # clip_norm.norm is the key of a transform
        transform, own = key.split(".")
        transforms[transform][own] = given.pop(key)
    optimizer = registry.optimizer(part("optimizer", rule.name, **(dict(rule.values) | given)))
    for name in reversed(rule.transforms):
        optimizer = registry.build_part("transform", part("transform", name, **transforms[name]), inner=optimizer)
    return optimizer


@pytest.mark.parametrize(
    "case", [case for case in REFERENCE["cases"] if is_built(case)], ids=lambda case: f"{case['class']}-{case['problem']}"
)
def test_agrees_with_recorded_trajectory(case):
    optimizer = optimizer_of_case(case)
    w = np.array(META["w0"])

    def step_at(number):
        factor = META["sched"]["lr_multiplier"][number - 1] if number and case["problem"] == "sched" else 1.0
        return step_of(number, case["lr"] * factor, layout=LAYOUT, base_lr=case["lr"])

    state = optimizer.init(w, step_at(0))
    for number in range(1, META["steps"] + 1):
        optimizer.update(w, gradient_at(case["problem"], number, w), state, step_at(number))
        if str(number) in case["params"]:
            expected = np.array(case["params"][str(number)])
            assert np.abs(w - expected).max() / max(1, np.abs(expected).max()) < 1e-10, f"step {number}"
    assert case["params"].keys() >= {"1", "2", "3", "5", "6", "10", "20"}


def test_every_recorded_rule_is_compared_or_left_out_for_a_reason():
    assert {case["class"] for case in REFERENCE["cases"]} == RULES.keys() | NOT_BUILT.keys()
    for name in RULES:
        compared = [case["problem"] for case in REFERENCE["cases"] if case["class"] == name and is_built(case)]
        assert len(compared) >= 3, name


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
    state = optimizer.init(w, step_of(0, lr))
    optimizer.update(w, np.array([0.1, -0.2]), state, step_of(1, lr))
    assert w == pytest.approx(expected, abs=1e-6)


def test_vanishing_state_becomes_zero():
    """A float32 average of zero gradients would end in denormal numbers, and be slow for ever."""
    optimizer = optimizer_of("adam")
    w = np.ones(4, np.float32)
    state = optimizer.init(w, step_of(0, 0.001))
    optimizer.update(w, np.ones(4, np.float32), state, step_of(1, 0.001))
    for step in range(2, 1300):
        optimizer.update(w, np.zeros(4, np.float32), state, step_of(step, 0.001))
        state.flush_vanishing()
    assert np.array_equal(state.arrays["m"], np.zeros(4))


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [("momentum", "momentum", 1.0), ("rmsprop", "decay", -0.1), ("adam", "beta2", 1.0), ("adam", "epsilon", 0.0)],
)
def test_hyper_parameters_are_validated_when_made(name, key, value):
    with pytest.raises(ConfigError, match=f"optimizer.{key}={value}"):
        registry.optimizer(part("optimizer", name, **{key: value}))
