"""What holds of every rule of conf/optimizer and around every transform of conf/transform. No test names a rule.

As in a run, rules may look at the layout, draw numbers, ask for a second gradient, and answer with another point.
"""

import copy
import math
from inspect import signature

import numpy as np
import pytest
from conftest import OPTIMIZERS, optimizer_of, part, step_of

from zdl_bench.errors import ConfigError
from zdl_bench.kernels import choice, definition
from zdl_bench.kernels.portable import typed_for
from zdl_bench.kernels.streams import spawned_streams
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.optimizer import FLUSH_INTERVAL, Optimizer, Step
from zdl_bench.registry import conf_files, registry
from zdl_bench.run.run import Floats, Tensor

RULES = [*OPTIMIZERS, *(f"{name} around {inner}" for name in conf_files.names("transform") for inner in ("sgd", "adam"))]
LAYOUT = (Tensor(0, 24, (6, 4)), Tensor(24, 28, (4,)), Tensor(28, 36, (4, 2)), Tensor(36, 38, (2,)))
SIZE = LAYOUT[-1].stop
DEAD = np.arange(SIZE) % 5 == 2
"""The parameters whose gradient is always 0, as that of the weights of a pixel that is never lit."""
SCALE = 100.0
"""The gradient is that of the loss times this, as that of a batch of 100 images with problem.loss_reduction=sum."""
every_rule = pytest.mark.parametrize("name", RULES)


def rule_of(name: str) -> Optimizer:
    transform, _, inner = name.rpartition(" around ")
    own = optimizer_of(inner)
    return registry.build_part("transform", part("transform", transform), inner=own) if transform else own


def lr_of(name: str) -> float:
    """The learning rate of the rule's YAML. A rule without one gets the schedule's factor."""
    return conf_files.load_yaml("optimizer", name.rpartition(" ")[2])["default_lr"] or 1.0


class Path:
    """The way of a rule down f(w) = ½ Σ λ(w − c)². Gradients are those of SCALE·f, plus noise where a parameter is not dead."""

    def __init__(self, name: str, dtype: str = "float32", noise: float = 1.0) -> None:
        start, shift, gradients = np.random.default_rng(7).standard_normal((3, SIZE))
        self.rule, self.lr, self.factor = rule_of(name), lr_of(name), 1.0
        self.noise = np.where(DEAD, 0, SCALE * noise * gradients).astype(np.float32).astype(dtype)
        self.params: Floats = (0.01 * start).astype(np.float32).astype(dtype)
        self.center = self.params + (0.02 * shift).astype(dtype)
        self.curve = np.where(DEAD, 0, SCALE * np.geomspace(0.2, 2, SIZE)).astype(dtype)
        self.rng, self.number, self.is_still = spawned_streams(0).rule, 0, False
        self.state = self.rule.init(self.params, self.step())

    def loss(self, point: Floats) -> float:
        return float(self.curve @ np.square(point - self.center)) / (2 * SCALE)

    def gradient(self, point: Floats) -> Floats:
        """The gradient of the step's batch. While the path is still, it is 0 everywhere."""
        if self.is_still:
            return np.zeros_like(point)
        return self.curve * (point - self.center) + np.roll(self.noise, 5 * self.number)

    def step(self) -> Step:
        about = {"layout": LAYOUT, "gradient_scale": SCALE, "rng": self.rng, "base_lr": self.lr}
        asked = lambda point: (self.loss(point), self.gradient(point))  # noqa: E731
        return step_of(self.number, self.lr * self.factor, loss=self.loss(self.params), at=asked, **about)

    def walk(self, steps: int) -> Floats:
        """Take steps, and return the parameters."""
        with np.errstate(all="ignore"):
            for _ in range(steps):
                self.number += 1
                gradient = self.gradient(self.params)
                before = gradient.copy()
                self.rule.update(self.params, gradient, self.state, self.step())
                assert gradient.tobytes() == before.tobytes()
                if self.number % FLUSH_INTERVAL == 0:
                    self.state.flush_vanishing()
        return self.params

    def answer(self) -> Floats:
        return self.rule.answer(self.params, self.state)

    def numbers(self) -> list[Floats]:
        """The iterate, the answer, and all that the state holds."""
        states = list(self.state.walk())
        arrays = [array for state in states for array in state.arrays.values()]
        return [self.params, self.answer(), *arrays, np.array([value for state in states for value in state.scalars.values()])]


