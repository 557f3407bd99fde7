"""Whatever a run accepts, its report survives: every numeric key of every part, at both ends of what it accepts."""

import sys
import warnings
from pathlib import Path
from typing import get_args, get_origin

import pytest
from conftest import SMALL

from zdl_bench.registry import conf_files, registry

TINY, HUGE, MOST = 5e-324, 1e300, sys.float_info.max
NUMBERS = (0.0, TINY, 1e-300, 1.0, HUGE, MOST)
WHOLE = (0, 1, 2, 1200, 1499, 10**6, 2**63 - 1)
"""The training set of the digits has 1,200 images, without validation images 1,500."""
NETWORK = ("dataset=digits", *SMALL)
SHORT = ("executor=serial", "formats=[png]")
FEW = 2
"""Values at each end of what is accepted."""


def key_values() -> dict[str, tuple[tuple[str, ...], str, tuple[object, ...]]]:
    """Name of a case → the command around it, the key, and what is tried."""
    pair, steps = "optimizer=sgd,adam", "steps=12"
    of_a_network, of_a_surface = (pair, steps, *NETWORK), (pair, steps, "problem=bowl")
    cases = {}
    for name, command in (("network", of_a_network), ("surface", of_a_surface)):
        cases[f"lr of a {name}"] = (command, "lr", NUMBERS)
        cases[f"seed of a {name}"] = ((*command, "lr=0.1,1"), "seed", WHOLE)
        cases[f"steps of a {name}"] = ((pair, "lr=0.1", *command[2:]), "steps", (1, 2, 3))
        cases[f"probe.count of a {name}"] = ((*command, "lr=0.1"), "probe.count", WHOLE)
    cases["lr of float64"] = ((*of_a_network, "dtype=float64"), "lr", NUMBERS)
    cases["probe.images"] = ((*of_a_network, "lr=0.1"), "probe.images", WHOLE)
    cases["dataset.validation_size"] = ((*of_a_network, "lr=0.01"), "dataset.validation_size", WHOLE)
    for group in ("optimizer", "schedule", "problem"):
        for name in conf_files.native_names(group):
            for key, kind in registry._declared_types(group, name).items():
                values = tried(kind)
                if values:
                    needs_data = group == "problem" and name.startswith("mlp")
                    surface = () if group == "problem" else ("problem=bowl",)
                    around = (steps, *(NETWORK if needs_data else surface), f"{group}={name}")
                    optimizer = () if group == "optimizer" else (pair,)
                    cases[f"{name}.{key}"] = ((*around, *optimizer, "lr=0.1"), f"{group}.{key}", values)
    return cases


def tried(kind: object) -> tuple[object, ...]:
    """Values of a type at both ends; none where it is no number."""
    if get_origin(kind) is tuple:
        [item, *_] = get_args(kind)
        return tuple(f"[{value},{value}]" for value in tried(item) if value != 0 or item is float)
    return {float: NUMBERS, int: WHOLE}.get(kind, ())


CASES = key_values()
ALWAYS = ("lr of a network", "lr of a surface", "lr of float64", "adam.epsilon", "bowl.start", "mlp.init_std")
"""The others take a quarter of an hour: they are for a release."""


@pytest.mark.slow
@pytest.mark.parametrize("case", [case if case in ALWAYS else pytest.param(case, marks=pytest.mark.release) for case in CASES])
def test_the_report_survives(command, digits, case):
    around, key, values = CASES[case]
    around = tuple(word for word in around if not word.startswith(f"{key}="))
    accepted = [value for value in values if command("-m", *around, f"{key}={value}", "dry_run=true").status == 0]
    feasible = [value for value in accepted if is_feasible(key, value)]
    assert feasible, f"{key} accepts none of {values}"
    ends = dict.fromkeys([*feasible[:FEW], *(value for value in feasible if value == 1), *feasible[-FEW:]])
    seeds = () if key == "seed" else ("seed=0,1",)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a user would see them
        outcome = command("-m", *around, f"{key}={','.join(map(str, ends))}", *seeds, *SHORT)
    assert "Traceback" not in outcome.err
    assert outcome.status == 0, outcome.err
    [page] = Path("results").glob("sweeps/*/report.html")
    assert page.stat().st_size > 100_000


def is_feasible(key: str, value: object) -> bool:
    """Whether a test has the memory and the time for it."""
    return key not in ("problem.dimension", "problem.hidden", "schedule.drops") or "0000" not in str(value).replace(".0", "")
