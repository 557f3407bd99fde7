"""Smoothed batch losses, as the book draws them."""

import numpy as np

from zdl_bench.run.run import Floats

WINDOW = 11
"""Length of the window, in steps."""
BETA = 2.0
"""Shape of the Kaiser window: 0 is flat, larger values favour the middle."""


def smooth_curve(losses: Floats) -> Floats:
    """Return the losses, smoothed by a Kaiser window of 11 steps with β = 2. Shape (T',), float64.

    The losses are mirrored at both ends; at the right end the last loss is repeated, as in the book. Near a loss that is not
    finite, the smoothed losses are not finite either.
    Source: `smooth_curve` in common/util.py of *Deep Learning from Scratch* (Saito 2016), for curves of any length.
    """
    window = np.kaiser(WINDOW, BETA)
    half = WINDOW // 2
    mirrored = np.pad(np.pad(losses, (half, 0), mode="reflect"), (0, half), mode="symmetric")
    return np.convolve(mirrored, window / window.sum(), mode="valid")
