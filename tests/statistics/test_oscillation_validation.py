"""The oscillation profile where the answer is known, each against an oracle that is not the code under test."""

import math
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.oscillation_validation import (
    COUNT,
    LEVEL,
    MEASURES,
    SPIKE,
    STEPS,
    bowl,
    every_step,
    noise,
    noise_free,
    over,
    planned,
    recorded,
    sine,
    sine_gain,
    spike,
    spike_energy,
)
from conftest import digits_config
from hypothesis import given
from hypothesis import strategies as st

from zdl_bench.run.profile import SCALES, gaps_of, scales_of
from zdl_bench.statistics.metrics import profile
from zdl_bench.statistics.metrics.metric import metrics_of
from zdl_bench.statistics.metrics.profile import log_jitter, pseudo_residuals, relative_jitter
from zdl_bench.statistics.metrics.trajectory import axis_crossings, step_cosine
from zdl_bench.training.loop import train

PLANS = pytest.mark.parametrize("count", [COUNT, None], ids=["planned", "every step"])
SIZE = 0.05
JITTERS = metrics_of(profile)


def line_residual(steps, values) -> float:
    """The middle value from the line through the outer two, over the deviation that unit white noise gives it."""
    slope, offset = np.polyfit([steps[0], steps[2]], [values[0], values[2]], 1)
    shares = [(steps[2] - steps[1]) / (steps[2] - steps[0]), (steps[1] - steps[0]) / (steps[2] - steps[0])]
    return (slope * steps[1] + offset - values[1]) / math.sqrt(shares[0] ** 2 + shares[1] ** 2 + 1)


# Pseudo-residuals


@given(st.integers(0, 1000), st.integers(1, 150), st.integers(1, 150), st.lists(st.floats(-5, 5), min_size=3, max_size=3))
def test_a_pseudo_residual_is_the_distance_from_the_line(start, left, right, values):
    steps = np.array([[start, start + left, start + left + right]])
    found = pseudo_residuals(steps, np.array([values]))
    assert found == pytest.approx(line_residual(steps[0], values), abs=1e-9)


def test_at_equal_gaps_it_is_the_second_difference_over_the_root_of_6():
    assert pseudo_residuals(np.array([[0, 7, 14]]), np.array([[1.0, 4.0, 2.0]])) == pytest.approx(
        (1 - 2 * 4 + 2) / math.sqrt(6)
    )


def test_at_unequal_gaps_by_hand():
    """Gaps 1 and 3: the line at the middle is 3/4 of the first and 1/4 of the last; 9/16 + 1/16 + 1 = 26/16."""
    assert pseudo_residuals(np.array([[0, 1, 4]]), np.array([[4.0, 0.0, 8.0]])) == pytest.approx(5 / math.sqrt(26 / 16))


# Noise, lines, plateaus


@PLANS
@pytest.mark.parametrize("measure", MEASURES)
def test_white_noise_gives_its_size_at_every_scale(measure, count):
    found = over([recorded(noise(seed, SIZE), count) for seed in range(400 if count else 20)], measure)
    assert found == pytest.approx([SIZE] * len(SCALES), rel=0.04)


@PLANS
@pytest.mark.parametrize("steps", [*range(5, 60), 99, 100, 101, 250, 445, 999, 1001])
def test_a_straight_decay_gives_0_at_any_number_of_steps(steps, count):
    scales = scales_of(steps)
    falling = recorded(np.exp(-0.01 * np.arange(steps + 1)), count)
    assert [log_jitter(falling, scale) for scale in scales] == [0] * len(scales)
    linear = recorded(2 - np.arange(steps + 1) / steps, count)
    assert [relative_jitter(linear, scale) for scale in scales] == [0] * len(scales)


@given(st.integers(5, 1200), st.integers(1, 120), st.floats(1e-4, 0.02), st.floats(0.01, 100))
def test_a_straight_decay_gives_0_at_any_spacing(steps, count, rate, level):
    curve = recorded(level * np.exp(-rate * np.arange(steps + 1)), count)
    assert [log_jitter(curve, scale) for scale in scales_of(steps)] == [0] * len(scales_of(steps))


