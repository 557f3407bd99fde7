"""Comparison of a stored or committed run with a fresh run: what differs, from which step, and by how much at the end."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from zdl_bench.commands.first_difference import NOT_COMPARED, first_difference, same_bits
from zdl_bench.commands.reference import METRIC_SCALES, ReferenceRun, reference_columns
from zdl_bench.language import translatable, translate, translate_list
from zdl_bench.run.conditions import label, short
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Curve, Run
from zdl_bench.statistics.metrics.convergence import final_train_loss, tail_loss
from zdl_bench.statistics.metrics.metric import Scale

METRIC_TOLERANCE = 1e-6
"""Relative difference up to which committed metrics agree. Most of them are committed in single precision."""
ZERO_TOLERANCE = 1e-9
"""Absolute difference up to which metrics on the identity scale agree: a difference of equal logarithms is 0 or almost 0."""
FINAL_NUMBERS = ("final_train_loss", "tail_loss", "val_loss", "val_accuracy", "test_loss", "test_accuracy")


class Agreement(StrEnum):
    SAME_BITS = translatable("same bits")
    DIFFERENT = translatable("different")
    NO_RESULT = translatable("no result")
    UNTRAINABLE = translatable("cannot be trained here")
    OTHER_ENGINE = translatable("another engine")
    NOT_STORED = translatable("without a stored result")
    UNSOUND = translatable("unsound")


@dataclass(frozen=True)
class Verification:
    """The result of training one run again, or the reason why the run could not be compared.

    words: the keys that usually distinguish the run from the other runs of its sweep.
    first_difference: the first step at which something differs, or None.
    fresh: the fresh run if it differs, else None.
    """

    run_id: str
    words: str
    agreement: Agreement
    explanation: str = ""
    first_difference: int | None = None
    fresh: Run | None = None


def compare_runs(stored: Run, fresh: Run) -> Verification:
    """Compare all fields of a stored run, except for NOT_COMPARED, with the fields of a fresh run."""
    fresh = fresh.recorded_like(stored)
    ours, theirs = comparable_fields(stored), comparable_fields(fresh)
    differing, (step, values) = find_differences(ours, theirs), first_difference(stored.curve, fresh.curve)
    notes = [values, _fields_text(differing), _end_text(_final_numbers(stored), _final_numbers(fresh))]
    return _verification(fresh, describe_config(fresh.config), notes if differing else [], step)


def compare_to_reference(reference: ReferenceRun, fresh: Run) -> Verification:
    """Compare every column of a committed run with the same column for a fresh run.

    All columns are compared exactly except for metrics, which have to agree up to METRIC_TOLERANCE: they are computed from the
    curve when it is loaded, so their last digits may depend on the machine's library of elementary functions.
    """
    words = f"{reference.experiment}: {describe_config(fresh.config)}"
    columns = reference_columns(fresh)
    committed = {name: reference.columns.get(name) for name in columns}
    differing = [
        name
        for name in find_differences(committed, columns)
        if name not in METRIC_SCALES or not _is_near(committed[name], columns[name], METRIC_SCALES[name])
    ]
    notes = [_fields_text(differing), _end_text(committed, columns)]
    return _verification(fresh, words, notes if differing else [], None)


def _verification(fresh: Run, words: str, notes: Sequence[str], step: int | None) -> Verification:
    """Return the verification of a run. notes: what differs; empty if nothing does."""
    if fresh.curve is None:
        return Verification(fresh.run_id, words, Agreement.NO_RESULT, fresh.failure.message if fresh.failure else "")
    if not notes:
        return Verification(fresh.run_id, words, Agreement.SAME_BITS)
    legacy = translate("rng=legacy: its bits hold only where NumPy's RandomState draws the same numbers")
    legacy = legacy if fresh.config.rng == "legacy" else ""
    return Verification(
        fresh.run_id, words, Agreement.DIFFERENT, translate_list(filter(None, [*notes, legacy]), "; "), step, fresh
    )


def _fields_text(differing: Sequence[str]) -> str:
    return translate("differing: {names}", names=translate_list(differing))


def _end_text(stored: Mapping[str, Any], fresh: Mapping[str, Any]) -> str:
    """Return by how much each of FINAL_NUMBERS of the fresh run is above that of the stored run."""
    pairs = {name: (stored.get(name), fresh.get(name)) for name in FINAL_NUMBERS}
    texts = [f"{name} {_change(*pair)}" for name, pair in pairs.items() if not _agree(*pair)]
    if not texts:
        return translate("the numbers at the end are the same")
    return translate("at the end: {changes}", changes=translate_list(texts))


def _change(stored: Any, fresh: Any) -> str:
    if all(isinstance(number, float) and math.isfinite(number) for number in (stored, fresh)):
        return f"{fresh - stored:+.3g}"
    return f"{short(stored)} → {short(fresh)}"


@np.errstate(all="ignore")  # a number that cannot be computed is NaN, whatever a file says
def _final_numbers(run: Run) -> dict[str, float]:
    metrics = {one.name: one(run.curve) for one in (final_train_loss, tail_loss)} if run.curve else {}
    return {**run.end, **metrics}


def comparable_fields(run: Run) -> dict[str, Any]:
    """Return the values of a run that a fresh run should repeat: name of the field → value."""
    found = {field.name: getattr(run, field.name) for field in fields(Run) if field.name not in ("curve", "end")}
    found |= {f"end.{name}": value for name, value in run.end.items()}
    if run.curve is not None:
        found |= {
            field.name: getattr(run.curve, field.name) for field in fields(Curve) if field.name not in ("probes", "profile")
        }
        found |= {f"probes.{name}": values for name, values in run.curve.probes.items()}
        found |= {f"profile.{name}": values for name, values in vars(run.curve.profile).items()} if run.curve.profile else {}
    return {name: value for name, value in found.items() if name not in NOT_COMPARED}


def find_differences(stored: Mapping[str, Any], fresh: Mapping[str, Any]) -> list[str]:
    """Return the names of the fields that differ in a bit. A field that is missing on one side counts as None there."""
    return sorted(name for name in stored.keys() | fresh.keys() if not _agree(stored.get(name), fresh.get(name)))


def _agree(stored: Any, fresh: Any) -> bool:
    ours, theirs = _floats(stored), _floats(fresh)
    if ours is None or theirs is None:
        arrays = isinstance(stored, np.ndarray) or isinstance(fresh, np.ndarray)
        return bool(np.array_equal(stored, fresh) if arrays else stored == fresh)
    return ours.shape == theirs.shape and bool(same_bits(ours, theirs).all())


def _floats(value: Any) -> npt.NDArray[np.float64] | None:
    """Return floats as an array, or None for other values (integers, flags and texts), which have to be equal."""
    if isinstance(value, np.ndarray):
        return value if value.dtype == np.float64 else None
    return np.array(value, np.float64) if isinstance(value, float | tuple) else None


def _is_near(committed: Any, fresh: Any, scale: Scale) -> bool:
    are_floats = isinstance(committed, float) and isinstance(fresh, float)
    floor = ZERO_TOLERANCE if scale == "identity" else 0.0
    return are_floats and math.isclose(committed, fresh, rel_tol=METRIC_TOLERANCE, abs_tol=floor)


def describe_config(config: RunConfig) -> str:
    return label({key: config.flat()[key] for key in ("optimizer", "lr", "seed")}, short)
