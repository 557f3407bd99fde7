"""The curves of a sweep as the data of the page's interactive chart."""

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
"""Of a run: more cannot be told apart on a screen."""
MAX_RUNS = 3_000
"""More make a page that is slow to open and a chart that shows nothing."""
SIGNIFICANT = 5
SYMBOLS = {
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
    """loss: what the losses are, with their unit. has_log_scale: whether they fit one."""

    name: str
    loss: str
    has_log_scale: bool


@dataclass(frozen=True)
class ChartOptimizer:
    """symbol: the marker on its lines; empty if all colours differ enough."""

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
    """All runs that have a curve, of whatever status; of too many those with the smallest seeds."""
    curves = dict(chain.from_iterable(map(_curves, comparisons)))
    about = pd.concat([one.runs.assign(place=place) for place, one in enumerate(comparisons)], ignore_index=True)
    with_curve = about[about["run_id"].isin(curves)]
    shown = with_curve.sort_values("seed", kind="stable").head(MAX_RUNS).sort_index()
    lrs = sorted(shown["lr"].dropna().unique().tolist())
    optimizers = _optimizers(shown)
    places = {
        "variant": {one.name: place for place, one in enumerate(optimizers)},
        "lr": {lr: place for place, lr in enumerate(lrs)},
        "seed": {seed: place for place, seed in enumerate(sorted(shown["seed"].unique().tolist()))},
    }
    grids: dict[tuple[int, ...], int] = {}
    runs = []
    for row in shown.itertuples(index=False):
        steps, losses = curves[row.run_id]
        runs.append(
            ChartRun(
                id=row.run_id,
                setting=row.place,
                optimizer=places["variant"][row.variant],
                lr=places["lr"].get(row.lr, len(lrs)),
                seed=places["seed"][row.seed],
                status=row.status,
                steps=grids.setdefault(steps, len(grids)),
                losses=losses,
            )
        )
    return Chart(
        settings=[ChartSetting(one.setting, one.loss_name, one.has_log_scale) for one in comparisons],
        optimizers=optimizers,
        lrs=[*texts_of(lrs).values(), *(["none"] if shown["lr"].isna().any() else [])],
        seeds=[str(seed) for seed in places["seed"]],
        steps=list(grids),
        runs=runs,
        left_out=len(with_curve) - len(shown),
    )


def _curves(comparison: Comparison) -> Iterator[tuple[str, tuple[tuple[int, ...], tuple[float | None, ...]]]]:
    """run_id, and its steps and losses at the equal strides, as many as a chart can show."""
    probes = comparison.probes
    if "strided" not in probes:
        return
    for run_id, rows in probes[probes["strided"]].groupby("run_id", sort=False, observed=True):
        places = evenly_spread(len(rows), MAX_POINTS)
        losses = rows["probe_loss"].to_numpy()[places]
        yield str(run_id), (tuple(rows["step"].to_numpy()[places].tolist()), tuple(map(_rounded, losses.tolist())))


def _rounded(loss: float) -> float | None:
    return float(f"{loss:.{SIGNIFICANT}g}") if np.isfinite(loss) else None


def _optimizers(runs: pd.DataFrame) -> list[ChartOptimizer]:
    """The variants as they look in every figure; dashes are those of the learning rate here."""
    looks = line_looks(runs)
    colors = {look["color"] for look in looks.values()}
    has_markers = len(colors) < len(looks) or any(are_near(*pair) for pair in combinations(colors, 2))
    return [
        ChartOptimizer(variant, look["color"], SYMBOLS.get(look["marker"], "circle") if has_markers else "")
        for variant, look in looks.items()
    ]
