"""Every transform of conf/ against its formula, its place in a run, and its keys on the command line."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from conftest import digits_config, optimizer_of, part, quadratic_config, step_of

from zdl_bench import load_results
from zdl_bench.optimizers.optimizer import Step
from zdl_bench.registry import conf_files, registry
from zdl_bench.run.config import RunConfig
from zdl_bench.store.encoding import decode, encode
from zdl_bench.training.loop import train

TRANSFORMS = conf_files.names("transform")
SGD = optimizer_of("sgd")
LR = 0.1


def around(config: RunConfig, *transforms) -> RunConfig:
    return replace(config, transform=transforms)


def transformed(name, inner=SGD, **values):
    return registry.build_part("transform", part("transform", name, **values), inner=inner)


def path(optimizer, gradient, steps=12, start=(1.0, -2.0, 3.0)):
    """Return the iterates and the answers, each (steps + 1, n)."""
    w = np.array(start)
    state = optimizer.init(w, step_of(0, LR))
    iterates, answers = [w.copy()], [optimizer.answer(w, state).copy()]
    for number in range(1, steps + 1):
        optimizer.update(w, gradient(w), state, step_of(number, LR))
        iterates.append(w.copy())
        answers.append(optimizer.answer(w, state).copy())
    return np.array(iterates), np.array(answers)


def bowl(w):
    return np.array([1.0, 0.5, 2.0]) * w


def test_clip_norm_keeps_the_direction_and_cuts_the_length():
    iterates, answers = path(transformed("clip_norm", norm=1.5), bowl)
    assert np.array_equal(iterates, answers)
    for before, after in pairwise(iterates):
        gradient = bowl(before)
        length = np.sqrt(gradient @ gradient)
        assert after == pytest.approx(before - LR * gradient * min(1, 1.5 / length))
    assert np.linalg.norm(iterates[1] - iterates[0]) == pytest.approx(LR * 1.5)


def test_clip_norm_leaves_the_bits_of_short_gradients():
    assert np.array_equal(path(transformed("clip_norm", norm=100.0), bowl)[0], path(SGD, bowl)[0])


def test_clip_value_cuts_each_element():
    iterates, _ = path(transformed("clip_value", value=0.7), bowl)
    for before, after in pairwise(iterates):
        assert after == pytest.approx(before - LR * np.array([max(-0.7, min(0.7, g)) for g in bowl(before)]))


def test_clipped_is_also_what_a_rule_asks_for():
    asked = []

    class Asking(type(SGD)):
        def update(self, params, grad, state, step: Step):
            asked.append((grad.copy(), step.at(params)[1]))

    grad = np.array([3.0, 4.0])
    for name, expected in (("clip_norm", [0.6, 0.8]), ("clip_value", [1.0, 1.0])):
        optimizer = transformed(name, Asking())
        step = step_of(1, at=lambda point: (0.0, grad.copy()))
        optimizer.update(np.zeros(2), grad, optimizer.init(np.zeros(2), step_of(0)), step)
        for one in asked.pop():
            assert one == pytest.approx(expected), name
    assert grad.tolist() == [3, 4]


def test_weight_decay_around_adam_is_adamw():
    """As torch.optim.AdamW does it: the weights shrink by lr·decay, then comes the step."""
    iterates, _ = path(transformed("weight_decay", optimizer_of("adam"), decay=0.2), bowl)
    w, m, v = np.array([1.0, -2.0, 3.0]), np.zeros(3), np.zeros(3)
    for t in range(1, 13):
        g = bowl(w)
        w = w * (1 - LR * 0.2)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w = w - LR * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        assert iterates[t] == pytest.approx(w)


def test_ema_averages_the_iterates_without_the_start():
    iterates, answers = path(transformed("ema", decay=0.8), bowl)
    assert np.array_equal(iterates, path(SGD, bowl)[0])
    assert np.array_equal(answers[0], iterates[0])
    for t in range(1, 13):
        weights = 0.8 ** np.arange(t - 1, -1, -1)
        assert answers[t] == pytest.approx(weights @ iterates[1 : t + 1] / weights.sum())


def test_lookahead_goes_back():
    iterates, answers = path(transformed("lookahead", period=3, share=0.25), bowl)
    slow = fast = iterates[0]
    for t in range(1, 13):
        fast = fast - LR * bowl(fast)
        if t % 3 == 0:
            slow = slow + 0.25 * (fast - slow)
            fast = slow
        assert iterates[t] == pytest.approx(fast)
        assert answers[t] == pytest.approx(slow)


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_transform_keeps_the_contract(name, dtype):
    """The gradient stays, all arrays of the state have the run's dtype, and all scalars are numbers."""
    rng, optimizer = np.random.default_rng(0), transformed(name, transformed("ema", optimizer_of("adam")))
    w = rng.standard_normal(30).astype(dtype)
    state = optimizer.init(w, step_of(0))
    assert state.inner.inner.arrays.keys() == {"m", "v"}
    for number in range(1, 20):
        grad = rng.standard_normal(30).astype(dtype)
        before = grad.copy()
        optimizer.update(w, grad, state, step_of(number, at=lambda point: (1.0, before.copy())))  # noqa: B023
        assert np.array_equal(grad, before)
    states = list(state.walk())
    assert len(states) == 3
    arrays = [w, optimizer.answer(w, state), *(array for each in states for array in each.arrays.values())]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}
    assert all(np.isfinite(array).all() for array in arrays)
    assert all(type(value) is float for each in states for value in each.scalars.values())


