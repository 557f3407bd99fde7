"""The glossary of a page: what its numbers mean. The definition of a metric is the docstring of its function."""

import inspect

from zdl_bench.language import translatable, translate
from zdl_bench.report.tables.table import readable
from zdl_bench.statistics.metrics.metric import Metric

DIRECTIONS = {True: translatable("lower"), False: translatable("higher")}


def glossary_row(metric: Metric) -> tuple[str, str, str, str]:
    """Return the metric's name, definition and unit, and whether lower or higher values are better."""
    better = DIRECTIONS[metric.lower_is_better]
    return (
        translate(readable(metric.name)),
        translate(definition_of(metric)),
        translate(metric.unit),
        translate(better),
    )


def definition_of(metric: Metric) -> str:
    """Return the definition of a metric, as a text to translate."""
    words = " ".join((inspect.getdoc(metric.compute) or "").split()).replace("NaN", "No value")
    return words.replace("{", "{{").replace("}", "}}")