@PLANS
def test_a_decay_that_arrives_at_the_floor_gives_0(count):
    curve = recorded(np.exp(-0.1 * np.arange(STEPS + 1)), count)
    assert [log_jitter(curve, scale) for scale in SCALES] == [0] * len(SCALES)


def test_a_rise_from_the_floor_counts():
    losses = np.full(STEPS + 1, 1e-20)
    losses[0], losses[500] = 1, 1e-3
    assert all(log_jitter(recorded(losses, None), scale) > 0.01 for scale in SCALES)


@PLANS
def test_a_plateau_gives_0(count):
    curve = recorded(np.full(STEPS + 1, LEVEL), count)
    assert [measure(curve, scale) for measure in MEASURES for scale in SCALES] == [0] * 8


# Sines


@pytest.mark.parametrize("triples", [planned(), {s: every_step(s) for s in SCALES}], ids=["planned", "every step"])
def test_a_sine_of_any_period_from_2_to_60_reads_its_size_within_a_tenth_at_some_scale(triples):
    for period in range(2, 61):
        gains = [sine_gain(triples[scale], period) for scale in SCALES]
        assert min(abs(gain - 1) for gain in gains) <= 0.1, (period, gains)


@PLANS
@pytest.mark.parametrize("period", [2, 3, 7, 10, 20, 40, 57])
def test_a_recorded_sine_reads_what_the_closed_form_says(period, count):
    found = over([recorded(sine(period, phase / 12, SIZE), count) for phase in range(12)])
    triples = planned() if count else {scale: every_step(scale) for scale in SCALES}
    assert found == pytest.approx([SIZE * sine_gain(triples[scale], period) for scale in SCALES], rel=0.02)


# A spike


