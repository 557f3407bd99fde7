"""The probes of a run: what is measured between steps, outside the timer."""

import math
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from zdl_bench.problems.problem import Problem
from zdl_bench.run.run import Floats, Probes

VALIDATED_STRIDES = 5
"""The validation loss is measured at this many last strides; tail_loss is their mean."""
COLUMN_TYPES = {"step": np.int64, "strided": np.bool_}
"""All other columns are float64."""


class Prober:
    """Decides when to probe, remembers what differences need, and collects the rows of a Probes table."""

    def __init__(self, problem: Problem, start: Floats, steps: int, count: int) -> None:
        strides = stride_steps(steps, count)
        self._problem = problem
        self._strides = set(strides.tolist())
        self._validated = set(strides[-VALIDATED_STRIDES:].tolist())
        self._validates = "validation" in problem.evaluated_splits
        due = range(steps + 1) if problem.is_analytic else [*strides.tolist(), *early_steps(steps).tolist()]
        self._due = frozenset(due)
        self._start = start.copy()
        self._stride_point = self._start
        self._last_displacement: Floats | None = None
        self._point_before: Floats | None = None
        self._gradient_before: Floats | None = None
        self._next_gradient_before: Floats | None = None
        self._rows: list[dict[str, float]] = []

    def is_due(self, step: int) -> bool:
        return step in self._due

    def remember(self, step: int, params: Floats, grad: Floats) -> None:
        """Called with the gradient of a step, before its update: keeps what the probes of this and the next step need."""
        self._point_before = params.copy() if step in self._due else None
        self._next_gradient_before = grad.copy() if step + 1 in self._due else None

    def probe_start(self, point: Floats) -> float:
        """Measures before the first step. Returns the probe loss, NaN where the validation loss is not finite."""
        row = self._losses(0, point) | {"step": 0, "strided": True, "train_seconds": 0.0, "distance": 0.0}
        self._rows.append(row)
        return row["probe_loss"]

    def probe(self, step: int, params: Floats, point: Floats, grad: Floats, seconds: float) -> float:
        """Measures after the update of a step. Returns the probe loss, NaN where a parameter or the validation loss is not
        finite: the loss of the probe images alone may hide either."""
        assert self._point_before is not None, "remember() comes before the update"
        row = self._losses(step, point) | {
            "step": step,
            "strided": step in self._strides,
            "train_seconds": seconds,
            "gradient_norm": norm(grad),
            "update_norm": norm(params - self._point_before),
            "distance": norm(point - self._start),
        }
        if self._gradient_before is not None:
            row["gradient_cosine"] = cosine(grad, self._gradient_before)
        if step in self._strides:
            row |= self._displacement(point)
        if not np.isfinite(params).all():
            row["probe_loss"] = math.nan
        self._rows.append(row)
        return row["probe_loss"]

    def end_step(self) -> None:
        """The gradient of this step becomes the one before the next."""
        self._gradient_before = self._next_gradient_before

    def table(self) -> Probes:
        columns: dict[str, Any] = {
            field.name: np.array(
                [row.get(field.name, math.nan) for row in self._rows], COLUMN_TYPES.get(field.name, np.float64)
            )
            for field in fields(Probes)
        }
        return Probes(**columns)

    def _losses(self, step: int, point: Floats) -> dict[str, float]:
        losses = {"probe_loss": self._problem.evaluate(point, "probe")["loss"]}
        if self._validates and step in self._validated:
            losses["val_loss"] = self._problem.evaluate(point, "validation_sample")["loss"]
            if not math.isfinite(losses["val_loss"]):
                losses["probe_loss"] = math.nan
        return losses

    def _displacement(self, point: Floats) -> dict[str, float]:
        displacement = point - self._stride_point
        row = {"displacement": norm(displacement)}
        if self._last_displacement is not None:
            row["displacement_cosine"] = cosine(displacement, self._last_displacement)
        self._stride_point = point.copy()
        self._last_displacement = displacement
        return row


def norm(vector: Floats) -> float:
    """Euclidean length of a flat vector."""
    return math.sqrt(np.dot(vector, vector))


def cosine(a: Floats, b: Floats) -> float:
    """Cosine of the angle between two flat vectors; NaN where one is 0."""
    lengths = norm(a) * norm(b)
    return float(np.dot(a, b)) / lengths if lengths > 0 else math.nan


def stride_steps(steps: int, count: int) -> npt.NDArray[np.int64]:
    """Steps e_0 = 0 < e_1 < … < e_K = steps of `count` equal strides, fewer where there are fewer steps. (K+1,) int64"""
    strides = min(count, steps)
    return np.array(np.rint(np.arange(strides + 1) * (steps / strides)), dtype=np.int64)


def early_steps(steps: int) -> npt.NDArray[np.int64]:
    """Steps 1, 2, 5, 10, 20, 50, … below `steps`, which only the targets use. int64"""
    candidates = (digit * 10**power for power in range(len(str(steps))) for digit in (1, 2, 5))
    return np.array([step for step in candidates if step < steps], dtype=np.int64)
