"""The first step at which two curves differ."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from zdl_bench.language import translatable, translate
from zdl_bench.run.run import Curve

NOT_COMPARED = {"train_seconds", "probes.train_seconds", "environment"}
"""Fields that a fresh run cannot repeat."""
Values = npt.NDArray[Any]


def first_difference(stored: Curve | None, fresh: Curve | None) -> tuple[int | None, str]:
    """Return the first step at which two curves differ, and both values there with all digits; None and "" if none differs.

    Step 0 is the start. If several values differ at that step, the one that was recorded first is named.
    """
    if stored is None or fresh is None:
        return None, ""
    found = []
    for (name, steps, ours), (_, others, theirs) in zip(_recorded(stored), _recorded(fresh), strict=False):
        shared = min(len(ours), len(theirs)) if ours.shape[1:] == theirs.shape[1:] else 0
        differing = np.argwhere(~same_bits(ours[:shared], theirs[:shared]))
        if len(differing):
            place = tuple(differing[0])
            coordinate = f"[{place[1]}]" if len(place) > 1 else ""
            found.append((int(steps[place[0]]), f"{name}{coordinate} {ours[place].item()!r} → {theirs[place].item()!r}"))
        elif len(ours) != len(theirs):
            ends_here, ends_there = (
                translatable("{name} ends before it here"),
                translatable("{name} ends before it in the file"),
            )
            longer, ending = (steps, ends_here) if len(ours) > len(theirs) else (others, ends_there)
            found.append((int(longer[shared]), translate(ending, name=name)))
    return min(found, key=lambda one: one[0], default=(None, ""))


def _recorded(curve: Curve) -> Iterator[tuple[str, Values, Values]]:
    """Yield the name, the steps and the values of everything that a curve records over its steps, if it can be repeated."""
    steps = np.arange(1, len(curve.train_loss) + 1)
    yield from (("train_loss", steps, curve.train_loss), ("lr", steps, curve.lr))
    yield "evaluations", steps, curve.evaluations_after(steps)
    for name, values in curve.probes.items():
        if f"probes.{name}" not in NOT_COMPARED:
            yield f"probes.{name}", curve.probes.step, values
    if curve.points is not None:
        yield "points", np.arange(len(curve.points)), curve.points
    if curve.profile is not None:
        yield "profile.probe_loss", curve.profile.step, curve.profile.probe_loss


def same_bits(stored: Values, fresh: Values) -> npt.NDArray[np.bool_]:
    """Return elementwise whether bits are equal or both are NaN."""
    if stored.dtype != np.float64:
        return np.asarray(stored == fresh)
    return np.asarray((stored.view(np.int64) == fresh.view(np.int64)) | (np.isnan(stored) & np.isnan(fresh)))
