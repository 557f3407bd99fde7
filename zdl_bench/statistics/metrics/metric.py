"""The contract of a metric, and the decorator that makes one."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

import numpy as np

from zdl_bench.run.run import Curve, Floats

Scale = Literal["ln", "identity", "logit"]
Condition = Callable[[Curve], bool]

FLOOR = 1e-12
"""Logarithms are taken of max(x, FLOOR · x₀): an analytic problem may end at exactly 0."""


@dataclass(frozen=True)
class Metric:
    """A pure function of a Curve, NaN if it is not defined, with what a reader has to know about it.

    scale: on which differences are taken, so that on ln an effect reads as a ratio.
    of: the condition on runs; the metric is NaN for all others, whatever their curves would give.
    """

    compute: Callable[[Curve], float]
    unit: str
    lower_is_better: bool
    scale: Scale
    of: Condition

    @property
    def name(self) -> str:
        return self.compute.__name__

    def __call__(self, curve: Curve) -> float:
        return self.compute(curve) if self.of(curve) else math.nan


def metric(
    unit: str, better: Literal["lower", "higher"], scale: Scale, of: Condition = lambda curve: True
) -> Callable[[Callable[[Curve], float]], Metric]:
    """Make a Metric of a function."""
    return lambda compute: Metric(compute, unit, better == "lower", scale, of)


def metrics_of(*modules: ModuleType) -> tuple[Metric, ...]:
    """Return the metrics that the modules define, in their order."""
    return tuple(value for module in modules for value in vars(module).values() if isinstance(value, Metric))


def log_losses(losses: Floats) -> Floats:
    """Return ln of max(x, 1e-12 · x₀), the scale of all ratios; all NaN unless every loss is finite and positive.

    An exact 0 counts as positive: it is where an analytic problem ends.
    """
    if len(losses) == 0 or not np.isfinite(losses).all() or losses[0] <= 0 or (losses < 0).any():
        return np.full(len(losses), np.nan)
    return np.asarray(np.log(np.maximum(losses, FLOOR * losses[0])))
