"""All metrics, in the order of their files: known without pandas, so that a claim can be checked at every start."""

from zdl_bench.metrics import analytic, convergence, oscillation
from zdl_bench.metrics.contract import metrics_of

METRICS = metrics_of(convergence, oscillation, analytic)
