"""Convergence speed: how far, and how fast. Definitions: docs/metrics.md."""

import math

import numpy as np

from zdl_bench.run.run import Curve, Floats, has_diverged
from zdl_bench.statistics.metrics.metric import log_losses, metric

TAIL_PROBES = 5
LEARNED_SHARE = 0.95
EARLY_STEPS = (1, 2, 5, 10)


def has_finished(curve: Curve) -> bool:
    """Return whether the run made all its steps and did not diverge, not even in the last step."""
    losses = curve.probes.probe_loss
    is_whole = bool(curve.probes.step[-1] == curve.planned_steps) and bool(np.isfinite(losses).all())
    return is_whole and not has_diverged(float(losses[-1]), float(losses[0]))


def has_learned(curve: Curve) -> bool:
    """Return whether the mean of the last five probe losses at equal strides is at most 0.95 × the loss of the trivial answer.

    A run that diverged has not learned.
    """
    return has_finished(curve) and float(_strided_losses(curve)[-TAIL_PROBES:].mean()) <= LEARNED_SHARE * curve.trivial_loss


def _strided_losses(curve: Curve) -> Floats:
    """Return L_k, the probe losses at the equal strides, (K + 1,)."""
    return curve.probes.probe_loss[curve.probes.strided]


@metric(unit="nats", better="lower", scale="ln", of=has_finished)
def tail_loss(curve: Curve) -> float:
    """Mean of the last five validation losses, or probe losses if there is no validation split. NaN if the run diverged.

    The last iterate alone is noise.
    """
    val_losses = curve.probes.val_loss[~np.isnan(curve.probes.val_loss)]
    tail = float((val_losses if len(val_losses) else _strided_losses(curve)[-TAIL_PROBES:]).mean())
    return tail if math.isfinite(tail) else math.nan


@metric(unit="nats", better="lower", scale="ln", of=has_finished)
def final_train_loss(curve: Curve) -> float:
    """Mean of the batch loss over the last max(10, ⌈0.05 T⌉) steps. NaN if the run diverged."""
    return float(curve.train_loss[-max(10, math.ceil(0.05 * curve.planned_steps)) :].mean())


@metric(unit="nats", better="lower", scale="ln")
def best_loss(curve: Curve) -> float:
    """Smallest probe loss at an equal stride: for reading only, it rewards oscillation."""
    losses = _strided_losses(curve)
    return float(np.nanmin(losses)) if np.isfinite(losses).any() else math.nan


@metric(unit="ln nats", better="lower", scale="identity", of=has_finished)
def log_aulc(curve: Curve) -> float:
    """(1/T) ∫ ln L over [0, T], trapezoid over the equal strides. NaN if the run diverged."""
    logs = log_losses(_strided_losses(curve))
    return float(np.trapezoid(logs, curve.probes.step[curve.probes.strided])) / curve.planned_steps


@metric(unit="ln nats", better="lower", scale="identity", of=has_learned)
def late_slope(curve: Curve) -> float:
    """Least-squares slope of ln L over the equal strides of the last 10 % of the steps, times T.

    What ln L would lose in as many steps again at this pace: 0 if it stands still, below 0 if it still falls. NaN for a run
    that did not learn.
    """
    logs, steps = log_losses(_strided_losses(curve)), curve.probes.step[curve.probes.strided]
    late = 10 * steps >= 9 * curve.planned_steps
    if np.count_nonzero(late) < 2:
        return math.nan
    distances = steps[late] - steps[late].mean()
    return float(distances @ logs[late] / (distances @ distances)) * curve.planned_steps


@metric(unit="1", better="higher", scale="ln")
def first_update_norm(curve: Curve) -> float:
    """Geometric mean of the norms of the updates of steps 1, 2, 5 and 10, as far as they were made.

    For reading: how far a rule goes at first. NaN if an update is 0.
    """
    norms = curve.probes.update_norm[(curve.probes.step[:, None] == EARLY_STEPS).any(axis=1)]
    if len(norms) == 0 or not (np.isfinite(norms) & (norms > 0)).all():
        return math.nan
    return float(np.exp(np.log(norms).mean()))


def steps_to_target(curve: Curve, target: float) -> float:
    """Return the first step at which the probe loss is at or below the target, in nats; NaN (censored) if never."""
    return _first(curve, curve.probes.step, target)


def evaluations_to_target(curve: Curve, target: float) -> float:
    """Return how often the gradient was evaluated until the step of `steps_to_target`; NaN (censored) if never."""
    return _first(curve, curve.evaluations_after(curve.probes.step), target)


def seconds_to_target(curve: Curve, target: float) -> float:
    """Return the training time in seconds, without evaluation, until the step of `steps_to_target`; NaN (censored) if never."""
    return _first(curve, curve.probes.train_seconds, target)


def _first(curve: Curve, values: "np.ndarray[tuple[int], np.dtype[np.generic]]", target: float) -> float:
    reached = (curve.probes.probe_loss <= target).nonzero()[0]
    return float(values[reached[0]]) if len(reached) else math.nan
