"""What is stored of a run against what a fresh run says: field by field, by bits or to a tolerance."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from zdl_bench.commands.reference import ReferenceRun, reference_row
from zdl_bench.run.conditions import label, short
from zdl_bench.run.config import RunConfig
from zdl_bench.run.environment import FINGERPRINT, fingerprint
from zdl_bench.run.run import Curve, Floats, Run
from zdl_bench.training.loop import digest_of

TOLERANCE = 1e-3
"""Relative difference up to which the numbers of runs on different BLAS kernels agree."""
REFERENCE_TOLERANCE = 0.05
"""The same for numbers of whole runs: in float32 rounding grows with the steps, the more the larger they are."""
SIZES = {
    **dict.fromkeys(("probes.gradient_cosine", "probes.displacement_cosine", "gradient_cosine", "displacement_cosine"), 1.0),
    **dict.fromkeys(("jitter", "overshoot"), 0.3),
    "late_slope": 20.0,  # ln L at both ends of a tenth of the steps, times ten
}
"""What differences of these numbers are measured against, if their own size is smaller: each takes the difference of numbers
that may be nearly equal."""
NOT_COMPARED = {"train_seconds", "probes.train_seconds", "environment"}
"""What a fresh run cannot repeat. The environment only decides whether the same bits are expected."""


class Agreement(StrEnum):
    SAME_BITS = "same bits"
    DIFFERENT = "different"
    CLOSE = "close"
    NOT_CLOSE = "not close"
    NO_RESULT = "no result"
    NOT_STORED = "without a stored result"
    UNSOUND = "unsound"


@dataclass(frozen=True)
class Verified:
    """What came of training one run again, or why it could not be compared.

    first_difference: the first step whose train loss differs, by bits or by the tolerance; None if none does.
    """

    run_id: str
    words: str
    agreement: Agreement
    first_difference: int | None
    explanation: str

    @property
    def agrees(self) -> bool:
        return self.agreement in (Agreement.SAME_BITS, Agreement.CLOSE, Agreement.NOT_STORED)


def compared(stored: Run, fresh: Run) -> Verified:
    """Compare everything that the file of a stored run says, but for NOT_COMPARED, with what a fresh run says."""
    words = words_of(stored.config)
    if fresh.curve is None:
        return _without_result(words, fresh)
    terms = _terms(fingerprint(stored.environment), fresh, TOLERANCE)
    differing = differences(said_by(stored), said_by(fresh), terms.tolerance)
    if "digest" not in differing and _has_foreign_digest(stored):
        differing.append("digest")
    losses = stored.curve.train_loss if stored.curve else np.array([])
    return _judged(fresh, words, terms, differing, first_difference(losses, fresh.curve.train_loss, terms.tolerance))


def compared_to_reference(reference: ReferenceRun, fresh: Run) -> Verified:
    """Compare every column of a committed run with the row that a fresh run gives."""
    words = f"{reference.experiment}: {words_of(reference.config)}"
    if fresh.curve is None:
        return _without_result(words, fresh)
    terms = _terms(reference.fingerprint, fresh, REFERENCE_TOLERANCE)
    return _judged(fresh, words, terms, differences(reference.said, reference_row(fresh), terms.tolerance), None)


def said_by(run: Run) -> dict[str, Any]:
    """Everything that a run's file says and a fresh run says again, by the name of its field."""
    said = {field.name: getattr(run, field.name) for field in fields(Run) if field.name not in ("curve", "end")}
    said |= {f"end.{name}": value for name, value in run.end.items()}
    if run.curve is not None:
        said |= {field.name: getattr(run.curve, field.name) for field in fields(Curve) if field.name != "probes"}
        said |= {f"probes.{name}": values for name, values in run.curve.probes.items()}
    return {name: value for name, value in said.items() if name not in NOT_COMPARED}


def differences(stored: Mapping[str, Any], fresh: Mapping[str, Any], tolerance: float) -> list[str]:
    """Names of the fields that do not agree; a field that only one side has counts as None on the other.

    A digest is one of bits: it is left out if numbers need only be close.
    """
    names = (stored.keys() | fresh.keys()) - ({"digest"} if tolerance else set())
    return sorted(name for name in names if not _agree(name, stored.get(name), fresh.get(name), tolerance))


