"""The noisy quadratic model and least squares: closed forms, known minima, gradients, and rows."""

import math
from dataclasses import replace

import numpy as np
import pytest
from conftest import part, quadratic_config

from zdl_bench.errors import ConfigError
from zdl_bench.kernels.streams import spawned_streams
from zdl_bench.problems.analytic import AnalyticSpec
from zdl_bench.problems.least_squares import LeastSquares
from zdl_bench.problems.noisy_quadratic import NoisyQuadratic
from zdl_bench.registry import conf_files, registry
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Run
from zdl_bench.statistics.side import Side
from zdl_bench.store.frames import run_frame
from zdl_bench.training.loop import train

KINDS = {"noisy_quadratic": NoisyQuadratic, "least_squares": LeastSquares}


def config_of(name: str, optimizer: str = "sgd", lr: float = 0.1, problem: dict | None = None, **changes) -> RunConfig:
    return replace(quadratic_config(optimizer, lr, **changes), problem=part("problem", name, **(problem or {})))


def trained(*arguments, **changes) -> Run:
    return train(config_of(*arguments, **changes))


@pytest.mark.parametrize("name", KINDS)
def test_the_yaml_and_the_class_agree_and_targets_lie_below_the_start(name):
    spec = registry.problem(part("problem", name))
    assert spec == KINDS[name]()
    targets = conf_files.load_yaml("problem", name)["targets"]
    assert targets == sorted(targets, reverse=True)
    assert targets[0] < spec.trivial_loss(spec.draw_start(spawned_streams(0).weights))


@pytest.mark.parametrize(
    "spec", [NoisyQuadratic(dimension=30), LeastSquares(), LeastSquares(rows=9, dimension=9, residual_std=0.0, batch_size=9)]
)
def test_gradients_are_those_of_finite_differences_and_0_at_the_minimum(spec: AnalyticSpec):
    w = np.random.default_rng(0).standard_normal(spec.dimension)
    gradient = spec.gradient(w)
    for i, step in enumerate(1e-5 * np.eye(len(w))):
        numeric = (float(spec.value(w + step)) - float(spec.value(w - step))) / 2e-5
        assert gradient[i] == pytest.approx(numeric, rel=1e-6, abs=1e-8)
    [minimum] = spec.minima
    assert float(spec.value(np.array(minimum))) == 0
    assert np.abs(spec.gradient(np.array(minimum))).max() < 1e-14
    grid = np.random.default_rng(1).standard_normal((spec.dimension, 2, 3))
    for place in np.ndindex(2, 3):
        assert spec.value(grid)[place] == pytest.approx(float(spec.value(grid[:, *place])), rel=1e-12)
        assert spec.gradient(grid)[:, *place] == pytest.approx(spec.gradient(grid[:, *place]), rel=1e-12)


def expected_loss(spec: NoisyQuadratic, lr: float, steps: int) -> float:
    """The closed form of the docstring, for SGD."""
    curvature = 1 / np.arange(1, spec.dimension + 1)
    decay = (1 - lr * curvature) ** (2 * steps)
    floor = spec.gradient_noise**2 * lr / (2 - lr * curvature)
    return 0.5 * float((curvature * (decay * spec.start_std**2 + (1 - decay) * floor)).sum())


def test_the_closed_form_is_the_fixed_point_of_the_recursion():
    """v ← (1 − αλ)²v + α²σ²λ, step by step."""
    spec, lr = NoisyQuadratic(dimension=40, gradient_noise=0.7, start_std=1.3), 0.3
    curvature = 1 / np.arange(1, 41)
    variance = np.full(40, 1.3**2)
    for step in range(1, 101):
        variance = (1 - lr * curvature) ** 2 * variance + lr**2 * 0.7**2 * curvature
        assert expected_loss(spec, lr, step) == pytest.approx(0.5 * (curvature * variance).sum(), rel=1e-12)


@pytest.mark.parametrize(("lr", "noise"), [(0.1, 1.0), (0.5, 1.0), (1.0, 0.25)])
def test_sgd_on_the_noisy_quadratic_has_its_expected_loss(lr, noise):
    """The mean over seeds lies within four standard errors at each probed step, and these are small."""
    problem = {"dimension": 50, "gradient_noise": noise}
    spec = NoisyQuadratic(**problem)
    runs = [trained("noisy_quadratic", lr=lr, problem=problem, steps=40, seed=seed).curve.probes for seed in range(40)]
    losses = np.array([probes.probe_loss for probes in runs])
    for step in (0, 1, 2, 5, 10, 40):
        seen = losses[:, step]
        error = seen.std(ddof=1) / math.sqrt(len(seen))
        expected = expected_loss(spec, lr, step)
        assert error < 0.1 * expected
        assert abs(seen.mean() - expected) < 4 * error, step


