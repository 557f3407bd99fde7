"""The numbers of a run as scalars by name and step, and its config as words, as tools that follow experiments take them."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from zdl_bench.run.conditions import label, short
from zdl_bench.run.run import Run

NO_SCALARS = ("step", "strided", "train_seconds")
"""Columns of the probes that are no values of the run."""


class LoggedScalar(NamedTuple):
    """A finite value of a run. step: 0 is the start. seconds: of training until then, if each step took the same time."""

    name: str
    step: int
    value: float
    seconds: float


def scalars_of(run: Run) -> Iterator[LoggedScalar]:
    """Yield the batch loss and lr of each step, the values at the probes, and those at the end, without NaN and ∞."""
    curve = run.curve
    if curve is None:
        return
    each = run.train_seconds / len(curve.train_loss) if math.isfinite(run.train_seconds) else 0.0
    made = np.arange(1, len(curve.train_loss) + 1)
    columns: list[tuple[str, Any, Any]] = [("train_loss", made, curve.train_loss), ("lr", made, curve.lr)]
    columns += [(f"probe/{name}", curve.probes.step, values) for name, values in curve.probes.items() if name not in NO_SCALARS]
    columns += [(f"end/{name}", made[-1:], np.array([value])) for name, value in run.end.items()]
    for name, steps, values in columns:
        for step, value in zip(steps.tolist(), values.tolist(), strict=True):
            if math.isfinite(value):
                yield LoggedScalar(name, step, float(value), step * each)


def words_of_run(run: Run) -> str:
    """Return optimizer, lr and seed of a run, such as `adam lr=0.001 seed=3`."""
    return label({key: run.config.flat()[key] for key in ("optimizer", "lr", "seed")}, short)