@every_rule
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_gradient_stays_and_all_arrays_have_the_dtype(name, dtype):
    path = Path(name, dtype)
    before = path.params.copy()
    path.walk(FLUSH_INTERVAL + 6)
    *arrays, scalars = path.numbers()
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}
    assert all(np.isfinite(array).all() for array in (*arrays, scalars))
    assert all(type(value) is float for state in path.state.walk() for value in state.scalars.values())
    assert path.answer().shape == before.shape
    assert not np.array_equal(path.params, before)


@every_rule
def test_float32_is_float64_to_its_rounding(name):
    """Also of 1 − β: the float32 nearest to 1 minus the one nearest to 0.999 is not the one nearest to 0.001."""
    single, double = (Path(name, dtype) for dtype in ("float32", "float64"))
    for _ in range(30):
        gap = np.abs(single.walk(1) - double.walk(1)).max()
        assert gap < 2e-6 * np.abs(double.params).max()


@every_rule
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("noise", [1.0, 1e-30])
def test_stays_finite_after_a_first_gradient_of_zero(name, dtype, noise):
    """Squares of the smaller gradients are 0 in float32. Some parameters are dead from first to last."""
    path = Path(name, dtype, noise=noise)
    if noise < 1:
        path.curve[:] = 0
    path.is_still = True
    path.walk(1)
    assert all(np.isfinite(values).all() for values in path.numbers())
    path.is_still, before = False, path.params.copy()
    path.walk(10)
    assert all(np.isfinite(values).all() for values in path.numbers())
    assert noise < 1 or not np.array_equal(path.params, before)


@pytest.mark.slow
@every_rule
def test_no_denormals_after_many_steps_without_a_gradient(name):
    """They are up to 40 times slower, for as long as the gradients stay 0."""
    path = Path(name, noise=1e-15)
    path.curve[:] = 0
    path.walk(5)
    path.is_still = True
    path.walk(10_000)
    for state in path.state.walk():
        for key, array in state.arrays.items():
            assert not ((array != 0) & (np.abs(array) < np.finfo(array.dtype).tiny)).any(), key


@pytest.mark.slow
@every_rule
def test_reaches_the_minimum_of_a_bowl_at_its_default_lr(name):
    """The curvatures are those of a network's summed loss, the rate falls to 0, and Adam needs 20 steps for the way."""
    path, steps = Path(name, noise=0.0), 1500
    start = path.loss(path.params)
    for number in range(steps):
        path.factor = 1 - number / steps
        path.walk(1)
    assert path.loss(path.answer()) < 0.01 * start


@every_rule
def test_an_elementwise_rule_is_compiled(name):
    rule = optimizer_of(name.rpartition(" ")[2])
    if isinstance(rule, Elementwise):
        assert typed_for(rule.rule, len(signature(rule.rule).parameters), np.dtype("float32")) is not None


@pytest.mark.slow
@every_rule
def test_compiled_and_in_slices_the_bits_are_those_of_numpy(name, monkeypatch):
    walked = Path(name).walk(12)
    monkeypatch.setattr(definition, "SLICE", 7)
    assert np.array_equal(walked, Path(name).walk(12))
    monkeypatch.setattr(choice, "MIN_COMPILED", 1)
    assert np.array_equal(walked, Path(name).walk(12))


@every_rule
def test_a_run_goes_on_from_its_state_alone(name):
    """All that changes is in it: with copies of parameters and state, another object takes the same steps to the bit."""
    path = Path(name)
    path.walk(5)
    other = copy.copy(path)
    other.params, other.state, other.rng = path.params.copy(), copy.deepcopy(path.state), copy.deepcopy(path.rng)
    other.rule = rule_of(name)
    foreign = copy.copy(Path(name, noise=0.5))  # another run, of the same object
    foreign.rule = path.rule
    foreign.walk(3)
    assert path.walk(5).tobytes() == other.walk(5).tobytes()
    assert path.answer().tobytes() == other.answer().tobytes()


@every_rule
def test_a_rule_is_a_frozen_dataclass_with_a_source(name):
    rule = rule_of(name)
    assert type(rule).__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert rule == rule_of(name)
    assert "Source:" in (type(rule).__doc__ or "")


NUMBERS = [
    (group, name, key)
    for group in ("optimizer", "transform")
    for name in conf_files.native_names(group)
    for key in registry.given_keys(group, name)
    if type(conf_files.load_yaml(group, name)[key]) in (int, float)
]


@pytest.mark.parametrize(("group", "name", "key"), NUMBERS)
def test_each_number_has_a_range(group, name, key):
    inside = {"inner": optimizer_of("sgd")} if group == "transform" else {}
    for value in (-1, math.nan):
        with pytest.raises(ConfigError, match=rf"{key}=(-1|nan)"):
            registry.build_part(group, part(group, name, **{key: value}), **inside)
