"""SAM, MARS and SOAP against recorded trajectories of their authors' programs, and by hand."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from conftest import digits_config, optimizer_of, part, quadratic_config, step_of

from zdl_bench.registry import registry
from zdl_bench.run.run import Tensor
from zdl_bench.training.loop import train

FOLDER = Path(__file__).parent
META = json.loads((FOLDER / "trajectories.json").read_text())["meta"]
CASES = json.loads((FOLDER / "authors_programs.json").read_text())["cases"]
LAYOUT = tuple(Tensor(start, stop, tuple(shape)) for start, stop, shape in META["layout"])
CURVE, CENTER = (np.array(META["quad"][name]) for name in ("curve", "center"))
NOISE = np.array(META["noise"]["gradients"])


def gradient_at(number, w):
    """Of a batch of its own in each step, and not linear in w."""
    return CURVE * (w - CENTER) + 0.1 * NOISE[number - 1] * (1 + w * w)


def built(case):
    """The rules that are to give the trajectory of a case."""
    if case["rule"] != "SAM":
        return [registry.optimizer(part("optimizer", case["rule"].lower(), **case["hyper"]))]
    inner = optimizer_of(case["inner"])
    around = registry.build_part("transform", part("transform", "sam", **case["hyper"]), inner=inner)
    alone = registry.optimizer(part("optimizer", "sam", **case["hyper"]))
    return [around, alone] if case["inner"] == "sgd" else [around]


def descend(optimizer, gradient, lrs, start, layout=()):
    """Yield w after each step."""
    w = np.array(start)
    state = optimizer.init(w, step_of(0, lrs[0], layout=layout))
    for number, lr in enumerate(lrs, 1):
        step = step_of(number, lr, layout=layout, at=lambda point, number=number: (0.0, gradient(number, point)))
        optimizer.update(w, gradient(number, w), state, step)
        yield w


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['rule']}-{case.get('inner', '')}-{case['scheduled']}")
def test_agrees_with_the_trajectory_of_the_authors_program(case):
    lrs = [case["lr"] * factor for factor in (META["sched"]["lr_multiplier"] if case["scheduled"] else [1.0] * 20)]
    for optimizer in built(case):
        compared = 0
        for number, w in enumerate(descend(optimizer, gradient_at, lrs, META["w0"], LAYOUT), 1):
            if str(number) in case["params"]:
                expected = np.array(case["params"][str(number)])
                assert np.abs(w - expected).max() / max(1, np.abs(expected).max()) < 1e-10, f"step {number}"
                compared += 1
        assert compared == 7


def test_sam_on_a_parabola_has_a_closed_form():
    """For f = a·w²/2 and w > 0: w ← w − lr·a·(w + rho), so w + rho shrinks by 1 − lr·a in each step."""
    a, lr, rho = 0.5, 0.1, 0.25
    optimizer = registry.optimizer(part("optimizer", "sam", rho=rho))
    for number, w in enumerate(descend(optimizer, lambda number, w: a * w, [lr] * 10, [3.0]), 1):
        assert w[0] == pytest.approx((3 + rho) * (1 - lr * a) ** number - rho, rel=1e-12)


def test_sam_stays_where_the_gradient_is_zero():
    optimizer = optimizer_of("sam")
    assert [w.tolist() for w in descend(optimizer, lambda number, w: 0 * w, [0.1] * 3, [1.0, -2.0])] == [[1.0, -2.0]] * 3


def by_the_paper(gradient, lrs, start, gamma, beta1=0.95, beta2=0.99):
    """MARS-AdamW of one number, as the paper writes it, with sums over all steps instead of averages that are carried on."""
    points, corrected = [start, start], []
    for t, lr in enumerate(lrs, 1):
        now, before = points[-1], points[-2]
        c = gradient(t, now) + gamma * beta1 / (1 - beta1) * (gradient(t, now) - gradient(t, before))
        corrected.append(c / max(1.0, abs(c)))
        m = sum((1 - beta1) * beta1 ** (t - k) * c for k, c in enumerate(corrected, 1)) / (1 - beta1**t)
        v = sum((1 - beta2) * beta2 ** (t - k) * c * c for k, c in enumerate(corrected, 1)) / (1 - beta2**t)
        points.append(now - lr * m / (math.sqrt(v) + 1e-8))
    return points[2:]


@pytest.mark.parametrize("gamma", [0.0, 0.025, 1.0])
def test_mars_is_the_algorithm_of_its_paper(gamma):
    def gradient(number, w):
        return (0.3 + 0.1 * (number % 3)) * (w - 1) + 0.05 * w * w * (-1) ** number

    optimizer = registry.optimizer(part("optimizer", "mars", gamma=gamma))
    lrs = [0.05 / number for number in range(1, 31)]
    expected = by_the_paper(gradient, lrs, 4.0, gamma)
    for w, value in zip(descend(optimizer, gradient, lrs, [4.0]), expected, strict=True):
        assert w[0] == pytest.approx(value, rel=1e-12)


def test_what_a_step_costs(digits):
    """SAM evaluates two gradients in each step, MARS from the second step on."""
    assert train(digits_config("sam", steps=5)).curve.evaluations.tolist() == [2, 4, 6, 8, 10]
    assert train(digits_config("mars", steps=5)).curve.evaluations.tolist() == [1, 3, 5, 7, 9]
    assert train(quadratic_config("dog", lr=None)).curve.evaluations is None


def soap_after(gradients, layout, dtype=np.float64):
    """Return the state of SOAP after a step with each gradient."""
    optimizer = registry.optimizer(part("optimizer", "soap", interval=5))
    w = np.zeros(layout[-1].stop, dtype)
    state = optimizer.init(w, step_of(0, layout=layout))
    for number, gradient in enumerate(gradients, 1):
        optimizer.update(w, gradient.astype(dtype), state, step_of(number, layout=layout))
    assert np.isfinite(w).all()
    return state


def test_soap_finds_the_eigenvectors():
    """C is the moving average of GᵀG, and Q makes it diagonal, by falling eigenvalue."""
    rng = np.random.default_rng(0)
    scale = np.linalg.qr(rng.standard_normal((4, 4)))[0] * np.array([3.0, 2.0, 1.0, 0.5])
    gradients = [(rng.standard_normal((20, 4)) @ scale.T).ravel() for _ in range(201)]
    arrays = soap_after(gradients, (Tensor(0, 80, (20, 4)),)).arrays
    products = [g.reshape(20, 4).T @ g.reshape(20, 4) for g in gradients]
    c = sum(0.05 * 0.95 ** (200 - number) * product for number, product in enumerate(products))
    assert np.allclose(arrays["C0"], c)
    values, vectors = np.linalg.eigh(c)
    assert np.allclose(np.abs(np.diag(vectors[:, ::-1].T @ arrays["Q0"])), 1, atol=0.01)
    assert np.allclose(np.diag(arrays["Q0"].T @ c @ arrays["Q0"]), values[::-1], rtol=0.01)


def test_soap_keeps_its_basis_orthogonal_without_full_rank():
    """The gradients of a matrix of 40 columns have rank 2, and one column is dead; in float32."""
    rng = np.random.default_rng(1)
    directions = rng.standard_normal((2, 40))
    directions[:, 7] = 0
    gradients = [(rng.standard_normal((50, 2)) @ directions).ravel() for _ in range(30)]
    q = soap_after(gradients, (Tensor(0, 2000, (50, 40)),), np.float32).arrays["Q0"].astype(np.float64)
    assert np.allclose(q.T @ q, np.eye(40), atol=1e-5)


def test_soap_waits_for_a_gradient():
    state = soap_after([np.zeros(6)] * 12, (Tensor(0, 6, (2, 3)),))
    assert np.array_equal(state.arrays["Q0"], np.eye(2))