def _agree(name: str, stored: Any, fresh: Any, tolerance: float) -> bool:
    ours, theirs = _floats(stored), _floats(fresh)
    if ours is None or theirs is None:
        arrays = isinstance(stored, np.ndarray) or isinstance(fresh, np.ndarray)
        return bool(np.array_equal(stored, fresh) if arrays else stored == fresh)
    return ours.shape == theirs.shape and bool(_same(ours, theirs, tolerance, SIZES.get(name, 0.0)).all())


def _floats(value: Any) -> npt.NDArray[np.float64] | None:
    """A value as an array; None for one that is no float: integers, flags and texts have to be equal."""
    if isinstance(value, np.ndarray):
        return value if value.dtype == np.float64 else None
    return np.array(value, np.float64) if isinstance(value, float | tuple) else None


def _same(stored: Floats, fresh: Floats, tolerance: float, size: float = 0.0) -> npt.NDArray[np.bool_]:
    """Elementwise: the same bits, or both NaN, or both finite and within the tolerance of their own size or this."""
    same: npt.NDArray[np.bool_] = (stored.view(np.int64) == fresh.view(np.int64)) | (np.isnan(stored) & np.isnan(fresh))
    if tolerance:
        with np.errstate(all="ignore"):
            near = np.abs(stored - fresh) <= tolerance * np.maximum(np.abs(stored), size)
        same |= np.isfinite(stored) & np.isfinite(fresh) & near
    return same


def first_difference(stored: Floats, fresh: Floats, tolerance: float) -> int | None:
    """First step, from 1, at which two loss curves (T',) do not agree, or one has ended."""
    shared = min(len(stored), len(fresh))
    differing = np.flatnonzero(~_same(stored[:shared], fresh[:shared], tolerance))
    if len(differing):
        return int(differing[0]) + 1
    return None if len(stored) == len(fresh) else shared + 1


@np.errstate(all="ignore")
def _has_foreign_digest(run: Run) -> bool:
    """Whether a digest is not that of the run's own losses and final weights, as far as the run recorded those."""
    if run.curve is None or run.curve.points is None or not np.isfinite(run.curve.points[-1]).all():
        return False
    return run.digest != digest_of(run.curve, run.curve.points[-1].astype(run.config.dtype))


class _Terms(NamedTuple):
    """tolerance: 0 if the same bits are expected. words: why they are not, and what is compared instead."""

    tolerance: float
    words: str


def _terms(before: tuple[str, ...], fresh: Run, tolerance: float) -> _Terms:
    """Bits are expected if NumPy, BLAS kernel and vector instructions are the same."""
    now = fingerprint(fresh.environment)
    if before == now:
        return _Terms(0.0, "")
    changes = "; ".join(f"{k}: {short(a)} → {short(b)}" for k, a, b in zip(FINGERPRINT, before, now, strict=True) if a != b)
    compared_to = f"every number compared to {tolerance:g} relative, digests not at all"
    return _Terms(tolerance, f"bits cannot be expected here ({changes}); {compared_to}")


def _judged(fresh: Run, words: str, terms: _Terms, differing: list[str], step: int | None) -> Verified:
    agreements = (Agreement.CLOSE, Agreement.NOT_CLOSE) if terms.tolerance else (Agreement.SAME_BITS, Agreement.DIFFERENT)
    notes = [terms.words, f"differing: {', '.join(differing)}" if differing else ""]
    return Verified(fresh.run_id, words, agreements[bool(differing)], step, "; ".join(filter(None, notes)))


def _without_result(words: str, fresh: Run) -> Verified:
    return Verified(fresh.run_id, words, Agreement.NO_RESULT, None, fresh.failure.message if fresh.failure else "")


def words_of(config: RunConfig) -> str:
    """What tells a run of a sweep from the others, usually."""
    return label({key: config.flat()[key] for key in ("optimizer", "lr", "seed")}, short)
