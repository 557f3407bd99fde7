"""Metrics against values computed by hand, and properties that hold for all curves."""

import math

import numpy as np
import pytest
from conftest import digits_config, quadratic_config
from hypothesis import assume, given
from hypothesis import strategies as st

from zdl_bench.frames import METRICS
from zdl_bench.metrics import convergence, oscillation
from zdl_bench.run import Curve, Probes, Status
from zdl_bench.training import train


def curve_of(losses, steps=None, *, planned=None, val=None, trivial=10.0, strided=None, points=None, **columns) -> Curve:
    """A curve whose probes have these losses, at strides of 1 where no steps are given."""
    losses = np.asarray(losses, float)
    n = len(losses)
    steps = np.arange(n) if steps is None else np.asarray(steps)
    nan = np.full(n, math.nan)
    named = {name: np.asarray(columns.get(name, nan), float) for name in Probes.__annotations__}
    named |= {
        "step": steps,
        "strided": np.ones(n, bool) if strided is None else np.asarray(strided),
        "probe_loss": losses,
        "val_loss": nan if val is None else np.asarray(val, float),
        "train_seconds": 0.5 * steps,
    }
    planned = int(steps[-1]) if planned is None else planned
    return Curve(planned, trivial, np.arange(1.0, steps[-1] + 1), np.ones(steps[-1]), Probes(**named), points)


def test_tail_loss_is_the_mean_of_the_last_five():
    assert convergence.tail_loss(curve_of([9, 8, 7, 1, 2, 3, 4, 5])) == 3
    val = [math.nan] * 3 + [10, 20, 30, 40, 50]
    assert convergence.tail_loss(curve_of([9, 8, 7, 1, 2, 3, 4, 5], val=val)) == 30


def test_a_run_that_diverged_has_no_tail_loss():
    assert math.isnan(convergence.tail_loss(curve_of([5, 4, 3], planned=10)))
    assert math.isnan(convergence.tail_loss(curve_of([5, 4, math.inf])))
    assert math.isnan(convergence.final_train_loss(curve_of([5, 4, 3], planned=10)))
    assert math.isnan(convergence.log_aulc(curve_of([5, 4, math.inf])))


def test_final_train_loss_takes_at_least_ten_steps():
    assert convergence.final_train_loss(curve_of(np.ones(101))) == np.mean(np.arange(91, 101))
    assert convergence.final_train_loss(curve_of(np.ones(1001))) == np.mean(np.arange(951, 1001))


def test_best_loss_looks_at_strides_only():
    assert convergence.best_loss(curve_of([5, 1, 3], strided=[True, False, True])) == 3


def test_log_aulc_of_an_exponential_decay():
    """ln L falls from 0 to −T·rate in a straight line, so its mean is half of that, whatever the probes."""
    steps = np.array([0, 1, 2, 5, 10, 20, 40])
    assert convergence.log_aulc(curve_of(np.exp(-0.1 * steps), steps)) == pytest.approx(-2.0)


def test_time_to_a_target():
    curve = curve_of([3, 2, 1, 0.5, 0.7], [0, 2, 4, 10, 20])
    assert convergence.steps_to_target(curve, 1.0) == 4
    assert convergence.seconds_to_target(curve, 1.0) == 2.0
    assert convergence.steps_to_target(curve, 3.0) == 0
    assert math.isnan(convergence.steps_to_target(curve, 0.1))


def test_has_learned():
    assert convergence.has_learned(curve_of([10, 9, 9, 9, 9, 9.5]))  # mean 9.2 of 10
    assert not convergence.has_learned(curve_of([10, 9.6, 9.6, 9.6, 9.6, 9.6]))
    assert not convergence.has_learned(curve_of([10, 1, 1, 1, 1, 1], planned=100))


def test_jitter_of_a_straight_decay_is_0():
    assert oscillation.jitter(curve_of(5 * np.exp(-0.1 * np.arange(50)))) == pytest.approx(0, abs=1e-12)


def test_jitter_by_hand():
    """x = ln L alternates between 0 and 1 after the first 10 %: every second difference is ±2."""
    x = np.array([2.0, 2.0, *([0.0, 1.0] * 9)])
    assert oscillation.jitter(curve_of(np.exp(x), trivial=100)) == pytest.approx(2 / math.sqrt(6))


