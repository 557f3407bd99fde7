"""Comparison of a stored run with a fresh run, field by field: bit for bit, or within a tolerance."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from zdl_bench.commands.reference import ReferenceRun, reference_columns
from zdl_bench.run.conditions import label, short
from zdl_bench.run.config import RunConfig
from zdl_bench.run.environment import FINGERPRINT, fingerprint
from zdl_bench.run.run import Curve, Floats, Run
from zdl_bench.training.loop import digest_of

TOLERANCE = 1e-3
"""Maximum relative difference at which the numbers of runs on different BLAS kernels count as equal."""
REFERENCE_TOLERANCE = 0.05
"""The tolerance for committed numbers. These describe whole runs, and in float32 rounding errors grow with the steps."""
LEAST_SIZES = {
    **dict.fromkeys(("probes.gradient_cosine", "probes.displacement_cosine", "gradient_cosine", "displacement_cosine"), 1.0),
    **dict.fromkeys(("jitter", "overshoot"), 0.3),
    "late_slope": 20.0,  # ten times the values of ln L at both ends of the last tenth of the steps
}
"""Field → the smallest size to which its differences are relative, even if the stored number is smaller. Each of these fields
is computed as a difference of nearly equal numbers, so its error is relative to the size of those numbers."""
NOT_COMPARED = {"train_seconds", "probes.train_seconds", "environment"}
"""Fields in which a fresh run may differ. The environment only decides whether `verify` expects the same bits."""


class Agreement(StrEnum):
    SAME_BITS = "same bits"
    DIFFERENT = "different"
    CLOSE = "close"
    NOT_CLOSE = "not close"
    NO_RESULT = "no result"
    NOT_STORED = "without a stored result"
    UNSOUND = "unsound"


@dataclass(frozen=True)
class Verification:
    """The result of training one run again, or the reason why the run could not be compared.

    words: optimizer, lr and seed of the run, which usually distinguish it from the other runs of its sweep.
    first_difference: the first step whose train loss differs, in a bit or by more than the tolerance, or None.
    explanation: which fields differ, or why the run could not be compared.
    """

    run_id: str
    words: str
    agreement: Agreement
    first_difference: int | None
    explanation: str

    @property
    def agrees(self) -> bool:
        return self.agreement in (Agreement.SAME_BITS, Agreement.CLOSE, Agreement.NOT_STORED)


def compare_runs(stored: Run, fresh: Run) -> Verification:
    """Compare all fields of a stored run, except for NOT_COMPARED, with the fields of a fresh run."""
    made_on = fingerprint(stored.environment)
    tolerance = _tolerance(made_on, fresh, TOLERANCE)
    differing = find_differences(comparable_fields(stored), comparable_fields(fresh), tolerance)
    if "digest" not in differing and _has_foreign_digest(stored):
        differing.append("digest")
    losses, again = (run.curve.train_loss if run.curve else np.array([]) for run in (stored, fresh))
    step = find_first_difference(losses, again, tolerance)
    return _verification(fresh, describe_config(fresh.config), made_on, tolerance, differing, step)


def compare_to_reference(reference: ReferenceRun, fresh: Run) -> Verification:
    """Compare every column of a committed run with the same column of a fresh run."""
    words = f"{reference.experiment}: {describe_config(fresh.config)}"
    tolerance = _tolerance(reference.fingerprint, fresh, REFERENCE_TOLERANCE)
    differing = find_differences(reference.columns, reference_columns(fresh), tolerance)
    return _verification(fresh, words, reference.fingerprint, tolerance, differing, None)


def _tolerance(made_on: tuple[str, ...], fresh: Run, elsewhere: float) -> float:
    """Return 0 if both runs were made with the same NumPy, BLAS kernel and vector instructions, or else `elsewhere`."""
    return 0.0 if made_on == fingerprint(fresh.environment) else elsewhere


def _verification(
    fresh: Run, words: str, made_on: tuple[str, ...], tolerance: float, differing: list[str], step: int | None
) -> Verification:
    if fresh.curve is None:
        return Verification(fresh.run_id, words, Agreement.NO_RESULT, None, fresh.failure.message if fresh.failure else "")
    notes = []
    if tolerance:
        pairs = zip(FINGERPRINT, made_on, fingerprint(fresh.environment), strict=True)
        changes = "; ".join(f"{key}: {short(before)} → {short(now)}" for key, before, now in pairs if before != now)
        compared_to = f"numbers are compared with a relative tolerance of {tolerance:g}, and digests are not compared"
        notes.append(f"the same bits cannot be expected here ({changes}); {compared_to}")
    if differing:
        notes.append(f"fields that differ: {', '.join(differing)}")
    agreements = (Agreement.CLOSE, Agreement.NOT_CLOSE) if tolerance else (Agreement.SAME_BITS, Agreement.DIFFERENT)
    return Verification(fresh.run_id, words, agreements[bool(differing)], step, "; ".join(notes))


def comparable_fields(run: Run) -> dict[str, Any]:
    """Return the values of a run that a fresh run should repeat: name of the field → value."""
    found = {field.name: getattr(run, field.name) for field in fields(Run) if field.name not in ("curve", "end")}
    found |= {f"end.{name}": value for name, value in run.end.items()}
    if run.curve is not None:
        found |= {field.name: getattr(run.curve, field.name) for field in fields(Curve) if field.name != "probes"}
        found |= {f"probes.{name}": values for name, values in run.curve.probes.items()}
    return {name: value for name, value in found.items() if name not in NOT_COMPARED}


def find_differences(stored: Mapping[str, Any], fresh: Mapping[str, Any], tolerance: float) -> list[str]:
    """Return the names of the fields that do not agree. A field that one side does not have counts as None there.

    The digest depends on every bit, so it is not compared if numbers only have to be close.
    """
    names = (stored.keys() | fresh.keys()) - ({"digest"} if tolerance else set())
    return sorted(name for name in names if not _agree(name, stored.get(name), fresh.get(name), tolerance))


def _agree(name: str, stored: Any, fresh: Any, tolerance: float) -> bool:
    ours, theirs = _floats(stored), _floats(fresh)
    if ours is None or theirs is None:
        arrays = isinstance(stored, np.ndarray) or isinstance(fresh, np.ndarray)
        return bool(np.array_equal(stored, fresh) if arrays else stored == fresh)
    return ours.shape == theirs.shape and bool(_same(ours, theirs, tolerance, LEAST_SIZES.get(name, 0.0)).all())


def _floats(value: Any) -> npt.NDArray[np.float64] | None:
    """Return floats as an array, or None for other values (integers, flags and texts), which have to be equal."""
    if isinstance(value, np.ndarray):
        return value if value.dtype == np.float64 else None
    return np.array(value, np.float64) if isinstance(value, float | tuple) else None


def _same(stored: Floats, fresh: Floats, tolerance: float, least_size: float = 0.0) -> npt.NDArray[np.bool_]:
    """Return for each element whether bits are equal, both are NaN, or both are finite and within tolerance × stored size."""
    same: npt.NDArray[np.bool_] = (stored.view(np.int64) == fresh.view(np.int64)) | (np.isnan(stored) & np.isnan(fresh))
    if tolerance:
        with np.errstate(all="ignore"):
            near = np.abs(stored - fresh) <= tolerance * np.maximum(np.abs(stored), least_size)
        same |= np.isfinite(stored) & np.isfinite(fresh) & near
    return same


def find_first_difference(stored: Floats, fresh: Floats, tolerance: float) -> int | None:
    """Return the first step, from 1, at which two loss curves (T',) disagree or one of them has ended; None if they agree."""
    shared = min(len(stored), len(fresh))
    differing = np.flatnonzero(~_same(stored[:shared], fresh[:shared], tolerance))
    if len(differing):
        return int(differing[0]) + 1
    return None if len(stored) == len(fresh) else shared + 1


@np.errstate(all="ignore")
def _has_foreign_digest(run: Run) -> bool:
    """Return whether a digest does not match the run's losses and final weights; False if the run did not record these."""
    if run.curve is None or run.curve.points is None or not np.isfinite(run.curve.points[-1]).all():
        return False
    return run.digest != digest_of(run.curve, run.curve.points[-1].astype(run.config.dtype))


def describe_config(config: RunConfig) -> str:
    return label({key: config.flat()[key] for key in ("optimizer", "lr", "seed")}, short)
