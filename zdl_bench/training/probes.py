"""The probes of a run, which are the measurements between its steps."""

import math
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from zdl_bench.kernels.choice import kernels_for_vectors
from zdl_bench.problems.problem import Problem
from zdl_bench.run.profile import places_of
from zdl_bench.run.run import Floats, Probes, ProfileLosses, has_diverged

VALIDATED_STRIDES = 5
"""The number of last strides after which the validation loss is measured; tail_loss is the mean of these losses."""
COLUMN_TYPES = {"step": np.int64, "strided": np.bool_}
"""The dtypes of the columns of Probes that are not float64."""


class Prober:
    """The collector of a run's probes: decides when to probe, keeps the values that differences need, and builds the table."""

    def __init__(self, problem: Problem, start: Floats, steps: int, count: int) -> None:
        strides = stride_steps(steps, count)
        self._problem = problem
        self._kernels = kernels_for_vectors(len(start), start.dtype)
        self._strides = set(strides.tolist())
        validates = "validation" in problem.evaluated_splits
        self._validates = validates
        self._validated = set(strides[-VALIDATED_STRIDES:].tolist()) if validates else set()
        due = range(steps + 1) if problem.is_analytic else [*strides.tolist(), *early_steps(steps).tolist()]
        self._due = frozenset(due)
        self._places = frozenset() if problem.is_analytic else places_of(steps, tuple(strides.tolist())) - self._due
        self._profile: dict[int, float] = {}
        self._start = start.copy()
        self._stride_point = start.copy()
        # arrays that are used again and again, two of them in turn: new memory takes longer to fill
        self._point, self._displacements, self._gradients = np.empty_like(start), _two_like(start), _two_like(start)
        self._last_length: float | None = None
        self._point_before: Floats | None = None
        self._gradient_before: Floats | None = None
        self._next_gradient_before: Floats | None = None
        self._rows: list[dict[str, float]] = []

    def is_due(self, step: int) -> bool:
        return step in self._due or step in self._places

    def remember(self, step: int, params: Floats, grad: Floats) -> None:
        """Keep what the probes of this and the next step need. Call this before each update, with the gradient of the step."""
        self._point_before = _copied(params, self._point) if step in self._due else None
        self._next_gradient_before = None
        if step + 1 in self._due:
            self._gradients = self._gradients[::-1]
            self._next_gradient_before = _copied(grad, self._gradients[0])

    def probe_start(self, point: Floats) -> float:
        """Measure before the first step. Return the probe loss, or NaN if the validation loss is not finite."""
        row = self._row(0, point, 0.0) | {"distance": 0.0}
        self._rows.append(row)
        return row["probe_loss"]

    def probe(self, step: int, params: Floats, point: Floats, grad: Floats, seconds: float) -> bool:
        """Measure after the update of a step. Return whether the run has diverged, which a place of the profile never says.

        The probe loss becomes NaN if a parameter or the validation loss is not finite: it may be finite even then.
        """
        if step in self._places:
            self._profile[step] = self._problem.evaluate(point, "probe")["loss"]
            return False
        assert self._point_before is not None, "call remember() before the update of the step"
        row = self._row(step, point, seconds) | {
            "gradient_norm": self._norm(grad),
            "update_norm": math.sqrt(self._kernels.squared_distance(params, self._point_before)),
            "distance": math.sqrt(self._kernels.squared_distance(point, self._start)),
        }
        if self._gradient_before is not None:
            lengths = row["gradient_norm"] * self._norm(self._gradient_before)
            row["gradient_cosine"] = self._cosine(grad, self._gradient_before, lengths)
        if step in self._strides:
            row |= self._displacement(point)
        if not math.isfinite(row["update_norm"]) and not np.isfinite(params).all():
            row["probe_loss"] = math.nan
        self._rows.append(row)
        return has_diverged(row["probe_loss"], self._rows[0]["probe_loss"])

    def end_step(self) -> None:
        """Keep the gradient of this step as the previous gradient of the next step."""
        self._gradient_before = self._next_gradient_before

    def table(self) -> Probes:
        columns: dict[str, Any] = {
            field.name: np.array(
                [row.get(field.name, math.nan) for row in self._rows], COLUMN_TYPES.get(field.name, np.float64)
            )
            for field in fields(Probes)
        }
        return Probes(**columns)

    def profile(self) -> ProfileLosses | None:
        """Return the losses at the places of the profile, or None if each of them has a probe."""
        if not self._places:
            return None
        return ProfileLosses(np.array(list(self._profile), np.int64), np.array(list(self._profile.values()), np.float64))

    def _row(self, step: int, point: Floats, seconds: float) -> dict[str, float]:
        on_probe = self._problem.evaluate(point, "probe")
        row = {"step": step, "strided": step in self._strides, "train_seconds": seconds, "probe_loss": on_probe["loss"]}
        row["probe_accuracy"] = on_probe.get("accuracy", math.nan)
        if self._validates:
            row["val_accuracy"] = self._problem.evaluate(point, "validation_probe").get("accuracy", math.nan)
        if step in self._validated:
            row["val_loss"] = self._problem.evaluate(point, "validation_sample")["loss"]
            if not math.isfinite(row["val_loss"]):
                row["probe_loss"] = math.nan
        return row

    def _displacement(self, point: Floats) -> dict[str, float]:
        last, displacement = self._displacements
        np.subtract(point, self._stride_point, out=displacement)
        row = {"displacement": self._norm(displacement)}
        if self._last_length is not None:
            row["displacement_cosine"] = self._cosine(displacement, last, row["displacement"] * self._last_length)
        np.copyto(self._stride_point, point)
        self._displacements, self._last_length = (displacement, last), row["displacement"]
        return row

    def _norm(self, vector: Floats) -> float:
        """Return the Euclidean norm of a flat vector."""
        return math.sqrt(self._kernels.dot(vector, vector))

    def _cosine(self, a: Floats, b: Floats, lengths: float) -> float:
        """Return the cosine of the angle between two flat vectors, or NaN if the product of their lengths is 0."""
        return self._kernels.dot(a, b) / lengths if lengths > 0 else math.nan


def _two_like(vector: Floats) -> tuple[Floats, Floats]:
    return np.empty_like(vector), np.empty_like(vector)


def _copied(vector: Floats, array: Floats) -> Floats:
    """Return the array, filled with the values of the vector."""
    np.copyto(array, vector)
    return array


def stride_steps(steps: int, count: int) -> npt.NDArray[np.int64]:
    """Return the ends e_0 = 0 < e_1 < … < e_K = steps of K equal strides, K = min(count, steps). Shape (K+1,), int64."""
    strides = min(count, steps)
    return np.array(np.rint(np.arange(strides + 1) * (steps / strides)), dtype=np.int64)


def early_steps(steps: int) -> npt.NDArray[np.int64]:
    """Return the steps 1, 2, 5, 10, 20, 50, … below `steps`. Only loss targets use probes at these steps. dtype int64."""
    candidates = (digit * 10**power for power in range(len(str(steps))) for digit in (1, 2, 5))
    return np.array([step for step in candidates if step < steps], dtype=np.int64)