@pytest.mark.parametrize("scale", SCALES)
def test_a_spike_reads_the_same_at_any_place_where_every_step_is_known(scale):
    pairs = set(gaps_of(scale))
    centres = sum(STEPS - STEPS // 10 - left - right for left, right in pairs)
    expected = 0.5 * math.sqrt(sum(spike_energy(left, right) for left, right in pairs) / centres)
    places = (405, 517, 600, 683)
    found = [log_jitter(recorded(spike(place, 0.5), None), scale) for place in places]
    assert found == pytest.approx([expected] * len(places))


@pytest.mark.parametrize("scale", SCALES)
def test_a_spike_at_a_random_place_is_measured_without_bias(scale):
    """Over all places, the sum of the mean squares is the mean energy of the triples; a single spike may fall between them."""
    triples = planned()[scale]
    expected = 0.25 * np.mean([spike_energy(middle - start, end - middle) for start, middle, end in triples])
    squares = [log_jitter(recorded(spike(place, 0.5)), scale) ** 2 for place in range(101 - SPIKE, STEPS + 1)]
    assert sum(squares) == pytest.approx(expected)


# Runs


@pytest.mark.parametrize("steps", [50, 100, 101])
def test_sgd_zigzagging_on_the_bowl_is_never_the_steadier_in_all_views(steps):
    """Its loss hides the zig-zag, since it is symmetric in y. The closed form: y is multiplied by −0.9 at each step."""
    sgd, adagrad = bowl("sgd", 0.95, steps), bowl("adagrad", 0.95, steps)
    assert axis_crossings(sgd) == steps > axis_crossings(adagrad) == 0
    assert step_cosine(sgd) < -0.85
    assert step_cosine(adagrad) > 0.99
    by_scale = [(measure(sgd, scale), measure(adagrad, scale)) for measure in MEASURES for scale in scales_of(steps)]
    assert any(one > other for one, other in by_scale)


def test_step_cosine_of_a_zigzag_by_hand():
    """Moves (1, 1), (1, −1), … are at right angles; moves (0, 2), (0, −2) turn back; a step without a move is left out."""
    steps = 100
    curve = recorded(np.ones(steps + 1), None)
    t = np.arange(steps + 1.0)
    assert step_cosine(replace(curve, points=np.stack([t, t % 2], axis=1))) == pytest.approx(0)
    assert step_cosine(replace(curve, points=np.stack([0 * t, 2 * (t % 2)], axis=1))) == pytest.approx(-1)
    assert step_cosine(replace(curve, points=np.stack([0 * t, np.where(t < 50, t, 50)], axis=1))) == pytest.approx(1)
    assert math.isnan(step_cosine(curve))


def test_ringing_of_momentum_against_its_recurrence():
    """v ← 0.9 v − lr ∇f, w ← w + v on x²/20 + y², and the distance of each middle from the line, one by one."""
    steps, lr, first = 120, 0.1, 13
    w, v, losses = np.array([-7.0, 2.0]), np.zeros(2), []
    for _ in range(steps + 1):
        losses.append(w[0] ** 2 / 20 + w[1] ** 2)
        v = 0.9 * v - lr * np.array([w[0] / 10, 2 * w[1]])
        w = w + v
    curve = bowl("momentum", lr, steps)
    for scale in scales_of(steps):
        triples = [
            (middle - left, middle, middle + right)
            for left, right in set(gaps_of(scale))
            for middle in range(first + left, steps + 1 - right)
        ]
        expected = np.mean([line_residual(steps, np.log([losses[step] for step in steps])) ** 2 for steps in triples])
        assert log_jitter(curve, scale) == pytest.approx(math.sqrt(expected), rel=1e-6)
        assert log_jitter(curve, scale) > 100 * log_jitter(bowl("sgd", lr, steps), scale)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("lr", [0.001, 0.01, 0.1])
def test_rounding_is_no_jitter(dtype, lr):
    assert [log_jitter(noise_free(dtype, lr=lr), scale) for scale in SCALES] == [0] * len(SCALES)


def test_what_is_above_the_rounding_is_kept():
    """The same loss is far above the rounding of float64 and below that of float32."""
    losses = LEVEL * np.exp(np.random.default_rng(0).normal(0, 1e-7, STEPS + 1))
    curve = recorded(losses, None)
    assert log_jitter(curve, 1) == pytest.approx(1e-7, rel=0.1)
    assert log_jitter(replace(curve, dtype="float32"), 1) == 0
    assert relative_jitter(replace(curve, dtype="float32"), 1) == 0


# Undefined values


def test_a_scale_that_is_too_long_for_the_run_is_undefined():
    curve = recorded(noise(0, SIZE, 100))
    defined = [math.isfinite(log_jitter(curve, scale)) for scale in SCALES]
    assert defined == [True, True, True, False]


def test_a_run_without_a_profile_has_no_jitter():
    """As those that were stored before there was one."""
    curve = replace(recorded(noise(0, SIZE)), profile=None)
    assert all(math.isnan(one(curve)) for one in JITTERS)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_a_loss_that_is_not_positive_has_no_jitter(value):
    """An exact 0 counts as positive, as in every logarithm of a loss; but not at the start."""
    curve = recorded(noise(0, SIZE))
    losses = curve.profile.probe_loss.copy()
    losses[3] = value
    changed = replace(curve, profile=replace(curve.profile, probe_loss=losses))
    found = [measure(changed, 5) for measure in MEASURES]
    assert all(map(math.isfinite, found)) if value == 0 else all(map(math.isnan, found))
    start = curve.probes.probe_loss.copy()
    start[0] = value
    assert math.isnan(log_jitter(replace(curve, probes=replace(curve.probes, probe_loss=start)), 5))


def test_a_run_that_did_not_learn_or_diverged_has_no_profile(digits):
    still = recorded(np.full(STEPS + 1, LEVEL))
    curves = [
        replace(still, trivial_loss=LEVEL),
        train(digits_config("sgd", lr=100.0)).curve,
        train(digits_config(lr=1e30)).curve,
    ]
    assert all(math.isnan(one(curve)) for curve in curves for one in JITTERS)


def test_the_metrics_are_those_of_their_scales():
    curve = recorded(noise(0, SIZE))
    found = {one.name: one(curve) for one in JITTERS}
    assert found == {f"jitter_{scale}": log_jitter(curve, scale) for scale in SCALES} | {
        f"relative_jitter_{scale}": relative_jitter(curve, scale) for scale in SCALES
    }
