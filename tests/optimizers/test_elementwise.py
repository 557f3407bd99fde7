"""What a rule may say of itself, and what it is told if it is wrong."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from conftest import optimizer_of, quadratic_config, step_of

from zdl_bench.errors import ConfigError
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.training.loop import descend, problem_of


@dataclass(frozen=True)
class Counting(Elementwise):
    """w ← w − lr·c·g, where c halves in each step; three arrays and a number are kept."""

    half: float = 0.5
    level: float = 3.0
    buffers = {"start": "w", "high": "level", "sum": 1.0}
    memory = {"c": 1.0}

    def scalars(self, step, memory):
        memory["c"] *= self.half
        return {"c": memory["c"]}

    @staticmethod
    def rule(w, g, start, high, sum, *, lr, c, one_minus_half):
        return w - lr * c * g, start, high, sum + one_minus_half * g


def test_buffers_and_memory_start_as_the_class_says():
    w = np.array([1.0, 2.0], np.float32)
    state = Counting(level=7.0).init(w, step_of(0))
    assert {name: array.tolist() for name, array in state.arrays.items()} == {"start": [1, 2], "high": [7, 7], "sum": [1, 1]}
    assert state.scalars == {"c": 1.0}
    assert state.arrays["start"] is not w
    assert Counting.memory == {"c": 1.0}


def test_scalars_and_memory_belong_to_the_run():
    rule, grad = Counting(half=0.25), np.array([1.0, 1.0])
    for _ in range(2):  # one object serves several runs
        w = np.zeros(2)
        state = rule.init(w, step_of(0))
        for number in (1, 2):
            rule.update(w, grad, state, step_of(number, 0.1))
        assert w == pytest.approx(-0.1 * (0.25 + 0.0625))
        assert state.scalars == {"c": 0.0625}
        assert state.arrays["sum"] == pytest.approx(1 + 2 * 0.75)


def test_many_buffers_are_compiled_with_the_same_bits(monkeypatch):
    from zdl_bench.kernels import choice

    config = quadratic_config(steps=5, problem={"dimension": 500}, dtype="float32")
    compiled = choice.kernels_for(np.dtype("float32"))
    assert compiled._update(Counting.rule, 3, ("lr", "c", "one_minus_half"))[0] is not None
    slow = descend(config, problem_of(config), Counting()).params
    monkeypatch.setattr(choice, "MIN_COMPILED", 1)
    assert np.array_equal(slow, descend(config, problem_of(config), Counting()).params)


def test_a_rule_that_takes_other_buffers_is_an_error():
    with pytest.raises(TypeError, match=r"rule of Wrong must take w, g, m, then its scalars after a \*"):

        class Wrong(Elementwise):
            buffers = {"m": 0.0}

            @staticmethod
            def rule(w, g, v, *, lr):
                return w, v


def test_a_scalar_that_nothing_gives_is_named():
    @dataclass(frozen=True)
    class Wrong(Elementwise):
        @staticmethod
        def rule(w, g, *, rate):
            return w - rate * g

    config = quadratic_config()
    with pytest.raises(ConfigError, match=r"Wrong.rule: rate is no hyper-parameter of Wrong; return it from Wrong.scalars"):
        descend(config, problem_of(config), Wrong())


@pytest.mark.parametrize("returned", [lambda w, m: w, lambda w, m: (w,), lambda w, m: (w, m, m)])
def test_a_rule_that_returns_another_number_of_values_is_an_error(returned):
    @dataclass(frozen=True)
    class Wrong(Elementwise):
        buffers = {"m": 0.0}

        @staticmethod
        def rule(w, g, m, *, lr):
            return returned(w, m)

    with pytest.raises(ConfigError, match=r"Wrong.rule: it must return w, m, and nothing else"):
        Wrong().init(np.ones(3), step_of(0))


def test_a_rule_without_buffers_returns_no_tuple():
    @dataclass(frozen=True)
    class Wrong(Elementwise):
        @staticmethod
        def rule(w, g, *, lr):
            return w, g

    with pytest.raises(ConfigError, match="it must return w, and nothing else"):
        Wrong().init(np.ones(3), step_of(0))


def test_a_step_tells_the_schedule_apart():
    """A rule that ignores the schedule uses base_lr; Adam uses lr."""
    w, grad = np.zeros(2), np.ones(2)
    optimizer = optimizer_of("sgd")
    optimizer.update(w, grad, optimizer.init(w, step_of(0)), replace(step_of(1, 0.1), base_lr=0.5))
    assert w == pytest.approx(-0.1)
