"""Measures: the columns of the runs that can be compared, with their scale and direction."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zdl_bench.errors import ConfigError
from zdl_bench.run.config import LOSS_UNITS
from zdl_bench.run.run import Floats
from zdl_bench.statistics.metrics.catalogue import METRICS
from zdl_bench.statistics.metrics.metric import Scale

if TYPE_CHECKING:
    import pandas as pd

ACCURACY = "_accuracy"
LOSSES_WITHOUT_ACCURACY = tuple(LOSS_UNITS)[1:]
OUTCOME_METRICS = ("tail_loss", "final_train_loss", "best_loss", "log_aulc")
"""Metrics of the outcome of a run. A run that did not learn has no value of such a metric."""


@dataclass(frozen=True)
class Measure:
    """A column of the runs that can be compared, with its scale and the direction that is better.

    is_outcome: whether the column tells the outcome of a run, so that a run that did not learn has no value. is_time: whether
    the column is the number of steps to a target. is_binary: whether the column says if a target was reached, yes or no.
    """

    column: str
    scale: Scale
    lower_is_better: bool
    is_outcome: bool = True
    is_time: bool = False
    is_binary: bool = False

    def on_scale(self, values: Floats, images: Floats | float = math.inf) -> Floats:
        """Return the values on the scale on which differences are taken, or NaN for values outside the domain of the scale.

        A target that is met at the start counts as 1 step. The 0 of a measure that is no outcome, such as a jitter below the
        rounding of the loss, has no ratio to anything: it is −∞ on the scale ln, so it ties with its like and has a rank only.

        images: the number of images behind an accuracy, ∞ if unknown. A perfect accuracy is infinite if this number is unknown,
        otherwise finite.
        """
        if self.scale == "logit":
            return empirical_logit(values, images)
        if self.scale == "ln":
            with np.errstate(divide="ignore", invalid="ignore"):
                values = np.log(np.maximum(values, 1) if self.is_time else values)
        is_zero = np.isneginf(values) & (self.scale == "ln" and not self.is_outcome)
        return np.where(np.isfinite(values) | is_zero, values, np.nan)

    def distance_on_scale(self, ratio_or_difference: float) -> float:
        """Return a margin or bound between two sides on the scale on which differences are taken.

        ratio_or_difference: a ratio if the scale is ln, otherwise a difference.
        """
        return float(np.log(ratio_or_difference)) if self.scale == "ln" else ratio_or_difference


def empirical_logit(shares: Floats, images: Floats | float) -> Floats:
    """Return ln((k + ½) / (N − k + ½)) of k = share · N correct among N images, finite even for k = 0 and k = N.

    NaN for shares outside [0, 1].
    Source: Haldane 1956, Annals of Human Genetics 20:309; Anscombe 1956, Biometrika 43:461.
    """
    half = 0.5 / np.asarray(images, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        logits = np.log((shares + half) / (1 - shares + half))
    return np.where((shares >= 0) & (shares <= 1), logits, np.nan)


def share_of(logit: float, images: float) -> float:
    """Return the share that has the given `empirical_logit`."""
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


def is_regression(runs: "pd.DataFrame") -> bool:
    """Return whether the runs of a frame predict no classes, so that they have a test loss but no accuracy."""
    return bool("problem.loss" in runs and runs["problem.loss"].isin(LOSSES_WITHOUT_ACCURACY).all())


def names_for(names: Sequence[str], runs: "pd.DataFrame") -> list[str]:
    """Return names of measures, with the final losses in place of the accuracies if the runs are of a regression."""
    return [name.replace(ACCURACY, "_loss") for name in names] if is_regression(runs) else list(names)


def measure_of(name: str) -> Measure:
    """Return the measure that a claim names: a metric, a final loss or accuracy, `steps_to_0.3`, `evaluations_to_0.3`, or
    `reached_0.3` (yes or no).

    Raise ConfigError for any other name.
    """
    if name in MEASURES:
        return MEASURES[name]
    if name.startswith(("steps_to_", "evaluations_to_")):
        return Measure(name, "ln", lower_is_better=True, is_outcome=False, is_time=True)
    if name.startswith("reached_"):
        return Measure(name, "identity", lower_is_better=False, is_outcome=False, is_binary=True)
    if name.startswith(("seconds_to_", "train_seconds")):
        raise ConfigError(f"metric: {name}: the seconds of runs in parallel decide nothing; use steps_to_TARGET")
    raise ConfigError(f"there is no metric {name}; use {', '.join(MEASURES)}, steps_to_TARGET or reached_TARGET")
