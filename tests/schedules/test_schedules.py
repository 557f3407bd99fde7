"""Schedules: the factors of PyTorch's, the warm-up as a combinator, and ids that have not moved.

tests/schedules/torch_schedules.py recorded torch_schedules.json; each case holds the PyTorch expression that it comes from.
"""

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from conftest import part, quadratic_config

from zdl_bench.errors import ConfigError
from zdl_bench.registry import conf_files, registry
from zdl_bench.run.axes import axes_of
from zdl_bench.schedules.schedule import Schedule
from zdl_bench.training.loop import train

RECORDED = json.loads((Path(__file__).parent / "torch_schedules.json").read_text(encoding="utf-8"))["cases"]
SCHEDULES = conf_files.names("schedule")


def factors_of(name: str, steps: int, **values) -> np.ndarray:
    schedule = registry.schedule(part("schedule", name, **values))
    return np.array([schedule.factor(step, steps) for step in range(1, steps + 1)])


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: f"{case['schedule']}-{len(case['factors'])}-{case['values']}")
def test_factors_are_those_of_pytorch(case):
    found = factors_of(case["schedule"], len(case["factors"]), **case["values"])
    assert len(found) == len(case["factors"]) > 0
    assert np.abs(found - case["factors"]).max() < 1e-12, case["torch"]


def test_every_schedule_is_recorded_with_a_warm_up_and_without():
    warm = {case["schedule"] for case in RECORDED if case["values"].get("warmup_share")}
    assert {case["schedule"] for case in RECORDED} == set(SCHEDULES)
    assert warm == set(SCHEDULES)
    assert {"lr.StepLR", "lr.MultiStepLR"} <= {word for case in RECORDED for word in re.findall(r"lr\.\w+", case["torch"])}


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_warm_up_is_a_line_before_the_schedule_of_a_shorter_run(name, share):
    steps = 50
    warmup = int(share * steps)
    found = factors_of(name, steps, warmup_share=share)
    assert found[:warmup] == pytest.approx([step / warmup for step in range(1, warmup + 1)], rel=1e-15)
    assert found[warmup:].tolist() == factors_of(name, steps - warmup, warmup_share=0.0).tolist()


@pytest.mark.parametrize("name", SCHEDULES)
def test_factors_start_at_1_never_rise_after_the_warm_up_and_stay_in_0_to_1(name):
    for steps in (1, 2, 3, 10, 1000):
        found = factors_of(name, steps, warmup_share=0.0)
        if name != "warmup_stable_decay" or steps > 4:
            assert found[0] == 1
        assert (np.diff(found) <= 0).all()
        assert (found >= 0).all()


def test_a_schedule_with_a_final_factor_ends_there():
    for name in ("linear", "cosine", "exponential", "warmup_stable_decay"):
        assert factors_of(name, 100, final_factor=0.25)[-1] == pytest.approx(0.25, rel=1e-15), name


def test_the_inverse_square_root_does_not_depend_on_the_number_of_steps():
    assert factors_of("inverse_sqrt", 10).tolist() == factors_of("inverse_sqrt", 1000)[:10].tolist()
    warm = factors_of("inverse_sqrt", 1000, timescale=100, warmup_share=0.1)
    transformer = [min(step / 100, math.sqrt(100 / step)) for step in range(1, 1001)]
    assert warm[:100] == pytest.approx(transformer[:100])
    assert warm[101:] == pytest.approx(transformer[100:-1]), "one step later, as the docstring says"


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_yaml_and_the_class_agree(name):
    made = registry.schedule(part("schedule", name))
    assert made == type(made)()


IDS = {  # of runs before every schedule had a warm-up
    "constant": "86a6a78536d16112",
    "cosine": "f3380ce46b913f6f",
    "step_decay": "8de51507d1a982f5",
}


@pytest.mark.parametrize("name", IDS)
def test_ids_of_runs_without_a_warm_up_have_not_moved(name):
    config = quadratic_config("sgd", 0.1, schedule=part("schedule", name))
    assert config.run_id == IDS[name]
    assert ("warmup_share" in config.schedule.values) == (name == "cosine")
    assert quadratic_config("sgd", 0.1, schedule=part("schedule", name, warmup_share=0.1)).run_id != IDS[name]


def test_the_training_loop_warms_up():
    schedule = part("schedule", "linear", warmup_share=0.25, final_factor=0.5)
    run = train(quadratic_config("sgd", lr=0.4, schedule=schedule, steps=8))
    assert run.curve.lr == pytest.approx([0.2, 0.4, 0.4, 0.36, 0.32, 0.28, 0.24, 0.2])


def test_a_schedule_of_ones_own_gets_the_warm_up():
    @dataclass(frozen=True)
    class Halved(Schedule):
        def after_warmup(self, step: int, steps: int) -> float:
            return 0.5

    assert [Halved(warmup_share=0.5).factor(step, 4) for step in (1, 2, 3, 4)] == [0.5, 1, 0.5, 0.5]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        *((name, {"warmup_share": share}) for name in SCHEDULES for share in (-0.1, 1.0, math.nan)),
        *((name, {"final_factor": 1.5}) for name in ("linear", "cosine", "exponential", "warmup_stable_decay")),
        ("exponential", {"final_factor": 0.0}),
        ("inverse_sqrt", {"timescale": 0}),
        ("warmup_stable_decay", {"decay_share": 1.01}),
        ("step_decay", {"decay": 0.0}),
        ("step_decay", {"drops": 0}),
    ],
)
def test_wrong_values_are_refused_by_name(name, values):
    key = next(iter(values))
    with pytest.raises(ConfigError, match=rf"schedule\.{key}={values[key]}: "):
        registry.schedule(part("schedule", name, **values))


@pytest.mark.slow
def test_warm_ups_are_swept_over_any_schedules(command):
    words = ["problem=bowl", "optimizer=sgd", "lr=0.1", "steps=20", "executor=serial"]
    outcome = command("-m", *words, "schedule=constant,linear,cosine,inverse_sqrt", "schedule.warmup_share=0,0.1")
    assert outcome.status == 0, outcome.err


@pytest.mark.parametrize("name", SCHEDULES)
def test_runs_with_and_without_a_warm_up_are_places_on_an_axis(name):
    """Although the id of a run without one does not name it."""
    configs = [quadratic_config("sgd", 0.1, schedule=part("schedule", name, warmup_share=share)) for share in (0.0, 0.2)]
    assert [config.flat()["schedule.warmup_share"] for config in configs] == [0.0, 0.2]
    [axis] = axes_of(configs)
    assert axis.key == "schedule.warmup_share"
    assert axis.numbers == [0.0, 0.2]
    assert [(cell.place, cell.is_constant) for cell in axis.cells] == [(0, False), (1, False)]
