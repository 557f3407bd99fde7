"""The type of a metric, and the decorator that turns a function into a metric."""

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
"""Logarithms are taken of max(x, FLOOR · x₀), because an analytic problem may end at exactly 0."""


@dataclass(frozen=True)
class Metric:
    """A pure function of a Curve, with the unit, direction and scale of its values. An undefined value is NaN.

    scale: the scale on which differences are taken. On the scale ln, an effect is a ratio.
    of: the condition that a run must meet; for all other runs the metric is NaN, whatever their curves would give.
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
    """Return a decorator that turns a function into a Metric."""
    return lambda compute: Metric(compute, unit, better == "lower", scale, of)


def metrics_of(*modules: ModuleType) -> tuple[Metric, ...]:
    """Return the metrics that the modules define, in the order of their definitions."""
    return tuple(value for module in modules for value in vars(module).values() if isinstance(value, Metric))


def log_losses(losses: Floats) -> Floats:
    """Return ln of `positive_losses`. Differences of these values are log ratios."""
    return np.asarray(np.log(positive_losses(losses)))


def positive_losses(losses: Floats) -> Floats:
    """Return max(x, 1e-12 · x₀) for each loss x, where x₀ is the first loss.

    All values are NaN unless all losses are finite and positive. An exact 0 counts as positive, because an analytic problem
    may end there.
    """
    if len(losses) == 0 or not np.isfinite(losses).all() or losses[0] <= 0 or (losses < 0).any():
        return np.full(len(losses), np.nan)
    return np.asarray(np.maximum(losses, FLOOR * losses[0]))
