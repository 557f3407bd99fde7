"""What no recorded trajectory shows of the modern rules: cautious masks, warm-ups, answers, and layers of any kind."""

import math

import numpy as np
import pytest
from conftest import optimizer_of, part, step_of

from zdl_bench.errors import ConfigError
from zdl_bench.registry import registry
from zdl_bench.run.run import Tensor

LAYOUT = (Tensor(0, 12, (4, 3)), Tensor(12, 15, (3,)), Tensor(15, 21, (2, 3)))
LAYER_WISE = ["lamb", "lars", "novograd", "adafactor", "muon", "cautious_adamw"]


def rule_with(name, **values):
    return registry.optimizer(part("optimizer", name, **values))


def walk(rule, w, gradients, lr=0.01, layout=LAYOUT):
    """Return the parameters after each step, and the state."""
    w, after = w.copy(), []
    state = rule.init(w, step_of(0, lr, layout=layout))
    for number, gradient in enumerate(gradients, 1):
        rule.update(w, gradient, state, step_of(number, lr, layout=layout))
        after.append(w.copy())
    return after, state


@pytest.fixture
def gradients():
    """Return 20 gradients, of which one element is always 0 and others are 0 at first."""
    grads = np.random.default_rng(3).standard_normal((20, 21))
    grads[:, 4] = 0
    grads[:6, 17:] = 0
    return grads


def cautious_adamw_of_the_paper(w, gradients, lr, decay):
    """The paper's rule, one number at a time: no vector, no step shared with the package."""
    beta1, beta2, epsilon = 0.9, 0.999, 1e-8
    w, m, v, after = list(map(float, w)), [0.0] * 21, [0.0] * 21, []
    for t, gradient in enumerate(gradients.tolist(), 1):
        for tensor in LAYOUT:
            aligned = {}
            for i in range(tensor.start, tensor.stop):
                g = gradient[i]
                m[i] += (1 - beta1) * (g - m[i])
                v[i] += (1 - beta2) * (g * g - v[i])
                u = m[i] / (1 - math.pow(beta1, t)) / (math.sqrt(v[i] / (1 - math.pow(beta2, t))) + epsilon)
                if u * g > 0:
                    aligned[i] = u
            alpha = (tensor.stop - tensor.start) / (len(aligned) + 1)
            for i in range(tensor.start, tensor.stop):
                w[i] -= lr * decay * w[i] + lr * alpha * aligned.get(i, 0.0)
        after.append(np.array(w))
    return after


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_cautious_adamw_is_the_papers(gradients, decay):
    w = np.random.default_rng(4).standard_normal(21)
    ours, _ = walk(rule_with("cautious_adamw", weight_decay=decay), w, gradients)
    theirs = cautious_adamw_of_the_paper(w, gradients, 0.01, decay)
    assert np.abs(np.array(ours) - theirs).max() < 1e-12


def test_cautious_adamw_moves_nothing_against_the_gradient(gradients):
    w = np.zeros(21)
    ours, _ = walk(rule_with("cautious_adamw", weight_decay=0.0), w, gradients)
    moves = np.diff([w, *ours], axis=0)
    assert (moves * gradients <= 0).all()
    assert (moves == 0)[gradients == 0].all()
    of_adam, _ = walk(optimizer_of("adam"), w, gradients)
    assert (np.diff([w, *of_adam], axis=0) * gradients > 0).any()


def test_ademamix_warms_up_its_slow_average():
    """The share of the step that the slow average has, and its rate by half-lives, from the paper's section 3."""
    rule = rule_with("ademamix", warmup=10, alpha=4.0, beta3=0.99)
    states = [rule.scalars(step_of(t, 1.0), {}) for t in (1, 5, 10, 11)]
    assert [one["rate_slow"] for one in states] == pytest.approx([0.4, 2.0, 4.0, 4.0])
    assert states[2]["slow"] == states[3]["slow"] == 0.99
    half_lives = [math.log(0.5) / math.log(one["slow"]) for one in states]
    first, last = math.log(0.5) / math.log(0.9), math.log(0.5) / math.log(0.99)
    assert half_lives[:2] == pytest.approx([first + 0.1 * (last - first), first + 0.5 * (last - first)])