def test_the_covariance_of_the_noise_is_the_hessian():
    problem = NoisyQuadratic(dimension=8, gradient_noise=2.0).build(None, np.float64)
    batches = problem.batches(spawned_streams(0))
    noise = np.array([next(batches) for _ in range(20_000)])
    assert np.cov(noise.T) == pytest.approx(4 * np.diag(1 / np.arange(1, 9)), abs=0.1)


def test_the_design_has_the_promised_eigenvalues_and_minimum():
    spec = LeastSquares(50, 12, condition_number=1e4, residual_std=0.5, batch_size=50)
    features, numbers, best = spec.design
    assert np.linalg.eigvalsh(features.T @ features / 50) == pytest.approx(np.geomspace(1e-4, 1, 12), rel=1e-9)
    solved, squares, *_ = np.linalg.lstsq(features, numbers)
    assert solved == pytest.approx(best, abs=1e-10)
    assert squares[0] > 1, "the residuals are not 0"
    w = np.random.default_rng(0).standard_normal(12)
    assert float(spec.value(w)) == pytest.approx((((features @ w - numbers) ** 2).sum() - squares[0]) / 100, rel=1e-10)
    hessian = features.T @ features / 50
    off_axis = hessian - np.diag(np.diag(hessian))
    assert np.abs(off_axis).max() > 0.05, "the directions are oblique to the axes"


def test_the_design_follows_its_seed():
    first, same, other = (LeastSquares(design_seed=seed).design for seed in (0, 0, 1))
    assert np.array_equal(first.features, same.features)
    assert not np.allclose(first.features, other.features)


def test_a_batch_of_rows_has_their_gradient_and_all_rows_have_no_noise():
    spec = LeastSquares(rows=40, dimension=5, batch_size=4)
    problem = spec.build(None, np.float64)
    w, grad = np.ones(5), np.empty(5)
    rows = next(problem.batches(spawned_streams(0)))
    assert rows.shape == (4,)
    assert problem.loss_and_gradient(w, rows, grad) == float(spec.value(w))
    chosen, numbers = spec.design.features[rows], spec.design.numbers[rows]
    assert grad == pytest.approx(chosen.T @ (chosen @ w - numbers) / 4, rel=1e-12)
    everything = LeastSquares(rows=40, dimension=5, batch_size=40).build(None, np.float64)
    everything.loss_and_gradient(w, next(everything.batches(spawned_streams(0))), grad)
    assert grad == pytest.approx(spec.gradient(w), rel=1e-12)


def test_a_single_seed_counts_as_exact_only_without_noise():
    """Two seeds of the same bits would, too."""
    few = {"rows": 20, "dimension": 4}
    runs = [trained("least_squares", problem=few | {"batch_size": size}, steps=3) for size in (20, 5)]
    quadratic = trained("quadratic", steps=3)
    assert [Side(run_frame([run]), "").is_one_run for run in (quadratic, *runs)] == [True, False, False]


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_sensible_optimizers_reach_every_target_in_the_default_steps(name):
    lr = {"noisy_quadratic": 0.03, "least_squares": 0.1}[name]
    targets = conf_files.load_yaml("problem", name)["targets"]
    run = trained(name, "adam", lr=lr, steps=1000, schedule=part("schedule", "cosine"))
    assert run.curve.probes.probe_loss.min() < targets[-1]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (NoisyQuadratic, {"dimension": 0}),
        (NoisyQuadratic, {"gradient_noise": -1.0}),
        (LeastSquares, {"rows": 0}),
        (LeastSquares, {"dimension": 201}),
        (LeastSquares, {"batch_size": 201}),
        (LeastSquares, {"condition_number": 0.5}),
        (LeastSquares, {"residual_std": -0.1}),
        (LeastSquares, {"design_seed": -1}),
    ],
)
def test_wrong_values_are_refused_by_name(kind, values):
    [(key, value)] = values.items()
    with pytest.raises(ConfigError, match=rf"problem\.{key}={value}"):
        kind(**values)
