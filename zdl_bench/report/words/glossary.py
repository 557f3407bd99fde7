"""The definition of every number on a page."""

import inspect

from zdl_bench.report.tables.table import Cell, PageTable, readable
from zdl_bench.statistics.metrics.catalogue import METRICS
from zdl_bench.statistics.metrics.metric import Metric

NOTE_ON_SYMBOLS = (
    "L_k is the loss on the probe, a fixed set of training images, at equal strides of the steps; of a problem without data, "
    "the gap to its minimum. T are the planned steps, T′ those made, w the weights, w* the minimum, ln the natural logarithm. "
    "Losses of a problem without data have no unit."
)
NOT_METRICS = (
    ("val accuracy", "%", "higher", "Share of all validation images that the run has right at its end."),
    ("test accuracy", "%", "higher", "Share of all test images that the run has right at its end."),
    ("seconds per 1000 steps", "s", "lower", "Training alone, evaluation left out, of runs made side by side."),
    (
        "steps to a target",
        "steps",
        "lower",
        "First step at which the probe's loss is at the target or below; of a group, the median of the runs that got there, "
        "with their share.",
    ),
    (
        "ERT",
        "steps",
        "lower",
        "Expected running time to a target: the steps of all runs until it, all planned steps of those that never got there, "
        "over the number of runs that did. ∞ where none did.",
    ),
    (
        "wins",
        "1",
        "higher",
        "Seeds on which the first is better, ties counted half. A run without a value loses against one with a value, and two "
        "of them tie.",
    ),
    (
        "p",
        "1",
        "",
        "How often a difference as large comes up if nothing differs: by the sign-flip test of the pairs by seed, or by the "
        "sign test of the wins where a run has no value. Adjusted by Holm's method over the comparisons that belong together.",
    ),
    (
        "95 % interval",
        "",
        "",
        "Student's, of the mean over seeds; of a loss or a jitter it is that of the ratio of the two, 1 where they are alike.",
    ),
    ("diverged", "runs", "lower", "A loss or a weight was not finite, or a loss exceeded 1,000 times its first value."),
    (
        "not learned",
        "runs",
        "lower",
        "Completed, but the mean of the last five L_k is above 0.95 times the loss of the trivial answer.",
    ),
    ("exact", "", "", "Nothing is random here: ten seeds are one run, and the number has neither interval nor p."),
)
"""Name, unit, which is better, definition of the numbers that are no metric of a curve."""


def glossary() -> PageTable:
    """Return name, definition, unit, and which is better, of every number; a narrow screen shows the first two."""
    metrics = [(readable(metric.name), metric.unit, _better(metric), _definition(metric)) for metric in METRICS]
    rows = [(name, words, unit, better) for name, unit, better, words in (*metrics, *NOT_METRICS)]
    return PageTable(["name", "definition", "unit", "better"], [list(map(Cell, row)) for row in rows])


def _better(metric: Metric) -> str:
    return "lower" if metric.lower_is_better else "higher"


def _definition(metric: Metric) -> str:
    return " ".join((inspect.getdoc(metric.compute) or "").split()).replace("NaN", "No value")
