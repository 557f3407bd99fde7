"""Metrics against values computed by hand, and properties that hold for all curves."""

import math
from dataclasses import replace

import numpy as np
import pytest
from conftest import digits_config, quadratic_config
from hypothesis import assume, given
from hypothesis import strategies as st

from zdl_bench.run.run import Curve, Probes, Status
from zdl_bench.statistics.metrics import convergence, oscillation, trajectory
from zdl_bench.statistics.metrics.catalogue import compute_metrics
from zdl_bench.statistics.metrics.metric import metrics_of
from zdl_bench.statistics.metrics.steadiness import STEADINESS
from zdl_bench.store.frames import METRICS
from zdl_bench.training.loop import train


def curve_of(losses, steps=None, *, planned=None, val=None, trivial=10.0, strided=None, points=None, **columns) -> Curve:
    """A curve whose probes have these losses, at strides of 1 where no steps are given; its minimum, if any, is 0."""
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
    points = None if points is None else np.asarray(points, float)
    minimum = None if points is None else (0.0,) * points.shape[1]
    return Curve(planned, trivial, np.arange(1.0, steps[-1] + 1), np.ones(steps[-1]), Probes(**named), points, minimum)


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


def bowl_curve(lr: float, steps: int, start=(0.0, 2.0)) -> Curve:
    """SGD on x²/20 + y² in closed form: x is multiplied by 1 − lr/10 and y by 1 − 2·lr at each step."""
    k = np.arange(steps + 1)[:, np.newaxis]
    points = np.array(start) * np.array([1 - lr / 10, 1 - 2 * lr]) ** k
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    losses = points[:, 0] ** 2 / 20 + points[:, 1] ** 2
    return curve_of(losses, points=points, trivial=losses[0], update_norm=[math.nan, *lengths])


def test_axis_crossings_counts_every_step_of_a_zigzag_while_the_loss_falls():
    curve = bowl_curve(0.95, 20)
    assert curve.probes.probe_loss[1] / curve.probes.probe_loss[0] == pytest.approx(0.81)
    assert trajectory.axis_crossings(curve) == 20
    assert oscillation.flip_rate(curve) == 0
    assert trajectory.axis_crossings(bowl_curve(0.3, 20, start=(-7.0, 2.0))) == 0


def test_axis_crossings_by_hand():
    """The first coordinate crosses twice, once through the axis itself; the second touches it and crosses once, later."""
    points = [[1, 2], [-1, 1], [0, 0], [2, 1], [1, -1], [3, -1]]
    assert trajectory.axis_crossings(curve_of([10, 5, 4, 3, 2, 1], points=points)) == 3
    elsewhere = replace(curve_of([10, 5, 4, 3, 2, 1], points=points), minimum=(0.5, 5.0))
    assert trajectory.axis_crossings(elsewhere) == 2
    assert math.isnan(trajectory.axis_crossings(replace(elsewhere, minimum=None)))
    assert math.isnan(trajectory.axis_crossings(curve_of([10, 5, 4, 3, 2, 1])))
    assert math.isnan(trajectory.axis_crossings(curve_of([10, 10, 10, 10, 10, 10], points=points)))


def test_highest_rise_by_hand():
    points = np.zeros((6, 1))
    assert trajectory.highest_rise(curve_of([10, 4, 6, 2, 5, 1], points=points)) == pytest.approx(math.log(5 / 2))
    assert trajectory.highest_rise(curve_of([10, 5, 4, 3, 2, 1], points=points)) == 0
    assert math.isnan(trajectory.highest_rise(curve_of([10, 4, 6, 2, 5, 1])))
    assert math.isnan(trajectory.highest_rise(curve_of([10, 4, 6, -2, 5, 1], points=points)))


def test_shrinking_share_by_hand():
    nan = math.nan
    updates = curve_of([10, 5, 4, 3, 2], points=np.zeros((5, 1)), update_norm=[nan, 4, 2, 2, 1])
    assert trajectory.shrinking_share(updates) == pytest.approx(2 / 3)
    assert trajectory.shrinking_share(bowl_curve(0.3, 20)) == 1
    assert math.isnan(trajectory.shrinking_share(curve_of([10, 5], points=np.zeros((2, 1)), update_norm=[nan, 4])))


def test_contraction_imbalance_by_hand():
    """y falls by 0.5 a step and x by 0.9; (ln 0.5)/(ln 0.9) whatever the number of steps."""
    k = np.arange(11)
    points = np.stack([-7 * 0.9**k, 2 * (-0.5) ** k, 0.0 * k], axis=1)
    curve = curve_of(10 * 0.5**k, points=points)
    assert trajectory.contraction_imbalance(curve) == pytest.approx(math.log(0.5) / math.log(0.9))
    assert trajectory.contraction_imbalance(bowl_curve(0.95, 20)) == 1
    grows = curve_of([10, 5], points=[[1, 1], [0.5, 2]])
    arrives = curve_of([10, 5], points=[[1, 1], [0.5, 0]])
    never_moves = curve_of([10, 10], points=[[0, 0], [0, 0]])
    for undefined in (grows, arrives, never_moves, curve_of([10, 5]), replace(curve, minimum=None)):
        assert math.isnan(trajectory.contraction_imbalance(undefined))


