"""All metrics, in the order of their files: known without pandas, so that a claim can be checked at every start."""

import math

from zdl_bench.run.run import Curve
from zdl_bench.statistics.metrics import analytic, convergence, oscillation
from zdl_bench.statistics.metrics.metric import metrics_of

METRICS = metrics_of(convergence, oscillation, analytic)


def measured(curve: Curve) -> dict[str, float]:
    """All metrics of a curve, by name. What several ask of it, as whether it learned, is asked once: that takes longest."""
    has = {condition: condition(curve) for condition in {metric.of for metric in METRICS}}
    return {metric.name: metric.compute(curve) if has[metric.of] else math.nan for metric in METRICS}
