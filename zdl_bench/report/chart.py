"""The curves of a sweep, as data for the page's interactive chart."""

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
"""Largest number of points in the curve of a run. A screen cannot show more as separate points."""
MAX_CURVES = 3_000
"""Largest number of curves. With more, the page is slow to open and the chart too crowded to read."""
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
"""matplotlib's markers → Plotly's names. Markers that are not listed become circles."""


@dataclass(frozen=True)
class ChartSetting:
    """A setting. loss: the name of the losses, with their unit. has_log_scale: whether the losses fit a logarithmic axis."""

    name: str
    loss: str
    has_log_scale: bool


@dataclass(frozen=True)
class ChartOptimizer:
    """How an optimizer is drawn. symbol: the marker on its lines, or empty if all colours differ enough."""

    name: str
    color: str
    symbol: str


@dataclass(frozen=True)
class ChartRun:
    """The curve of a run. losses: None stands for a loss that is not finite.

    setting, optimizer, lr, seed and steps are indices into the lists of the chart.
    """

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
    """The choices that the chart offers to a reader, in the order in which they are shown, and the runs.

    lrs, seeds: as text, since JavaScript's numbers cannot hold every seed. steps: the lists of steps at which losses were
    recorded. Many runs share a list; the list of a run that ended early is shorter. left_out: the number of runs beyond
    MAX_CURVES.
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
    """Return the chart of all runs that have a curve, whatever their status.

    If there are more than MAX_CURVES such runs, keep those with the smallest seeds.
    """
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
    """Yield the id of each run with its steps and losses at equal strides, up to MAX_POINTS of them."""
    probes = comparison.probes
    if "strided" not in probes:
        return
    for run_id, rows in probes[probes["strided"]].groupby("run_id", sort=False, observed=True):
        places = evenly_spread(len(rows), MAX_POINTS)
        steps, losses = (rows[column].to_numpy()[places].tolist() for column in ("step", "probe_loss"))
        rounded = (float(f"{loss:.{LOSS_DIGITS}g}") if math.isfinite(loss) else None for loss in losses)
        yield str(run_id), (tuple(steps), tuple(rounded))


def _optimizers(runs: pd.DataFrame) -> list[ChartOptimizer]:
    """Return the variants with the colours and markers of the figures. Dashes distinguish learning rates in the chart."""
    looks = line_looks(runs)
    colors = {look["color"] for look in looks.values()}
    has_markers = len(colors) < len(looks) or any(are_near(*pair) for pair in combinations(colors, 2))
    return [
        ChartOptimizer(variant, look["color"], PLOTLY_MARKERS.get(look["marker"], "circle") if has_markers else "")
        for variant, look in looks.items()
    ]