def test_late_slope_by_hand():
    """ln L falls by 0.3 over the first 90 of 100 steps and by 0.02 a step from there: 2 in 100 steps."""
    steps = np.arange(0, 101, 2)
    logs = np.where(steps < 90, 2 - steps / 300, 1.7 - 0.02 * (steps - 90))
    assert convergence.late_slope(curve_of(np.exp(logs), steps)) == pytest.approx(-2.0)
    crooked = curve_of(np.exp([0.0, -1.0, -1.0, -4.0]), [0, 90, 95, 100], trivial=1)
    assert convergence.late_slope(crooked) == pytest.approx(-3 / 10 * 100)
    early = curve_of(
        np.exp([0.0, -1.0, 5.0, -1.0, -4.0]), [0, 90, 92, 95, 100], strided=[True, True, False, True, True], trivial=1
    )
    assert convergence.late_slope(early) == pytest.approx(-3 / 10 * 100)
    assert math.isnan(convergence.late_slope(curve_of([10.0] * 50)))
    assert math.isnan(convergence.late_slope(curve_of([10, 1], [0, 100])))


def test_first_update_norm_by_hand():
    steps = [0, 1, 2, 4, 5, 8, 10, 20]
    norms = [math.nan, 1, 2, 100, 4, 100, 8, 100]
    assert convergence.first_update_norm(curve_of([9] * 8, steps, update_norm=norms)) == pytest.approx(2**1.5)
    short = curve_of([9, 8, 7], [0, 1, 2], update_norm=norms[:3])
    assert convergence.first_update_norm(short) == pytest.approx(math.sqrt(2))
    still = curve_of([9, 8, 7], [0, 1, 2], update_norm=[math.nan, 0, 1])
    assert math.isnan(convergence.first_update_norm(still))
    assert math.isnan(convergence.first_update_norm(curve_of([9, 8], [0, 3], update_norm=[math.nan, 1])))


def test_metrics_of_analytic_runs_are_numbers_or_undefined():
    noisy = {"dimension": 3, "gradient_noise": 0.1}
    runs = [
        train(quadratic_config("sgd", lr=0.3)),
        train(quadratic_config("adam", lr=0.1, problem=noisy)),
        train(quadratic_config("sgd", lr=1e200)),
        train(quadratic_config("sgd", lr=1e-9)),
        train(quadratic_config("sgd", lr=0.3, steps=1)),
        train(quadratic_config("sgd", lr=0.3, problem={"dimension": 17})),
    ]
    values = [[metric(run.curve) for metric in metrics_of(trajectory)] for run in runs]
    assert all(math.isfinite(value) for row in values[:1] for value in row)
    assert all(math.isnan(value) or math.isfinite(value) for row in values for value in row)
    assert all(math.isnan(value) for value in values[-1])


def test_oscillation_of_a_run_that_did_not_learn_is_undefined():
    stuck = curve_of(np.full(50, 10.0))
    assert all(math.isnan(metric(stuck)) for metric in METRICS if metric.name in vars(oscillation))


def test_every_metric_of_real_runs_is_a_number_or_undefined():
    runs = [
        train(digits_config("adam", lr=0.01, steps=450)),  # the fewest that all scales fit into
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
        together = compute_metrics(run.curve)
        assert list(together) == [metric.name for metric in METRICS]
        assert np.array_equal(list(together.values()), [metric(run.curve) for metric in METRICS], equal_nan=True)
    learned = runs[0].curve
    analytic_only = {"flip_rate", *(metric.name for metric in metrics_of(trajectory))}
    assert all(math.isfinite(metric(learned)) for metric in METRICS if metric.name not in analytic_only)


@given(
    st.lists(st.floats(1e-6, 1e3), min_size=12, max_size=60),
    st.floats(0.1, 10),
)
def test_overshoot_does_not_depend_on_the_unit_of_the_loss(losses, factor):
    assume(losses[-1] < 999 * losses[0])  # else the curve is that of a diverged run
    one = curve_of(losses, trivial=1e9)
    other = curve_of(np.array(losses) * factor, trivial=1e9)
    assert oscillation.overshoot(one) == pytest.approx(oscillation.overshoot(other), abs=1e-9)
    assert oscillation.overshoot(one) >= 0


@given(st.lists(st.floats(1e-3, 10), min_size=2, max_size=40), st.floats(1e-3, 10))
def test_a_harder_target_is_never_reached_earlier(losses, target):
    curve = curve_of(losses)
    easy, hard = (convergence.steps_to_target(curve, t) for t in (target, target / 2))
    assert math.isnan(hard) or hard >= easy


def test_metrics_say_what_they_are():
    assert {metric.name for metric in METRICS} >= {"tail_loss", "final_train_loss", "best_loss", "log_aulc", *STEADINESS}
    for metric in METRICS:
        assert metric.compute.__doc__
        assert metric.unit