def test_jitter_of_white_noise_is_its_standard_deviation():
    noise = 0.3 * np.random.default_rng(0).standard_normal(200_000)
    assert oscillation.jitter(curve_of(np.exp(noise), trivial=100)) == pytest.approx(0.3, rel=0.01)


def test_overshoot_by_hand():
    """Only what lies after the first 10 % counts, the 3.0 of the start does not."""
    settled = [0.0, 1.0, 0.5, -1.0, 0.0, -1.0, -1.0, -1.0, -1.0]
    curve = curve_of(np.exp([3.0, *settled]), [0, *range(2, 11)], trivial=100)
    assert oscillation.overshoot(curve) == pytest.approx((1 + 0.5 + 1) / 9)


def test_path_efficiency_and_cosines_by_hand():
    losses = [10, 5, 4, 3, 2]
    curve = curve_of(
        losses,
        distance=[0, 1, 2, 1, 2],
        displacement=[math.nan, 1, 1, 1, 1],
        displacement_cosine=[math.nan, math.nan, 1, -1, -1],
        gradient_cosine=[math.nan, 0.5, 0.5, 0.2, math.nan],
    )
    assert oscillation.path_efficiency(curve) == 0.5
    assert oscillation.displacement_cosine(curve) == pytest.approx(-1 / 3)
    assert oscillation.gradient_cosine(curve) == pytest.approx(0.4)


def test_flip_rate():
    points = np.zeros((5, 1))
    assert oscillation.flip_rate(curve_of([5, 4, 3, 2, 1], points=points)) == 0
    assert oscillation.flip_rate(curve_of([5, 1, 4, 1, 3], points=points)) == 1
    assert math.isnan(oscillation.flip_rate(curve_of([5, 4, 3, 2, 1])))


def test_oscillation_of_a_run_that_did_not_learn_is_undefined():
    stuck = curve_of(np.full(50, 10.0))
    assert all(math.isnan(metric(stuck)) for metric in METRICS if metric.name in vars(oscillation))


def test_every_metric_of_real_runs_is_a_number_or_undefined():
    runs = [
        train(digits_config("adam", lr=0.01)),
        train(digits_config("sgd", lr=1e6)),
        train(digits_config("sgd", lr=1e-9)),
        train(quadratic_config("sgd", lr=0.1)),
        train(quadratic_config("sgd", lr=0.1, steps=1)),
    ]
    assert [run.status for run in runs].count(Status.DIVERGED) == 1
    for run in runs:
        for metric in METRICS:
            value = metric(run.curve)
            assert isinstance(value, float)
            assert math.isnan(value) or math.isfinite(value), metric.name
    learned = runs[0].curve
    assert all(math.isfinite(metric(learned)) for metric in METRICS if metric.name != "flip_rate")


@given(
    st.lists(st.floats(1e-6, 1e3), min_size=12, max_size=60),
    st.floats(0.1, 10),
)
def test_jitter_and_overshoot_do_not_depend_on_the_unit_of_the_loss(losses, factor):
    assume(losses[-1] < 999 * losses[0])  # else the curve is that of a diverged run
    one = curve_of(losses, trivial=1e9)
    other = curve_of(np.array(losses) * factor, trivial=1e9)
    assert oscillation.jitter(one) == pytest.approx(oscillation.jitter(other), abs=1e-9)
    assert oscillation.overshoot(one) == pytest.approx(oscillation.overshoot(other), abs=1e-9)
    assert oscillation.jitter(one) >= 0
    assert oscillation.overshoot(one) >= 0


@given(st.lists(st.floats(1e-3, 10), min_size=2, max_size=40), st.floats(1e-3, 10))
def test_a_harder_target_is_never_reached_earlier(losses, target):
    curve = curve_of(losses)
    easy, hard = (convergence.steps_to_target(curve, t) for t in (target, target / 2))
    assert math.isnan(hard) or hard >= easy


def test_metrics_say_what_they_are():
    assert {metric.name for metric in METRICS} >= {"tail_loss", "final_train_loss", "best_loss", "log_aulc", "jitter"}
    for metric in METRICS:
        assert metric.compute.__doc__
        assert metric.unit
