"""Conversion between a curve and the part of a run's table that holds it."""

import json
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa

from zdl_bench.run.config import MAX_STEPS
from zdl_bench.run.run import ADDED_PROBES, Curve, Probes, ProfileLosses
from zdl_bench.run.untrusted import decode_as

STORED_TYPES = {pa.int64(): np.dtype(np.int64), pa.float64(): np.dtype(np.float64)}
MAX_COST = 1_000_000_000
"""The largest number of evaluations that a stored step may have, so that no sum over MAX_STEPS steps overflows."""
LARGE_TEXTS = (b"curve", b"probes")


@dataclass(frozen=True)
class _Profile:
    """The losses at the places of the oscillation profile. None stands for NaN."""

    step: list[int]
    probe_loss: list[float | None]


@dataclass(frozen=True)
class _Costs:
    """The evaluations of the gradient per step: each cost holds from its step on."""

    step: list[int]
    cost: list[int]


@dataclass(frozen=True)
class _AboutCurve:
    """The contents of a run's metadata that describe its curve, except the points."""

    planned_steps: int
    trivial_loss: float
    minimum: list[float] | None = None
    profile: _Profile | None = None
    costs: _Costs | None = None


def encode_curve(curve: Curve | None) -> dict[str, Any]:
    """Return the values of the metadata LARGE_TEXTS: what the columns of the table do not hold of a curve."""
    if curve is None:
        return {"curve": None, "probes": None}
    about: dict[str, Any] = {"planned_steps": curve.planned_steps, "trivial_loss": curve.trivial_loss}
    if curve.points is not None:
        about["points"] = curve.points.tolist()
    if curve.minimum is not None:
        about["minimum"] = list(curve.minimum)
    if curve.profile is not None:
        about["profile"] = {"step": curve.profile.step.tolist(), "probe_loss": _without_nan(curve.profile.probe_loss)}
    if curve.evaluations is not None:
        costs = np.diff(curve.evaluations, prepend=0)
        changes = np.flatnonzero(np.diff(costs, prepend=0))
        about["costs"] = {"step": (changes + 1).tolist(), "cost": costs[changes].tolist()}
    return {"curve": about, "probes": {name: _without_nan(values) for name, values in curve.probes.items()}}


def decode_curve(table: pa.Table, large: dict[bytes, bytes], dtype: str) -> Curve | None:
    """Return the curve in a table, or None if the run has no curve. Remove each decoded text from `large` to free memory."""
    content = decode_as(dict[str, Any] | None, json.loads(large.pop(b"curve")), "curve")
    if not content:
        return None
    if not np.array_equal(column_values(table["step"]), np.arange(1, len(table) + 1)):
        raise ValueError("the steps of the run's curve are not numbered from 1")
    points = content.pop("points", None)
    steps = None if points is None else np.array(points, dtype=np.float64)
    del points
    about: _AboutCurve = decode_as(_AboutCurve, content, "")
    curve = Curve(
        planned_steps=about.planned_steps,
        trivial_loss=float(about.trivial_loss),
        train_loss=column_values(table["train_loss"]),
        lr=column_values(table["lr"]),
        probes=_decode_probes(large.pop(b"probes")),
        points=steps,
        minimum=None if about.minimum is None else tuple(map(float, about.minimum)),
        profile=None if about.profile is None else _decode_profile(about.profile),
        dtype=dtype,
        evaluations=None if about.costs is None else _decode_costs(about.costs, len(table)),
    )
    _require_shape(curve)
    return curve


def _decode_probes(text: bytes) -> Probes:
    types: dict[str, Any] = {"step": np.int64, "strided": np.bool_}
    probes = json.loads(text)
    probes = {name: [None] * len(probes["step"]) for name in ADDED_PROBES} | probes
    return Probes(**{f.name: np.array(probes[f.name], types.get(f.name, np.float64)) for f in fields(Probes)})  # null is NaN


def _decode_profile(profile: _Profile) -> ProfileLosses:
    return ProfileLosses(np.array(profile.step, np.int64), np.array(profile.probe_loss, np.float64))  # None is NaN


def _decode_costs(costs: _Costs, made: int) -> "np.ndarray[Any, Any]":
    """Return the evaluations until the end of each step. Raise ValueError if the costs are not those of `made` steps."""
    lengths = np.array([*costs.step[1:], made + 1], np.int64) - np.array(costs.step, np.int64)
    few = all(1 <= cost <= MAX_COST for cost in costs.cost)
    if not few or len(lengths) != len(costs.cost) or costs.step[:1] != [1] or not (lengths > 0).all():
        raise ValueError("costs is not valid for a run's curve")
    return np.repeat(np.array(costs.cost, np.int64), lengths).cumsum()


def _require_shape(curve: Curve) -> None:
    """Raise ValueError if the parts of a curve are inconsistent with each other."""
    made, probed, points = len(curve.train_loss), len(curve.probes), curve.points
    steps = curve.probes.step
    sound = {
        "planned_steps": 1 <= made <= curve.planned_steps <= MAX_STEPS,
        "train_loss": curve.train_loss.dtype == curve.lr.dtype == np.float64,
        "probes": probed > 0 and all(values.shape == (probed,) for _, values in curve.probes.items()),
        "probes.step": probed > 0 and steps[0] == 0 and bool((np.diff(steps) > 0).all()) and steps[-1] <= made,
        "points": points is None or (points.ndim == 2 and points.shape[1] > 0 and made <= len(points) <= made + 1),
        "profile": curve.profile is None or _is_sound(curve.profile, made),
        "minimum": curve.minimum is None or (points is not None and points.shape[1:] == (len(curve.minimum),)),
    }
    wrong = [key for key, is_sound in sound.items() if not is_sound]
    if wrong:
        raise ValueError(f"{wrong[0]} is not valid for a run's curve")


def _is_sound(profile: ProfileLosses, made: int) -> bool:
    """Return whether the places are increasing steps of the run, with a loss each."""
    ordered = np.diff(profile.step, prepend=0, append=made + 1) > 0
    return profile.step.shape == profile.probe_loss.shape and bool(ordered.all())


def column_values(column: pa.ChunkedArray) -> "np.ndarray[Any, Any]":
    """Return the array in a column. Raise ValueError if the column's type is not in STORED_TYPES, or if values are missing."""
    if column.type not in STORED_TYPES:
        raise ValueError("the table has a column of a type that no run has")
    if column.null_count:
        raise ValueError("values are missing in the run's table")
    dtype = STORED_TYPES[column.type]
    parts = [np.frombuffer(chunk.buffers()[1], dtype, len(chunk), 8 * chunk.offset) for chunk in column.chunks if len(chunk)]
    return np.concatenate(parts) if parts else np.array([], dtype)


def _without_nan(values: "np.ndarray[Any, Any]") -> list[float | None]:
    """Return the values as a list in which None stands for NaN. Infinities are kept; Python's JSON can write them."""
    return [None if value != value else value for value in values.tolist()]
