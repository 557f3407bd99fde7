"""All metrics, in the order of their files. Pandas is not imported, so that every start can check claims without delay."""

import math

from zdl_bench.run.run import Curve
from zdl_bench.statistics.metrics import convergence, oscillation, profile, trajectory
from zdl_bench.statistics.metrics.metric import metrics_of

METRICS = metrics_of(convergence, trajectory, profile, oscillation)


def compute_metrics(curve: Curve) -> dict[str, float]:
    """Return all metrics of a curve by name. Conditions such as `has_learned` take longest, so each is checked only once."""
    holds = {condition: condition(curve) for condition in {metric.of for metric in METRICS}}
    return {metric.name: metric.compute(curve) if holds[metric.of] else math.nan for metric in METRICS}
