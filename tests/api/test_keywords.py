"""Keyword arguments of Python, as the overrides of a command line."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from zdl_bench.api.keywords import call_text, overrides_of, settled
from zdl_bench.errors import ConfigError
from zdl_bench.plan.command_line import read_command_line


@pytest.mark.parametrize(
    ("key", "value", "override"),
    [
        ("optimizer", "sgd", "optimizer=sgd"),
        ("optimizer", ["sgd", "adam"], "optimizer=sgd,adam"),
        ("lr", [1e-3, 1e-2], "lr=0.001,0.01"),
        ("lr", np.array([0.5, 1e-5]), "lr=0.5,1e-05"),
        ("lr", np.float64(0.1), "lr=0.1"),
        ("lr", np.array(0.1), "lr=0.1"),
        ("optimizer", np.array(["sgd", "adam"]), "optimizer=sgd,adam"),
        ("problem.hidden", np.array([[50], [20]]), "problem.hidden=[50],[20]"),
        ("lr", None, "lr=null"),
        ("seed", range(10), "seed=range(0,10)"),
        ("seed", range(0, 10, 5), "seed=range(0,10,5)"),
        ("seed", range(3, 0, -1), "seed=3,2,1"),
        ("seed", (seed for seed in (4, 7)), "seed=4,7"),
        ("problem.hidden", (200, 200), "problem.hidden=[200,200]"),
        ("problem.hidden", [(50,), (200, 200)], "problem.hidden=[50],[200,200]"),
        ("tuning_seeds", range(100, 103), "tuning_seeds=range(100,103)"),
        ("tuning_seeds", [1, 2], "tuning_seeds=[1,2]"),
        ("formats", ["png", "svg"], "formats=[png,svg]"),
        ("results_dir", Path("a b/c"), "results_dir='a b/c'"),
        ("name", "1.10", "name='1.10'"),
        ("dry_run", True, "dry_run=True"),
        ("problem", {"hidden": (50,)}, "problem={hidden:[50]}"),
    ],
)
def test_a_value_becomes_what_a_user_would_type(key, value, override):
    assert overrides_of({key: value}) == [override]
    read_command_line(["-m", override])  # raises ConfigError for an override that means nothing


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"problem__hidden": 50}, r"problem__hidden: write a key with its dots, as \*\*{'problem.hidden': …}"),
        ({"--cfg": "job"}, "--cfg: this is no key"),
        ({"a=b": 1}, "a=b: this is no key"),
        ({"lr": object()}, "lr=<object object at .*: give a number, a text"),
        ({"lr": []}, r"lr=\[\]: the list is empty; give at least one value"),
        (
            {"problem.hidden": [200, 200]},
            r"a list is a sweep; write \(200, 200\) for one value, or \[\(200,\), \(200,\)\] for a",
        ),
    ],
)
def test_what_no_command_line_can_give_is_refused_with_the_remedy(keys, words):
    with pytest.raises(ConfigError, match=words):
        overrides_of(keys)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.array([0.5, 1e-5]), "lr=[0.5, 1e-05]"),
        (np.array(0.1), "lr=0.1"),
        (np.float32(0.5), "lr=0.5"),
        ((rate for rate in (0.1, 0.2)), "lr=[0.1, 0.2]"),
        (map(float, "12"), "lr=[1.0, 2.0]"),
        (range(10**6), "lr=range(0, 1000000)"),
        (np.arange(100_000), "lr=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, ...]"),
    ],
)
def test_the_text_of_a_call_is_short_and_reads_no_value_up(value, text):
    value = settled(value)
    assert call_text({"lr": value}) == f"zdl_bench.sweep({text})"
    assert overrides_of({"lr": value}) == overrides_of({"lr": value})


def test_the_text_of_a_call_with_a_large_object_is_short():
    assert len(call_text({"optimizer": [SimpleNamespace(weights=[*range(10**5)])], "problem.hidden": [(1,)] * 1000})) < 1000


def test_a_call_reads_as_it_was_typed():
    keys = {"optimizer": ["sgd"], "seed": range(3), "problem.hidden": (50,)}
    assert call_text(keys) == "zdl_bench.sweep(optimizer=['sgd'], seed=range(0, 3), **{'problem.hidden': (50,)})"
