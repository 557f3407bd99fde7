"""Prepare the curves of a sweep as data for the interactive chart of the page."""

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
"""Largest number of points in the curve of a run. More points could not be told apart on a screen."""
MAX_CURVES = 3_000
"""Largest number of curves in the chart. With more curves, the page opens slowly and the chart is too crowded to read."""
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
"""matplotlib's markers, mapped to Plotly's names for the same shapes. Markers that are not listed become circles."""


@dataclass(frozen=True)
class ChartSetting:
    """A setting that readers can choose in the chart.

    loss: the label of the loss axis, with the unit. has_log_scale: whether a logarithmic axis can show the losses.
    """

    name: str
    loss: str
    has_log_scale: bool


@dataclass(frozen=True)
class ChartOptimizer:
    """An optimizer in the chart, with the look of its lines.

    symbol: Plotly's name of the marker on the lines, or empty if colours alone distinguish all optimizers.
    """

    name: str
    color: str
    symbol: str


@dataclass(frozen=True)
class ChartRun:
    """The curve of a run. losses: None stands for a loss that is not finite.

    setting, optimizer, lr, seed and steps are indices into the lists `settings`, `optimizers`, … of `Chart`.
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
    """The data of the chart: its runs, and what readers can choose, in the order in which the choices are shown.

    lrs, seeds: as text, because JavaScript's numbers cannot represent every seed. steps: every list of steps that is the
    horizontal axis of some curve. Many runs share a list; a run that ended early has a shorter list. left_out: the number of
    runs that the chart leaves out to stay within MAX_CURVES.
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

    If there are more than MAX_CURVES such runs, the chart shows the runs with the smallest seeds.
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
    """Yield the id of each run that has a curve, with the steps and losses of up to MAX_POINTS evenly spread probes."""
    probes = comparison.probes
    if "strided" not in probes:
        return
    for run_id, rows in probes[probes["strided"]].groupby("run_id", sort=False, observed=True):
        places = evenly_spread(len(rows), MAX_POINTS)
        steps, losses = (rows[column].to_numpy()[places].tolist() for column in ("step", "probe_loss"))
        rounded = (float(f"{loss:.{LOSS_DIGITS}g}") if math.isfinite(loss) else None for loss in losses)
        yield str(run_id), (tuple(steps), tuple(rounded))


def _optimizers(runs: pd.DataFrame) -> list[ChartOptimizer]:
    """Return the variants, each with the colour and the marker that it has in the figures.

    The dashes of the figures are not used, because dashes distinguish learning rates in the chart.
    """
    looks = line_looks(runs)
    colors = {look["color"] for look in looks.values()}
    has_markers = len(colors) < len(looks) or any(are_near(*pair) for pair in combinations(colors, 2))
    return [
        ChartOptimizer(variant, look["color"], PLOTLY_MARKERS.get(look["marker"], "circle") if has_markers else "")
        for variant, look in looks.items()
    ]
