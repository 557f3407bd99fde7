"""The oscillation profile: jitter at scales of about 1, 5, 20 and 100 steps, over the steps after the first 10 %.

Each metric is NaN for a run that did not learn, for a loss that is not positive and finite, for a run that is too short for
the scale (`scales_of`), and for a run that was stored before there was a profile.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from zdl_bench.run.profile import SETTLING_SHARE, Triples, gaps_of, scales_of, triples_of
from zdl_bench.run.run import Curve, Floats
from zdl_bench.statistics.metrics.convergence import has_learned
from zdl_bench.statistics.metrics.metric import FLOOR, log_losses, metric, positive_losses

ROUNDINGS = 16
"""A jitter below so many roundings of the loss is 0: a loss is a sum, which rounds more often than once."""


@metric(unit="1", better="lower", scale="ln", of=has_learned)
def jitter_1(curve: Curve) -> float:
    """RMS of the pseudo-residuals of ln L over three consecutive steps: what a step does and the next undoes."""
    return log_jitter(curve, 1)


@metric(unit="1", better="lower", scale="ln", of=has_learned)
def jitter_5(curve: Curve) -> float:
    """RMS of the pseudo-residuals of ln L over three places about 5 steps apart."""
    return log_jitter(curve, 5)


@metric(unit="1", better="lower", scale="ln", of=has_learned)
def jitter_20(curve: Curve) -> float:
    """RMS of the pseudo-residuals of ln L over three places about 20 steps apart."""
    return log_jitter(curve, 20)


@metric(unit="1", better="lower", scale="ln", of=has_learned)
def jitter_100(curve: Curve) -> float:
    """RMS of the pseudo-residuals of ln L over three places about 100 steps apart."""
    return log_jitter(curve, 100)


@metric(unit="1", better="lower", scale="ln", of=has_learned)
def relative_jitter_1(curve: Curve) -> float:
    """RMS of the pseudo-residuals of L over three consecutive steps, each divided by the mean of its three losses."""
    return relative_jitter(curve, 1)


@metric(unit="1", better="lower", scale="ln", of=has_learned)
def relative_jitter_5(curve: Curve) -> float:
    """RMS of the pseudo-residuals of L over places about 5 steps apart, each divided by the mean of its three losses."""
    return relative_jitter(curve, 5)


@metric(unit="1", better="lower", scale="ln", of=has_learned)
def relative_jitter_20(curve: Curve) -> float:
    """RMS of the pseudo-residuals of L over places about 20 steps apart, each divided by the mean of its three losses."""
    return relative_jitter(curve, 20)


@metric(unit="1", better="lower", scale="ln", of=has_learned)
def relative_jitter_100(curve: Curve) -> float:
    """RMS of the pseudo-residuals of L over places about 100 steps apart, each divided by the mean of its three losses."""
    return relative_jitter(curve, 100)


@metric(unit="1", better="higher", scale="identity", of=has_learned)
def step_cosine(curve: Curve) -> float:
    """Mean cosine of w_t − w_{t−1} and w_{t+1} − w_t over every step: −1 zig-zag, 1 straight. Analytic problems only.

    A loss that is symmetric about its minimum hides a zig-zag; the path shows it. A step that did not move is left out.
    """
    if curve.points is None:
        return math.nan
    moves = np.diff(curve.points[math.floor(SETTLING_SHARE * curve.planned_steps) :], axis=0)
    lengths = np.linalg.norm(moves, axis=1)
    products = lengths[1:] * lengths[:-1]
    cosines = (moves[1:] * moves[:-1]).sum(axis=1)[products > 0] / products[products > 0]
    return float(cosines.mean()) if len(cosines) else math.nan


def log_jitter(curve: Curve, scale: int) -> float:
    """Return the jitter of ln L. ≥ 0; white noise of standard deviation s in ln L gives s, a straight decay gives 0."""
    recorded = _recorded_losses(curve)
    logs = log_losses(recorded.losses)
    rounding = np.finfo(curve.dtype).eps + np.finfo(np.float64).eps * float(np.abs(logs).max())
    return _root_mean_square([pseudo_residuals(steps, values) for steps, values in recorded.triples(scale, logs)], rounding)


def relative_jitter(curve: Curve, scale: int) -> float:
    """Return the jitter of L relative to its level at that place. ≥ 0; the same as of ln L where it is small."""
    recorded = _recorded_losses(curve)
    triples = recorded.triples(scale, positive_losses(recorded.losses))
    residuals = [pseudo_residuals(steps, values) / values.mean(axis=1) for steps, values in triples]
    return _root_mean_square(residuals, float(np.finfo(curve.dtype).eps))


def pseudo_residuals(steps: Triples, values: Floats) -> Floats:
    """Return how far the middle value of each triple is from the line through the other two, (n,).

    Divided by the root of the sum of the squared weights, so that the variance is that of white noise in the values; at equal
    gaps it is the second difference / √6. Source: Gasser, Sroka & Jennen-Steinmetz 1986, Biometrika 73, equation 2.
    steps, values: (n, 3).
    """
    left, right = steps[:, 1] - steps[:, 0], steps[:, 2] - steps[:, 1]
    first, last = right / (left + right), left / (left + right)
    return np.asarray((first * values[:, 0] + last * values[:, 2] - values[:, 1]) / np.sqrt(first**2 + last**2 + 1))


@dataclass(frozen=True)
class _Recorded:
    """All losses that a run recorded on its probe images, in the order of the steps."""

    planned_steps: int
    strides: tuple[int, ...]
    steps: "np.ndarray[tuple[int], np.dtype[np.int64]]"
    losses: Floats

    def triples(self, scale: int, values: Floats) -> Iterator[tuple[Triples, Floats]]:
        """Yield the steps and the values of the triples of a scale: the planned ones, or all if each step was recorded.

        A loss that arrives at the floor of `positive_losses` without a rise has a kink there, which is no oscillation: its
        triples become constant.
        """
        for steps, indices in self._indices(scale):
            found = values[indices]
            arrives = (np.diff(found, axis=1) <= 0).all(axis=1) & (self.losses[indices[:, 2]] <= FLOOR * self.losses[0])
            yield steps, np.where(arrives[:, None], found[:, 2:], found)

    def _indices(self, scale: int) -> Iterator[tuple[Triples, Triples]]:
        """Yield the triples of a scale as steps, and as indices of the losses."""
        if scale not in scales_of(self.planned_steps):
            return
        if len(self.steps) == self.planned_steps + 1:
            first = math.floor(SETTLING_SHARE * self.planned_steps) + 1
            for left, right in gaps_of(scale):
                centres = np.arange(first + left, self.planned_steps + 1 - right)
                indices = np.stack([centres - left, centres, centres + right], axis=1)
                yield indices, indices
            return
        planned = triples_of(self.planned_steps, self.strides)[scale]
        indices = np.searchsorted(self.steps, planned).clip(max=len(self.steps) - 1)
        if (self.steps[indices] == planned).all():
            yield planned, indices


def _recorded_losses(curve: Curve) -> _Recorded:
    probes, profile = curve.probes, curve.profile
    steps, losses = probes.step, probes.probe_loss
    if profile is not None:
        steps, losses = np.concatenate([steps, profile.step]), np.concatenate([losses, profile.probe_loss])
    order = np.argsort(steps)
    return _Recorded(curve.planned_steps, tuple(probes.step[probes.strided].tolist()), steps[order], losses[order])


def _root_mean_square(parts: list[Floats], rounding: float) -> float:
    """Return the RMS of all residuals, 0 below ROUNDINGS, or NaN if there are none."""
    residuals = np.concatenate(parts) if parts else np.array([])
    size = float(np.sqrt(np.mean(residuals**2))) if len(residuals) else math.nan
    return 0.0 if size < ROUNDINGS * rounding else size
