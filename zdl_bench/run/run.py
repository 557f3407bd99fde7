"""What came of a run: its curve, its status, its numbers at the end."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from zdl_bench.run.config import ENGINE_VERSION, RunConfig

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Tensor:
    """Where one weight matrix or bias lies in the flat parameter vector: elements start … stop, of the given shape."""

    start: int
    stop: int
    shape: tuple[int, ...]

    def view(self, flat: Floats) -> Floats:
        return flat[self.start : self.stop].reshape(self.shape)


Layout = tuple[Tensor, ...]


class Status(StrEnum):
    """How a run ended. Divergence is a result; a failed or timed-out run is computed again by the next sweep."""

    COMPLETED = "completed"
    DIVERGED = "diverged"
    FAILED = "failed"
    TIMED_OUT = "timed_out"

    @property
    def is_result(self) -> bool:
        return self in (Status.COMPLETED, Status.DIVERGED)


@dataclass(frozen=True)
class Probes:
    """The table of probes, one element per probe in every array; float64 but for `step` (int64) and `strided` (bool).

    A number that is undefined at a probe is NaN. Norms and cosines are those of the flat parameter vector.
    """

    step: npt.NDArray[np.int64]  # updates made so far
    strided: npt.NDArray[np.bool_]  # one of the equal strides, not an early probe
    train_seconds: Floats  # training time so far, without evaluation
    probe_loss: Floats  # nats, on the fixed probe images; f - f* for analytic problems
    val_loss: Floats  # nats, on fixed validation images, at the last five strides
    gradient_norm: Floats  # of the gradient of this step
    update_norm: Floats  # of the update of this step
    gradient_cosine: Floats  # between the gradients of this step and the step before
    distance: Floats  # from the start
    displacement: Floats  # distance to the previous stride
    displacement_cosine: Floats  # between this displacement and the previous one

    def __len__(self) -> int:
        return len(self.step)

    def items(self) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        return ((f.name, getattr(self, f.name)) for f in fields(self))


@dataclass(frozen=True)
class Curve:
    """What a run recorded; it made T' of its T planned steps.

    train_loss: (T',) float64, the loss of each step's batch before the update. A diverged curve ends with the loss that
        ended it and is never padded.
    lr: (T',) float64.
    trivial_loss: the loss of the trivial answer, ln C for C classes, the start for analytic problems.
    points: (T'+1, d) float64, the iterates of an analytic problem of up to 16 parameters, else None.
    minimum: (d,), the global minimum nearest to the start, if there are points and it is known.
    """

    planned_steps: int
    trivial_loss: float
    train_loss: Floats
    lr: Floats
    probes: Probes
    points: Floats | None = None
    minimum: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Failure:
    """The exception that ended a run, as data."""

    type: str
    message: str
    traceback: str


@dataclass(frozen=True)
class Run:
    """A planned run and what came of it.

    end: val_loss, val_accuracy, test_loss and test_accuracy on all images, if the problem has them and the run completed.
    digest: SHA-256 over the loss curve and the final weights; None if the run has no result.
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

    @property
    def run_id(self) -> str:
        return self.config.run_id


DIVERGENCE_FACTOR = 1000
"""A run has diverged once its loss is above this multiple of a positive first loss."""


def has_diverged(loss: float, first_loss: float) -> bool:
    """Return whether a loss, of a batch or of the probe, ends its run."""
    return not math.isfinite(loss) or (first_loss > 0 and loss > DIVERGENCE_FACTOR * first_loss)
