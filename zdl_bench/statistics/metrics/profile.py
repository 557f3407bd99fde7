"""The oscillation profile: jitter at scales of about 1, 5, 20 and 100 steps, over the steps after the first 10 %.

The pseudo-residual of three places i < j < k is the distance of the middle value from the line through the outer two,
((k − j) x_i + (j − i) x_k) / (k − i) − x_j, divided by the root of the sum of its squared weights (Gasser, Sroka &
Jennen-Steinmetz 1986). All metrics are ≥ 0, without a unit, better if lower, and compared on the scale ln. A value below the
rounding of the losses is 0. Each metric is NaN for a run that did not learn, for a loss that is not positive and finite, for a
run that is too short for the scale (`scales_of`), and for a run that was stored before there was a profile.
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
    """RMS of the pseudo-residuals of ln L over three consecutive steps (Gasser, Sroka & Jennen-Steinmetz 1986).

    White noise of standard deviation s in ln L gives s, a straight decay of ln L gives 0.
    """
    return log_jitter(curve, 1)


@metric(unit="1", better="lower", scale="ln", of=has_learned)
def jitter_5(curve: Curve) -> float:
    """RMS of the pseudo-residuals of ln L over three places about 5 steps apart (Gasser, Sroka & Jennen-Steinmetz 1986).

    White noise of standard deviation s in ln L gives s, a straight decay of ln L gives 0.
    """
    return log_jitter(curve, 5)


@metric(unit="1", better="lower", scale="ln", of=has_learned)
def jitter_20(curve: Curve) -> float:
    """RMS of the pseudo-residuals of ln L over three places about 20 steps apart (Gasser, Sroka & Jennen-Steinmetz 1986).

    White noise of standard deviation s in ln L gives s, a straight decay of ln L gives 0.
    """
    return log_jitter(curve, 20)


@metric(unit="1", better="lower", scale="ln", of=has_learned)
def jitter_100(curve: Curve) -> float:
    """RMS of the pseudo-residuals of ln L over three places about 100 steps apart (Gasser, Sroka & Jennen-Steinmetz 1986).

    White noise of standard deviation s in ln L gives s, a straight decay of ln L gives 0.
    """
    return log_jitter(curve, 100)


@metric(unit="1", better="lower", scale="ln", of=has_learned)
def relative_jitter_1(curve: Curve) -> float:
    """RMS of the pseudo-residuals of L over three consecutive steps, each divided by the mean of its losses.

    A straight decay of L gives 0, one of ln L does not. Source: Gasser, Sroka & Jennen-Steinmetz 1986.
    """
    return relative_jitter(curve, 1)


@metric(unit="1", better="lower", scale="ln", of=has_learned)
def relative_jitter_5(curve: Curve) -> float:
    """RMS of the pseudo-residuals of L over three places about 5 steps apart, each divided by the mean of its losses.

    A straight decay of L gives 0, one of ln L does not. Source: Gasser, Sroka & Jennen-Steinmetz 1986.
    """
    return relative_jitter(curve, 5)


@metric(unit="1", better="lower", scale="ln", of=has_learned)
def relative_jitter_20(curve: Curve) -> float:
    """RMS of the pseudo-residuals of L over three places about 20 steps apart, each divided by the mean of its losses.

    A straight decay of L gives 0, one of ln L does not. Source: Gasser, Sroka & Jennen-Steinmetz 1986.
    """
    return relative_jitter(curve, 20)


@metric(unit="1", better="lower", scale="ln", of=has_learned)
def relative_jitter_100(curve: Curve) -> float:
    """RMS of the pseudo-residuals of L over three places about 100 steps apart, each divided by the mean of its losses.

    A straight decay of L gives 0, one of ln L does not. Source: Gasser, Sroka & Jennen-Steinmetz 1986.
    """
    return relative_jitter(curve, 100)


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
    steps: (n, 3), or (1, 3) if all triples have the same gaps. values: (n, 3).
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
        """Yield the steps, for `pseudo_residuals`, and the values of the triples of a scale.

        These are the planned ones, or all if each step was recorded. A loss that arrives at the floor of `positive_losses`
        without a rise has a kink there, which is no oscillation: its triples become constant.
        """
        floor = values[self.losses <= FLOOR * self.losses[0]].max(initial=-np.inf)
        for steps, found in self._triples(scale, values):
            if math.isfinite(floor):
                arrives = (found[:, 2] <= floor) & (np.diff(found, axis=1) <= 0).all(axis=1)
                yield steps, np.where(arrives[:, None], found[:, 2:], found)
            else:
                yield steps, found

    def _triples(self, scale: int, values: Floats) -> Iterator[tuple[Triples, Floats]]:
        if scale not in scales_of(self.planned_steps):
            return
        if len(self.steps) == self.planned_steps + 1:
            counted = values[math.floor(SETTLING_SHARE * self.planned_steps) + 1 :]
            for left, right in dict.fromkeys(gaps_of(scale)):
                count = max(len(counted) - left - right, 0)
                columns = np.array([counted[start : start + count] for start in (0, left, left + right)])
                yield np.array([[0, left, left + right]]), columns.T
            return
        planned = triples_of(self.planned_steps, self.strides)[scale]
        indices = np.searchsorted(self.steps, planned).clip(max=len(self.steps) - 1)
        if (self.steps[indices] == planned).all():
            yield planned, values[indices]


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
    size = math.sqrt(np.mean(residuals**2)) if len(residuals) else math.nan
    return 0.0 if size < ROUNDINGS * rounding else size
