"""The outcome of a run: its curve, its status, and its losses and accuracies at the end."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from zdl_bench.language import translatable
from zdl_bench.run.config import ENGINE_VERSION, RunConfig

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Tensor:
    """The place of one weight matrix or bias in the flat parameter vector: elements start to stop − 1, in the given shape."""

    start: int
    stop: int
    shape: tuple[int, ...]

    def view(self, flat: Floats) -> Floats:
        return flat[self.start : self.stop].reshape(self.shape)


Layout = tuple[Tensor, ...]


class Status(StrEnum):
    """The way a run ended. Divergence counts as a result. A run that failed or timed out is repeated by the next sweep."""

    COMPLETED = translatable("completed")
    DIVERGED = translatable("diverged")
    FAILED = translatable("failed")
    TIMED_OUT = translatable("timed_out")

    @property
    def is_result(self) -> bool:
        return self in (Status.COMPLETED, Status.DIVERGED)


VALIDATION_PROBE = 100
"""The largest number of validation images of a probe."""
ADDED_PROBES = ("probe_accuracy", "val_accuracy")
"""Columns of the probes that a run lacks if it was stored before there were such columns. Their values are NaN."""


@dataclass(frozen=True)
class Probes:
    """The probes of a run: arrays with one element per probe, in float64, except `step` (int64) and `strided` (bool).

    A value that is undefined at a probe is NaN. Norms and cosines are taken over the flat parameter vector.
    """

    step: npt.NDArray[np.int64]  # number of updates before the probe
    strided: npt.NDArray[np.bool_]  # True for a probe at equal strides, False for an additional early probe
    train_seconds: Floats  # training time before the probe, without evaluation
    probe_loss: Floats  # in nats, on the fixed probe images; f - f* for analytic problems
    val_loss: Floats  # in nats, on fixed validation images, at the last five strides
    probe_accuracy: Floats  # in [0, 1], on the fixed probe images
    val_accuracy: Floats  # in [0, 1], on fixed validation images
    gradient_norm: Floats  # of the gradient of this step
    update_norm: Floats  # of the update of this step
    gradient_cosine: Floats  # between the gradients of this step and the step before
    distance: Floats  # from the initial parameters
    displacement: Floats  # distance to the parameters at the previous stride
    displacement_cosine: Floats  # between this displacement and the previous one

    def __len__(self) -> int:
        return len(self.step)

    def items(self) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        return ((f.name, getattr(self, f.name)) for f in fields(self))


@dataclass(frozen=True)
class ProfileLosses:
    """The loss on the probe images at the places of the oscillation profile that have no probe of their own.

    Nothing but the profile uses them: they reach no target and end no run.
    """

    step: npt.NDArray[np.int64]  # number of updates before the measurement
    probe_loss: Floats  # in nats


@dataclass(frozen=True)
class Curve:
    """The values that a run recorded in T' of its T planned steps.

    train_loss: (T',) float64, the loss of each step's batch before the update. The last loss of a diverged run is the
        loss that ended the run. The curve is never padded.
    lr: (T',) float64, the learning rate of each step.
    trivial_loss: the loss of the trivial answer: ln C for C classes, or the loss at the start for analytic problems.
    points: (T'+1, d) float64, the iterates of an analytic problem with up to 16 parameters; None for other problems.
    minimum: (d,), the global minimum nearest to the start, or None if there are no points or the minimum is unknown.
    profile: None where the loss is probed at every step, and in runs that were stored before there was a profile.
    dtype: the type of the numbers of the run, which sets the resolution of its losses.
    evaluations: (T',) int64, how often the gradient was evaluated until the end of each step; None if once per step.
    """

    planned_steps: int
    trivial_loss: float
    train_loss: Floats
    lr: Floats
    probes: Probes
    points: Floats | None = None
    minimum: tuple[float, ...] | None = None
    profile: ProfileLosses | None = None
    dtype: str = "float64"
    evaluations: npt.NDArray[np.int64] | None = None

    def evaluations_after(self, steps: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return how often the gradient was evaluated in the first `steps` steps, for an array of numbers of steps."""
        return steps if self.evaluations is None else np.append(0, self.evaluations)[steps]


@dataclass(frozen=True)
class Failure:
    """The exception that ended a run: its type, message and traceback as text."""

    type: str
    message: str
    traceback: str


@dataclass(frozen=True)
class Run:
    """A planned run and its outcome.

    end: the final val_loss, val_accuracy, test_loss and test_accuracy on all images; empty if the run did not complete or if
        the problem has no such values.
    digest: SHA-256 of the loss curve and the final weights, or None if the run has no result.
    """

    config: RunConfig
    status: Status
    curve: Curve | None = None
    end: Mapping[str, float] = field(default_factory=dict)
    digest: str | None = None
    train_seconds: float = math.nan
    environment: Mapping[str, str] = field(default_factory=dict)
    failure: Failure | None = None
    engine: int = ENGINE_VERSION

    @cached_property
    def run_id(self) -> str:
        return self.config.id_under(self.engine)

    def recorded_like(self, other: "Run") -> "Run":
        """Return this run without those columns of ADDED_PROBES that the other run lacks, so that the two can be compared."""
        if self.curve is None or other.curve is None:
            return self
        lacks = [name for name in ADDED_PROBES if np.isnan(getattr(other.curve.probes, name)).all()]
        if not lacks:
            return self
        blank: dict[str, Any] = dict.fromkeys(lacks, np.full(len(self.curve.probes), math.nan))
        return replace(self, curve=replace(self.curve, probes=replace(self.curve.probes, **blank)))


DIVERGENCE_FACTOR = 1000
"""A run has diverged if its loss is above this multiple of its first loss and the first loss is positive."""


def has_diverged(loss: float, first_loss: float) -> bool:
    """Return whether a run has diverged, given the loss of a batch or a probe and the first loss of the run."""
    return not math.isfinite(loss) or (first_loss > 0 and loss > DIVERGENCE_FACTOR * first_loss)
