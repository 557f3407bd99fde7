"""The measures that a LaTeX table may show: their names, headings and units, and the usual choice."""

import re
from collections.abc import Collection, Sequence

from zdl_bench.errors import ConfigError, closest, display, hint
from zdl_bench.statistics.measures import ACCURACY
from zdl_bench.statistics.metrics.catalogue import METRICS

PACE = "seconds_per_1000_steps"
END_MEASURES = ("val_accuracy", "test_accuracy")
MEAN_MEASURES = (*(metric.name for metric in METRICS), *END_MEASURES, PACE)
"""The measures of a table of means over seeds, besides the steps to each target."""
TO_TARGET = re.compile(r"steps_to_[\d.e-]+")
USUAL = (("log_aulc",), ("tail_loss",), ("jitter_20", "jitter_5", "jitter_1", "axis_crossings"), ("test_accuracy",))
"""The measures of a table for print: of each group the first that the runs have. With optimizer, lr and runs, 7 columns."""
HEADINGS = {
    "log_aulc": "mean loss over the run",
    "jitter_20": "jitter over 20 steps",
    "jitter_5": "jitter over 5 steps",
    "jitter_1": "jitter over 1 step",
    PACE: "seconds per 1,000 steps",
}
UNITS = {metric.name: metric.unit for metric in METRICS} | {"log_aulc": "nats", PACE: "s"}


def require_columns(names: Sequence[str]) -> None:
    """Raise ConfigError if one of the chosen columns is no measure or is named twice."""
    for name in names:
        if name not in MEAN_MEASURES and not TO_TARGET.fullmatch(name):
            remedy = hint(
                closest(name, MEAN_MEASURES), f"the measures are {', '.join(MEAN_MEASURES)}, and steps_to_0.5 and its kind"
            )
            raise ConfigError(f"table.columns={display(name)}: there is no such measure; {remedy}")
        if names.count(name) > 1:
            raise ConfigError(f"table.columns={display(name)}: this measure is named twice; name it once")


def usual_columns(defined: Collection[str]) -> list[str]:
    """Return the usual measures of a table for print. defined: the measures that some run has."""
    return [next(name for name in group if name in defined) for group in USUAL if {*defined} & {*group}]


def heading_of(name: str) -> str:
    """Return the heading of a measure, with its unit: `Tail loss (nats)`."""
    words = HEADINGS.get(name, name.replace("steps_to_", "steps_to_loss_")).replace("_", " ")
    unit = "%" if name.endswith(ACCURACY) else UNITS.get(name, "")
    return words[0].upper() + words[1:] + (f" ({unit})" if unit not in ("", "1", "steps") else "")
