"""What the rules without a learning rate promise beyond their recorded trajectories."""

import numpy as np
import pytest
from conftest import OPTIMIZERS, optimizer_of, part, quadratic_config, step_of

from zdl_bench.registry import conf_files, registry
from zdl_bench.run.run import Tensor
from zdl_bench.training.loop import descend, problem_of

FREE = [name for name in OPTIMIZERS if conf_files.load_yaml("optimizer", name)["default_lr"] is None]
START = np.array([1.0, -2.0, 3.0])


def path(optimizer, gradient, steps, start=START, layout=(), dtype=np.float64):
    """Return the iterates, (steps, n), and the final answer and state."""
    w, iterates = start.astype(dtype), []
    state = optimizer.init(w, step_of(0, 1.0, layout=layout))
    for number in range(1, steps + 1):
        optimizer.update(w, gradient(number, w).astype(dtype), state, step_of(number, 1.0, layout=layout))
        iterates.append(w.copy())
    return np.array(iterates), optimizer.answer(w, state), state


def bowl(number, w):
    return np.array([1.0, 0.5, 2.0]) * w


def test_they_are_those_of_the_issue():
    assert {"dog", "ldog", "dowg", "dadapt_adam", "prodigy", "cocob"} <= {*FREE}


@pytest.mark.parametrize("name", FREE)
def test_each_finds_a_minimum_without_being_told_a_rate(name):
    for scale in (1e-3, 1e3):
        w = path(optimizer_of(name), lambda number, w, scale=scale: scale * bowl(number, w), 300)[1]
        assert w @ w < 0.1 * (START @ START), scale


@pytest.mark.parametrize("name", FREE)
def test_first_gradients_may_be_zero(name):
    """They change nothing, and the rule learns from the others."""
    iterates, answer, state = path(optimizer_of(name), lambda number, w: bowl(number, w) * (number > 3), 300)
    assert np.array_equal(iterates[:3], [START] * 3)
    assert answer @ answer < 0.1 * (START @ START)
    assert all(np.isfinite(value) for value in state.scalars.values())


@pytest.mark.parametrize("name", FREE)
def test_float32_does_not_lose_the_first_steps(name):
    """They are a millionth of w. The path is cut where a rule begins to oscillate, which enlarges any rounding."""
    start = np.random.default_rng(0).standard_normal(30).astype(np.float32)
    curve, target = np.linspace(0.5, 2, 30), np.linspace(-1, 1, 30)
    answers = [
        path(optimizer_of(name), lambda number, w: curve * (w - target), 15, start, dtype=dtype)[1]
        for dtype in (np.float32, np.float64)
    ]
    assert np.linalg.norm(answers[0] - answers[1]) < 2e-6 * np.linalg.norm(answers[1])
    assert not np.array_equal(answers[0], start)


@pytest.mark.parametrize("gamma", [0.0, 8.0])
def test_dog_answers_with_a_polynomial_average(gamma):
    """Step k weighs (k + γ − 1)! / (k − 1)!, as unrolling the recursion gives."""
    optimizer = registry.optimizer(part("optimizer", "dog", gamma=gamma))
    iterates, answer, _ = path(optimizer, bowl, 40)
    weights = np.array([np.prod([number + j for j in range(int(gamma))]) for number in range(1, 41)], np.float64)
    assert answer == pytest.approx(weights @ iterates / weights.sum(), rel=1e-12)


def test_a_run_is_judged_by_the_answer():
    config = quadratic_config("dog", lr=None)
    problem = problem_of(config)
    descent = descend(config, problem, optimizer_of("dog"))
    assert not np.array_equal(descent.answer, descent.params)
    assert descent.curve.probes.probe_loss[-1] == problem.evaluate(descent.answer, "probe")["loss"]


def test_ldog_is_dog_for_each_tensor():
    layout, start = (Tensor(0, 4, (2, 2)), Tensor(4, 6, (2,))), np.array([1.0, 2.0, -1.0, 0.5, 0.0, 0.0])

    def gradient(number, w):
        return np.sin(number + w)

    whole = path(optimizer_of("ldog"), gradient, 30, start, layout)[0]
    for tensor in layout:
        part_of = slice(tensor.start, tensor.stop)

        def of_part(number, w, part_of=part_of):
            full = np.zeros(6)
            full[part_of] = w
            return gradient(number, full)[part_of]

        assert np.array_equal(whole[:, part_of], path(optimizer_of("dog"), of_part, 30, start[part_of])[0])


@pytest.mark.parametrize("name", ["cocob", "dog", "dowg", "dadapt_adam", "prodigy"])
def test_the_schedule_counts(name):
    """Its factor is step.lr."""
    ends = []
    for factor in (1.0, 0.5):
        w, optimizer = START.copy(), optimizer_of(name)
        state = optimizer.init(w, step_of(0, 1.0))
        for number in range(1, 60):
            optimizer.update(w, bowl(number, w), state, step_of(number, factor if number > 5 else 1.0))
        ends.append(w)
    assert not np.array_equal(*ends)


def test_cocob_does_not_notice_the_scale_of_the_loss():
    paths = [path(optimizer_of("cocob"), lambda number, w, scale=scale: scale * bowl(number, w), 50)[0] for scale in (1, 1024)]
    assert paths[0] == pytest.approx(paths[1], rel=1e-6)


def test_the_first_bet_of_cocob_is_one_over_alpha():
    iterates = path(registry.optimizer(part("optimizer", "cocob", alpha=50.0)), bowl, 1)[0]
    assert np.abs(iterates[0] - START) == pytest.approx([0.02] * 3)


@pytest.mark.parametrize(("name", "most"), [("dadapt_adam", 1.5), ("prodigy", 1.5)])
def test_growth_limits_d(name, most):
    optimizer = registry.optimizer(part("optimizer", name, growth=most))
    state, ds = path(optimizer, bowl, 0)[2], []
    w = START.copy()
    for number in range(1, 20):
        optimizer.update(w, bowl(number, w), state, step_of(number, 1.0))
        ds.append(state.scalars["d"])
    ratios = np.divide(ds[4:], ds[3:-1])  # the first rise from d₀ has a limit of its own
    assert (ratios <= most * (1 + 1e-12)).all()
    assert ratios.max() == pytest.approx(most)


@pytest.mark.parametrize("name", ["dadapt_adam", "prodigy"])
def test_weight_decay_is_relative_to_the_step(name):
    """Without any gradient, w shrinks by d·lr·weight_decay in each step."""
    optimizer = registry.optimizer(part("optimizer", name, weight_decay=0.5, d0=0.1))
    iterates = path(optimizer, lambda number, w: 0 * w, 3)[0]
    assert iterates[2] == pytest.approx(START * (1 - 0.05) ** 3)
