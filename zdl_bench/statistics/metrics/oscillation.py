"""Oscillation, over the probes after the first 10 % of the steps, at a fixed stride. Definitions: docs/metrics.md.

Each is NaN for a run that did not learn: what never moved is not steady.
"""

import math

import numpy as np

from zdl_bench.run.run import Curve, Floats
from zdl_bench.statistics.metrics.convergence import has_learned
from zdl_bench.statistics.metrics.metric import FLOOR, log_losses, metric

SETTLING_SHARE = 0.1


def _is_settled(curve: Curve) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Which probes count: those at equal strides after the first 10 % of the steps."""
    return curve.probes.strided & (curve.probes.step > SETTLING_SHARE * curve.planned_steps)


def _log_losses(curve: Curve) -> Floats | None:
    if log_losses(curve.probes.probe_loss) is None:
        return None
    floor = FLOOR * curve.probes.probe_loss[0]
    return np.asarray(np.log(np.maximum(curve.probes.probe_loss[_is_settled(curve)], floor)))


@metric(unit="1", better="lower", scale="ln", of=has_learned)
def jitter(curve: Curve) -> float:
    """RMS over k of (x_{k−1} − 2 x_k + x_{k+1}) / √6 with x = ln L_k: the measure of oscillation.

    ≥ 0; white noise of standard deviation s in ln L gives s, a straight decay gives 0.
    """
    x = _log_losses(curve)
    if x is None or len(x) < 3:
        return math.nan
    return float(np.sqrt(np.mean(np.diff(x, n=2) ** 2) / 6))


@metric(unit="1", better="lower", scale="identity", of=has_learned)
def overshoot(curve: Curve) -> float:
    """Mean over k of max(0, ln L_k − min_{j≤k} ln L_j). ≥ 0; depends on the stride, so secondary."""
    x = _log_losses(curve)
    if x is None or len(x) == 0:
        return math.nan
    return float(np.mean(x - np.minimum.accumulate(x)))


@metric(unit="1", better="higher", scale="identity", of=has_learned)
def displacement_cosine(curve: Curve) -> float:
    """Mean cosine of w_k − w_{k−1} and w_{k+1} − w_k: −1 zig-zag, 1 straight."""
    return _mean_of_settled(curve, curve.probes.displacement_cosine)


@metric(unit="1", better="higher", scale="identity", of=has_learned)
def gradient_cosine(curve: Curve) -> float:
    """Mean cosine of the gradients of consecutive steps, at the probe steps."""
    return _mean_of_settled(curve, curve.probes.gradient_cosine)


@metric(unit="1", better="higher", scale="ln", of=has_learned)
def path_efficiency(curve: Curve) -> float:
    """‖w_K − w_0‖ / Σ_k ‖w_k − w_{k−1}‖ over the equal strides: 1 straight, → 0 wandering. NaN unless completed."""
    length = float(np.nansum(curve.probes.displacement))
    return float(curve.probes.distance[-1]) / length if length > 0 else math.nan


@metric(unit="1", better="lower", scale="identity", of=has_learned)
def flip_rate(curve: Curve) -> float:
    """Share of k where L turns, over every recorded step: 0 monotone, 1 alternating, 2/3 independent noise.

    Analytic problems only: of a network's probe it would measure trend over noise.
    """
    if curve.points is None:
        return math.nan
    changes = np.sign(np.diff(curve.probes.probe_loss))
    return float(np.mean(changes[1:] * changes[:-1] < 0)) if len(changes) > 1 else math.nan


def _mean_of_settled(curve: Curve, values: Floats) -> float:
    settled = values[_is_settled(curve)]
    defined = settled[np.isfinite(settled)]
    return float(defined.mean()) if len(defined) else math.nan