def test_a_warm_up_of_ademamix_needs_a_beta1_to_start_from():
    with pytest.raises(ConfigError, match=r"optimizer.beta1=0.0: with a warm-up, it must be above 0"):
        rule_with("ademamix", beta1=0.0, warmup=5)


@pytest.mark.parametrize("name", ["schedule_free_sgd", "schedule_free_adamw"])
def test_schedule_free_answers_with_the_average_of_its_iterates(name, gradients):
    """At a constant learning rate all weights are equal; z follows from the gradients alone."""
    rule = optimizer_of(name)
    w = np.random.default_rng(5).standard_normal(21)
    iterates = []
    state = rule.init(w, step_of(0, 0.05))
    for number, gradient in enumerate(gradients, 1):
        rule.update(w, gradient, state, step_of(number, 0.05))
        iterates.append(state.arrays["z"].copy())
        assert rule.answer(w, state) == pytest.approx(np.mean(iterates, axis=0))
    assert np.abs(rule.answer(w, state) - w).max() > 1e-3


def test_schedule_free_stays_where_lr_is_0(gradients):
    rule = optimizer_of("schedule_free_sgd")
    [*_, last], state = walk(rule, np.ones(21), gradients, lr=0.0)
    assert np.array_equal(last, np.ones(21))
    assert np.array_equal(rule.answer(last, state), last)


@pytest.mark.parametrize("shape", [(4, 3), (3, 4)])
def test_a_step_of_muon_is_nearly_orthogonal(shape):
    layout = (Tensor(0, 12, shape),)
    gradient = np.random.default_rng(6).standard_normal(12)
    [after], _ = walk(optimizer_of("muon"), np.zeros(12), [gradient], 1.0, layout)
    scale = math.sqrt(max(1, shape[1] / shape[0]))
    values = np.linalg.svd(after.reshape(shape), compute_uv=False) / scale
    assert ((values > 0.6) & (values < 1.3)).all()


@pytest.mark.parametrize("name", LAYER_WISE)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layers_of_zeros_stay_finite(name, dtype):
    """Weights and gradients of 0: norms, ratios and means are 0, too."""
    rule, w, steps = optimizer_of(name), np.zeros(21, dtype), np.zeros((3, 21), dtype)
    steps[2] = 1e-30
    after, _ = walk(rule, w, steps)
    assert np.isfinite(after).all()
    assert np.array_equal(after[1], w)


@pytest.mark.parametrize("name", LAYER_WISE)
def test_each_layer_is_treated_by_itself(name, gradients):
    rule, w = optimizer_of(name), np.random.default_rng(7).standard_normal(21)
    whole, _ = walk(rule, w, gradients)
    parts = []
    for tensor in LAYOUT:
        own = slice(tensor.start, tensor.stop)
        parts.append(walk(rule, w[own], gradients[:, own], layout=(Tensor(0, tensor.stop - tensor.start, tensor.shape),))[0])
    assert np.array_equal(whole, np.concatenate(parts, axis=1))
    undivided, _ = walk(rule, w, gradients, layout=(Tensor(0, 21, (21,)),))
    assert not np.allclose(whole, undivided)


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("schedule_free_sgd", "beta", 0.0),
        ("muon", "coefficients", [1.0, 2.0]),
        ("muon", "iterations", -1),
        ("lars", "trust", 0.0),
        ("adafactor", "epsilon1", 0.0),
        ("adan", "beta3", 1.0),
    ],
)
def test_hyper_parameters_have_ranges(name, key, value):
    with pytest.raises(ConfigError, match=f"optimizer.{key}="):
        rule_with(name, **{key: value})
