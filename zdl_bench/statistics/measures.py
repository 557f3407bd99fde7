"""What can be compared: the columns of the runs, their scale and direction."""

import math
from dataclasses import dataclass

import numpy as np

from zdl_bench.errors import ConfigError
from zdl_bench.run.run import Floats
from zdl_bench.statistics.metrics.catalogue import METRICS
from zdl_bench.statistics.metrics.metric import Scale

ACCURACY = "_accuracy"
OUTCOME_METRICS = ("tail_loss", "final_train_loss", "best_loss", "log_aulc")
"""Of the metrics, those that say where a run ended."""


@dataclass(frozen=True)
class Measure:
    """A column of the runs that can be compared: on which scale, and which end of it is good.

    is_outcome: it says where a run ended, so a run that did not learn has no value. is_time: steps to a target. is_binary: yes
    or no, whether a target was reached.
    """

    column: str
    scale: Scale
    lower_is_better: bool
    is_outcome: bool = True
    is_time: bool = False
    is_binary: bool = False

    def on_scale(self, values: Floats, images: Floats | float = math.inf) -> Floats:
        """Return the values where differences are taken, NaN outside the scale's domain; a target met at the start took 1 step.

        images: how many an accuracy is of, ∞ if unknown. Only then is a perfect accuracy infinite.
        """
        if self.scale == "logit":
            return empirical_logit(values, images)
        if self.scale == "ln":
            with np.errstate(divide="ignore", invalid="ignore"):
                values = np.log(np.maximum(values, 1) if self.is_time else values)
        return np.where(np.isfinite(values), values, np.nan)

    def distance_on_scale(self, ratio_or_difference: float) -> float:
        """Return a margin or bound between two sides on the scale: a ratio if that is ln, else a difference."""
        return float(np.log(ratio_or_difference)) if self.scale == "ln" else ratio_or_difference


def empirical_logit(shares: Floats, images: Floats | float) -> Floats:
    """Return ln((k + ½) / (N − k + ½)) of k = share · N right among N images: finite for none right and for all.

    NaN outside of [0, 1].
    Source: Haldane 1956, Annals of Human Genetics 20:309; Anscombe 1956, Biometrika 43:461.
    """
    half = 0.5 / np.asarray(images, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        logits = np.log((shares + half) / (1 - shares + half))
    return np.where((shares >= 0) & (shares <= 1), logits, np.nan)


def share_of(logit: float, images: float) -> float:
    """Return the inverse of `empirical_logit`."""
    half = 0.5 / images
    return float((1 + np.tanh(logit / 2)) / 2 * (1 + 2 * half) - half)


MEASURES = (
    {
        metric.name: Measure(metric.name, metric.scale, metric.lower_is_better, metric.name in OUTCOME_METRICS)
        for metric in METRICS
    }
    | {name: Measure(name, "logit", lower_is_better=False) for name in ("val_accuracy", "test_accuracy")}
    | {name: Measure(name, "ln", lower_is_better=True) for name in ("val_loss", "test_loss")}
)


def measure_of(name: str) -> Measure:
    """Return the measure that a claim names: a metric, a number at the end, `steps_to_0.3`, or `reached_0.3` (yes or no).

    Raise ConfigError for any other name.
    """
    if name in MEASURES:
        return MEASURES[name]
    if name.startswith("steps_to_"):
        return Measure(name, "ln", lower_is_better=True, is_outcome=False, is_time=True)
    if name.startswith("reached_"):
        return Measure(name, "identity", lower_is_better=False, is_outcome=False, is_binary=True)
    if name.startswith(("seconds_to_", "train_seconds")):
        raise ConfigError(f"{name}: the seconds of a sweep's parallel runs decide nothing; compare steps")
    raise ConfigError(f"there is no metric {name}; take {', '.join(MEASURES)}, steps_to_TARGET or reached_TARGET")
