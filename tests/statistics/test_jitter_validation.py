"""Jitter over scales, and the loop beneath it, against the closed forms of a noisy quadratic."""

import functools
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.jitter_validation import (
    BETA,
    DIMENSION,
    SEEDS,
    above_floor,
    curve_of,
    expected_jitter,
    jitters_of_noise,
    long_curves,
    measured_gap,
    momentum_variance,
    root_mean_square_jitter,
    stationary_covariance,
    stationary_gap,
)
from conftest import quadratic_config
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from zdl_bench.run.profile import SCALES
from zdl_bench.run.run import Curve
from zdl_bench.statistics.inference import sign_flip_p
from zdl_bench.statistics.metrics.profile import log_jitter, relative_jitter
from zdl_bench.training.loop import train

POSITIVE = st.floats(0.01, 1.5)


@functools.cache
def learned_curve(steps: int) -> Curve:
    return train(quadratic_config(lr=0.1, steps=steps, probe_count=steps)).curve


def synthetic_curve(log_losses) -> Curve:
    """A curve of a learned run that has this ln L, one probe per step."""
    curve = learned_curve(len(log_losses) - 1)
    return replace(curve, probes=replace(curve.probes, probe_loss=np.exp(log_losses)), trivial_loss=1e9)


# The stationary state


@given(POSITIVE, st.floats(0, 0.99), POSITIVE, POSITIVE)
def test_closed_form_is_the_solution_of_the_lyapunov_equation(lr, momentum, curvature, noise):
    covariance = stationary_covariance(lr, momentum, curvature, noise)
    assert momentum_variance(lr, momentum, curvature, noise) == pytest.approx(covariance[0, 0], rel=1e-6)


@given(POSITIVE, POSITIVE, POSITIVE)
def test_without_momentum_it_is_the_sum_of_a_geometric_series(lr, curvature, noise):
    """w_t = −lr Σ (1 − lr·curvature)^k noise_{t−k}"""
    series = (lr * noise) ** 2 / (1 - (1 - lr * curvature) ** 2)
    assert momentum_variance(lr, 0, curvature, noise) == pytest.approx(series)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("optimizer", "momentum", "lr"), [("sgd", 0, 0.3), ("sgd", 0, 1.2), ("momentum", BETA, 0.1), ("momentum", BETA, 1)]
)
def test_runs_have_the_loss_of_the_closed_form(optimizer, momentum, lr):
    problem = {"dimension": 32, "condition_number": 2, "gradient_noise": 0.3}
    exact = stationary_gap(lr, momentum, np.geomspace(0.5, 1, 32), 0.3)
    gap = measured_gap(optimizer, lr, problem, seeds=6, steps=2000)
    standard_error = float(gap.high - gap.mean) / 2.57  # Student's t of 5 degrees
    assert abs(gap.mean - exact) < 4 * standard_error
    assert standard_error < 0.025 * exact


# Jitter


@pytest.mark.parametrize("deviation", [0.001, 0.05, 0.5])
@pytest.mark.parametrize("decay", [0, 0.004])
def test_jitter_of_noise_about_a_straight_decay(deviation, decay):
    """A decay at a constant rate adds nothing: jitter² is unbiased for the variance of white noise."""
    rng = np.random.default_rng(0)
    x = -decay * np.arange(5001) + deviation * rng.standard_normal(5001)
    assert [log_jitter(synthetic_curve(x), scale) for scale in SCALES] == pytest.approx([deviation] * 4, rel=0.05)


@pytest.fixture(scope="module", params=[("sgd", 0.0), ("momentum", BETA)], ids=lambda p: p[0])
def correlated(request):
    optimizer, momentum = request.param
    return momentum, long_curves(optimizer, 0.05, 2)


@pytest.mark.slow
@pytest.mark.parametrize("scale", SCALES)
def test_jitter_at_a_scale(correlated, scale):
    momentum, curves = correlated
    expected = expected_jitter(0.05, momentum, scale, DIMENSION)
    assert root_mean_square_jitter(curves, scale) == pytest.approx(expected, rel=0.1)


def test_jitter_beyond_the_correlation_time_is_the_deviation_of_ln_loss(correlated):
    """From step to step it reads a small part of it: L is a sum of squares, ln L has the variance ψ′(d / 2)."""
    _, curves = correlated
    deviation = np.sqrt(special.polygamma(1, DIMENSION / 2))
    assert root_mean_square_jitter(curves, 100) == pytest.approx(deviation, rel=0.15)
    assert root_mean_square_jitter(curves, 1) < 0.35 * deviation


@pytest.mark.parametrize("measure", [log_jitter, relative_jitter])
@pytest.mark.parametrize("scale", SCALES)
def test_jitter_of_a_gap_does_not_see_the_level_of_the_noise(measure, scale):
    """Around a minimum of 0, L is proportional to the variance of the noise, and ln L only shifts."""
    problem = {"dimension": 10, "condition_number": 1}
    quiet, loud = (curve_of("sgd", 0.3, 0, 1000, problem | {"gradient_noise": noise}) for noise in (0.05, 0.1))
    assert measure(quiet, scale) == pytest.approx(measure(loud, scale), rel=1e-6)
    assert measure(above_floor(loud, 1), scale) > 2 * measure(above_floor(quiet, 1), scale)


@pytest.mark.slow
def test_ten_seeds_tell_noise_levels_apart():
    """Disjoint seeds: with the same ones the noise is the same but for its size, and any ratio shows."""
    quiet, loud = (jitters_of_noise(noise, first, SEEDS) for noise, first in ((0.5, 0), (0.75, 100)))
    assert sign_flip_p(loud - quiet) <= 0.01


@pytest.mark.slow
def test_ten_seeds_seldom_tell_the_same_noise_apart():
    """Of 20 comparisons of disjoint seeds, one is expected at p ≤ 0.05, and four or more have a probability of 0.016."""
    sides = [jitters_of_noise(0.5, first, SEEDS) for first in range(0, 4000, 100)]
    ps = [sign_flip_p(first - second) for first, second in zip(sides[::2], sides[1::2], strict=True)]
    assert sum(p <= 0.05 for p in ps) <= 3
