"""The curves of a sweep as the data of the page's interactive chart."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, combinations
from typing import Any

import numpy as np
import pandas as pd

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures.selection import evenly_spread
from zdl_bench.report.figures.style import are_near, line_looks
from zdl_bench.run.conditions import texts_of

MAX_POINTS = 60
"""Points of a run: more cannot be told apart on a screen."""
MAX_CURVES = 3_000
"""More make a page that is slow to open and a chart that shows nothing."""
LOSS_DIGITS = 5
PLOTLY_MARKERS = {
    "s": "square",
    "^": "triangle-up",
    "v": "triangle-down",
    "D": "diamond",
    "d": "diamond-tall",
    "P": "cross",
    "X": "x",
    "<": "triangle-left",
    ">": "triangle-right",
    "p": "pentagon",
    "h": "hexagon",
    "*": "star",
}
"""Plotly's names of matplotlib's markers; any other is a circle."""


@dataclass(frozen=True)
class ChartSetting:
    """A setting. loss: what the losses are, with their unit. has_log_scale: whether they fit a logarithmic axis."""

    name: str
    loss: str
    has_log_scale: bool


@dataclass(frozen=True)
class ChartOptimizer:
    """An optimizer's look. symbol: the marker on its lines; empty if all colours differ enough."""

    name: str
    color: str
    symbol: str


@dataclass(frozen=True)
class ChartRun:
    """A curve. setting, optimizer, lr, seed and steps are places in the chart's lists; None is a loss that is not finite."""

    id: str
    setting: int
    optimizer: int
    lr: int
    seed: int
    status: str
    steps: int
    losses: tuple[float | None, ...]


@dataclass(frozen=True)
class Chart:
    """What a reader can choose, each in the order in which it is offered, and the runs.

    lrs, seeds: as texts, since JavaScript's numbers do not hold every seed. steps: the steps at which losses were
    recorded, shared by many runs; a run that ended early has fewer losses. left_out: the number of runs that are too many.
    """

    settings: Sequence[ChartSetting]
    optimizers: Sequence[ChartOptimizer]
    lrs: Sequence[str]
    seeds: Sequence[str]
    steps: Sequence[tuple[int, ...]]
    runs: Sequence[ChartRun]
    left_out: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def chart_of(comparisons: Sequence[Comparison]) -> Chart:
    """Return all runs that have a curve, whatever their status; of too many, those with the smallest seeds."""
    curves = dict(chain.from_iterable(map(_curves, comparisons)))
    about = pd.concat([one.runs.assign(place=place) for place, one in enumerate(comparisons)], ignore_index=True)
    with_curve = about[about["run_id"].isin(curves)]
    part = with_curve.sort_values("seed", kind="stable").head(MAX_CURVES).sort_index()
    lr_places, lrs = pd.factorize(part["lr"], sort=True)
    seed_places, seeds = pd.factorize(part["seed"], sort=True)
    steps, losses = zip(*map(curves.get, part["run_id"]), strict=True) if len(part) else ((), ())
    grids = {grid: place for place, grid in enumerate(dict.fromkeys(steps))}
    columns = (
        part["run_id"],
        part["place"],
        pd.factorize(part["variant"])[0].tolist(),
        np.where(lr_places < 0, len(lrs), lr_places).tolist(),
        seed_places.tolist(),
        part["status"],
        map(grids.get, steps),
        losses,
    )
    return Chart(
        settings=[ChartSetting(one.setting, one.loss_name, one.has_log_scale) for one in comparisons],
        optimizers=_optimizers(part),
        lrs=[*texts_of(lrs.tolist()).values(), *(["none"] if part["lr"].isna().any() else [])],
        seeds=list(map(str, seeds)),
        steps=list(grids),
        runs=list(map(ChartRun, *columns)),
        left_out=len(with_curve) - len(part),
    )


def _curves(comparison: Comparison) -> Iterator[tuple[str, tuple[tuple[int, ...], tuple[float | None, ...]]]]:
    """Yield each run's id, and its steps and losses at equal strides, as many as a chart can show."""
    probes = comparison.probes
    if "strided" not in probes:
        return
    for run_id, rows in probes[probes["strided"]].groupby("run_id", sort=False, observed=True):
        places = evenly_spread(len(rows), MAX_POINTS)
        steps, losses = (rows[column].to_numpy()[places].tolist() for column in ("step", "probe_loss"))
        rounded = (float(f"{loss:.{LOSS_DIGITS}g}") if math.isfinite(loss) else None for loss in losses)
        yield str(run_id), (tuple(steps), tuple(rounded))


def _optimizers(runs: pd.DataFrame) -> list[ChartOptimizer]:
    """Return the variants as they look in every figure; dashes tell learning rates apart here."""
    looks = line_looks(runs)
    colors = {look["color"] for look in looks.values()}
    has_markers = len(colors) < len(looks) or any(are_near(*pair) for pair in combinations(colors, 2))
    return [
        ChartOptimizer(variant, look["color"], PLOTLY_MARKERS.get(look["marker"], "circle") if has_markers else "")
        for variant, look in looks.items()
    ]