def test_flushing_reaches_the_state_inside():
    optimizer = transformed("clip_norm", optimizer_of("momentum"))
    w = np.ones(4, np.float32)
    state = optimizer.init(w, step_of(0))
    state.inner.arrays["v"][:] = 1e-37
    state.flush_vanishing()
    assert not state.inner.arrays["v"].any()


def test_the_first_is_the_outermost():
    config = around(quadratic_config(), part("transform", "lookahead"), part("transform", "clip_norm"))
    optimizer = registry.whole_optimizer(config)
    assert [type(each).__name__ for each in (optimizer, optimizer.inner, optimizer.inner.inner)] == [
        "Lookahead",
        "ClipNorm",
        "SGD",
    ]


def test_effective_lr_is_that_of_the_rule_inside():
    config = around(quadratic_config("momentum"), part("transform", "ema"))
    assert registry.whole_optimizer(config).effective_lr(0.1) == pytest.approx(1.0)


def test_no_transform_leaves_the_id():
    config = quadratic_config()
    assert "transform" not in config.as_dict()
    assert around(config).run_id == config.run_id
    ids = [around(config, part("transform", name)).run_id for name in TRANSFORMS]
    both = [part("transform", name) for name in ("ema", "clip_norm")]
    ids += [around(config, *order).run_id for order in (both, both[::-1])]
    ids += [around(config, part("transform", "ema", decay=0.5)).run_id, config.run_id]
    assert len({*ids}) == len(ids)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_run_comes_back_from_the_store_and_gives_the_same_bits(name):
    run = train(around(digits_config("adam", lr=0.01), part("transform", name)))
    back = decode(encode(run))
    assert back.config == run.config
    assert back.run_id == run.run_id
    assert back.config.flat()["transform"] == (name,)
    assert train(back.config).digest == run.digest


def test_the_digest_covers_the_answer():
    """The iterates are the same; the answers are not."""
    plain, fast, slow = (
        train(around(quadratic_config(), *chosen))
        for chosen in ((), [part("transform", "ema", decay=0.5)], [part("transform", "ema", decay=0.9)])
    )
    assert np.array_equal(plain.curve.train_loss, slow.curve.train_loss)
    assert len({plain.digest, fast.digest, slow.digest}) == 3
    assert plain.curve.probes.probe_loss[-1] < slow.curve.probes.probe_loss[-1]


CHOSEN = ("problem=quadratic", "executor=serial", "report=false", "steps=30")


def test_the_command_line_chooses_transforms(command):
    keys = ("optimizer=adam", "transform=[clip_norm,ema]", "transform.clip_norm.norm=2")
    outcome = command(*CHOSEN, *keys)
    assert outcome.status == 0, outcome.err
    row = load_results("results").runs.iloc[0]
    assert row["transform"] == '["clip_norm", "ema"]'
    assert (row["transform.clip_norm.norm"], row["transform.ema.decay"]) == (2.0, 0.99)
    assert command("verify").status == 0


@pytest.mark.slow
def test_transforms_are_compared_as_optimizers_are(command):
    outcome = command("-m", *CHOSEN, "optimizer=sgd,adam", "transform=[],ema,[clip_norm,lookahead]", "seed=0,1")
    assert outcome.status == 0, outcome.err
    runs = load_results("results").runs
    assert runs.groupby(["optimizer", "transform"], dropna=False).size().tolist() == [2] * 6
    assert command("report").status == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (["transform=[emma]"], "transform=emma: there is no such transform; did you mean ema?"),
        (["transform=emma"], "transform=emma: there is no such transform; did you mean ema?"),
        (["transform.ema.decay=0.5"], "transform.ema.decay"),
        (["transform=[ema]", "transform.ema.decai=0.5"], "transform.ema.decai"),
        (["transform=[ema]", "transform.ema.decay=x"], "transform.ema.decay=x: give a number"),
        (["transform=[ema]", "transform.ema.decay=1"], "transform.ema.decay=1.0: give a number in [0, 1)"),
        (["transform=[clip_norm]", "transform.clip_norm.norm=0"], "transform.clip_norm.norm=0.0: give a finite length above 0"),
        (["transform=[lookahead]", "transform.lookahead.period=0"], "transform.lookahead.period=0"),
        (["transform=[ema,ema]"], "transform=[ema,ema]: ema is given twice"),
        (["transform=3"], "transform=3: there is no such transform"),
        (["transform=[ema,3]"], "there is no such transform"),
    ],
)
def test_wrong_transforms_are_one_line(command, keys, message):
    outcome = command(*CHOSEN, *keys)
    assert outcome.status == 2
    assert message in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert "Traceback" not in outcome.err
