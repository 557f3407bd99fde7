"""The smoothed batch loss is the one that the book draws."""

import numpy as np
import pytest

from zdl_bench.statistics.smoothing import smooth_curve


def book_curve(x):
    """`smooth_curve` of *Deep Learning from Scratch*, common/util.py, as printed."""
    window_len = 11
    s = np.r_[x[window_len - 1 : 0 : -1], x, x[-1:-window_len:-1]]
    w = np.kaiser(window_len, 2)
    y = np.convolve(w / w.sum(), s, mode="valid")
    return y[5 : len(y) - 5]


@pytest.mark.parametrize("steps", [11, 12, 100, 1000])
def test_it_is_the_curve_of_the_book(steps):
    losses = np.random.default_rng(steps).exponential(size=steps)
    assert np.allclose(smooth_curve(losses), book_curve(losses), rtol=1e-14)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_curve_shorter_than_the_window_keeps_its_length_and_its_level(steps):
    assert smooth_curve(np.full(steps, 0.5)) == pytest.approx(np.full(steps, 0.5))
    assert smooth_curve(np.full(steps, 0.5)).shape == (steps,)


def test_a_loss_that_is_not_finite_shows():
    losses = np.ones(30)
    losses[-1] = np.nan
    assert np.isfinite(smooth_curve(losses)[:24]).all()
    assert np.isnan(smooth_curve(losses)[-1])
