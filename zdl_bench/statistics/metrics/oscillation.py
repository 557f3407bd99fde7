"""Secondary measures of oscillation, over the probes at equal strides after the first 10 % of the steps.

Each metric is NaN for a run that did not learn: a run that never moved is not steady.
"""

import math

import numpy as np

from zdl_bench.run.profile import SETTLING_SHARE
from zdl_bench.run.run import Curve, Floats
from zdl_bench.statistics.metrics.convergence import has_learned
from zdl_bench.statistics.metrics.metric import log_losses, metric


@metric(unit="1", better="lower", scale="identity", of=has_learned)
def overshoot(curve: Curve) -> float:
    """Mean over k of max(0, ln L_k − min_{j≤k} ln L_j). ≥ 0; depends on the stride, so secondary."""
    x = _settled(curve, log_losses(curve.probes.probe_loss))
    return float(np.mean(x - np.minimum.accumulate(x))) if len(x) else math.nan


@metric(unit="1", better="higher", scale="identity", of=has_learned)
def displacement_cosine(curve: Curve) -> float:
    """Mean cosine of w_k − w_{k−1} and w_{k+1} − w_k: −1 zig-zag, 1 straight."""
    return _finite_mean(_settled(curve, curve.probes.displacement_cosine))


@metric(unit="1", better="higher", scale="identity", of=has_learned)
def gradient_cosine(curve: Curve) -> float:
    """Mean cosine of the gradients of consecutive steps, at the probe steps."""
    return _finite_mean(_settled(curve, curve.probes.gradient_cosine))


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
    changes = np.sign(np.diff(curve.probes.probe_loss))
    is_defined = curve.points is not None and len(changes) > 1
    return float(np.mean(changes[1:] * changes[:-1] < 0)) if is_defined else math.nan


def _settled(curve: Curve, values: Floats) -> Floats:
    """Return the values at the probes that count: those at equal strides after the first 10 % of the steps."""
    return values[curve.probes.strided & (curve.probes.step > SETTLING_SHARE * curve.planned_steps)]


def _finite_mean(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else math.nan
