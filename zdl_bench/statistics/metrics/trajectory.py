"""The path of an analytic problem, over every recorded step. Definitions: docs/metrics.md.

Each metric is NaN if the points of the run were not recorded.
"""

import math

import numpy as np

from zdl_bench.run.profile import SETTLING_SHARE
from zdl_bench.run.run import Curve, Floats
from zdl_bench.statistics.metrics.convergence import has_learned
from zdl_bench.statistics.metrics.metric import log_losses, metric


@metric(unit="crossings", better="lower", scale="identity", of=has_learned)
def axis_crossings(curve: Curve) -> float:
    """Sign changes of w_i − w*_i from one point to the next, summed over the coordinates i.

    A point exactly on the axis counts as one of the side it came from. NaN for a run that did not learn.
    """
    offsets = _offsets(curve)
    if offsets is None:
        return math.nan
    signs = [np.sign(coordinate[coordinate != 0]) for coordinate in offsets.T]
    return float(sum(np.count_nonzero(np.diff(sides)) for sides in signs))


@metric(unit="1", better="higher", scale="identity", of=has_learned)
def step_cosine(curve: Curve) -> float:
    """Mean cosine of w_t − w_{t−1} and w_{t+1} − w_t over the steps after the first 10 %: −1 zig-zag, 1 straight.

    A step that did not move is left out. With noise it only reads how much momentum a rule has. NaN for a run that did not
    learn.
    """
    if curve.points is None:
        return math.nan
    moves = np.diff(curve.points[math.floor(SETTLING_SHARE * curve.planned_steps) :], axis=0)
    lengths = np.linalg.norm(moves, axis=1)
    products = lengths[1:] * lengths[:-1]
    cosines = (moves[1:] * moves[:-1]).sum(axis=1)[products > 0] / products[products > 0]
    return float(cosines.mean()) if len(cosines) else math.nan


@metric(unit="ln nats", better="lower", scale="identity", of=has_learned)
def highest_rise(curve: Curve) -> float:
    """max over k of max(0, ln L_k − ln L_{k−1}): 0 if the loss never rises. NaN for a run that did not learn."""
    return float(np.diff(log_losses(curve.probes.probe_loss)).max(initial=0.0)) if curve.points is not None else math.nan


@metric(unit="1", better="higher", scale="identity")
def shrinking_share(curve: Curve) -> float:
    """Share of the steps from the second on whose update is shorter than the one before: 1 if steps only shrink.

    For reading: whether shrinking steps help or hurt is another question.
    """
    norms = curve.probes.update_norm[1:]
    if curve.points is None or len(norms) < 2:
        return math.nan
    return float(np.mean(norms[1:] < norms[:-1]))


@metric(unit="1", better="lower", scale="ln")
def contraction_imbalance(curve: Curve) -> float:
    """max r_i / min r_i with r_i = −(1/T′) ln(|w_i,T′ − w*_i| / |w_i,0 − w*_i|): 1 if all coordinates close in equally fast.

    Coordinates that start on the minimum are left out. NaN if one is no nearer than it was, or exactly there.
    """
    offsets = _offsets(curve)
    if offsets is None or len(offsets) < 2:
        return math.nan
    first, last = np.abs(offsets[0]), np.abs(offsets[-1])
    moving = first > 0
    with np.errstate(divide="ignore"):
        rates = -np.log(last[moving] / first[moving]) / (len(offsets) - 1)
    if len(rates) == 0 or not (np.isfinite(rates) & (rates > 0)).all():
        return math.nan
    return float(rates.max() / rates.min())


def _offsets(curve: Curve) -> Floats | None:
    """Return w_k − w*, (T′ + 1, d), or None if the points or the minimum are unknown."""
    if curve.points is None or curve.minimum is None:
        return None
    return np.asarray(curve.points - np.array(curve.minimum))
