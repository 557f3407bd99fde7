"""What can be compared: the columns of the runs, their scale and direction."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zdl_bench.errors import ConfigError
from zdl_bench.frames import METRICS
from zdl_bench.metrics.contract import Scale
from zdl_bench.run import Floats


@dataclass(frozen=True)
class Measure:
    """A column of the runs that can be compared: on which scale, and which end of it is good."""

    column: str
    scale: Scale
    lower_is_better: bool
    is_binary: bool = False

    def on_scale(self, values: Floats) -> Floats:
        """The values where differences are taken; NaN outside the scale's domain."""
        transforms: dict[Scale, Callable[[Floats], Floats]] = {"ln": np.log, "logit": _logit, "identity": np.asarray}
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = transforms[self.scale](values)
        return np.where(np.isfinite(scaled), scaled, np.nan)


def _logit(shares: Floats) -> Floats:
    return np.asarray(np.log(shares / (1 - shares)))


ENDS = {name: Measure(name, "logit", lower_is_better=False) for name in ("val_accuracy", "test_accuracy")} | {
    name: Measure(name, "ln", lower_is_better=True) for name in ("val_loss", "test_loss")
}


def measure_of(name: str) -> Measure:
    """The measure that a claim names: a metric, a number at the end, `steps_to_0.3`, or `reached_0.3` (yes or no).

    Raises ConfigError for any other name.
    """
    for metric in METRICS:
        if metric.name == name:
            return Measure(name, metric.scale, metric.lower_is_better)
    if name in ENDS:
        return ENDS[name]
    if name.startswith("steps_to_"):
        return Measure(name, "ln", lower_is_better=True)
    if name.startswith("reached_"):
        return Measure(name.replace("reached_", "steps_to_"), "identity", lower_is_better=False, is_binary=True)
    targets = "steps_to_TARGET, reached_TARGET"
    raise ConfigError(f"there is no metric {name}; take {', '.join(m.name for m in METRICS)}, {targets} or {', '.join(ENDS)}")
