"""Prepare the curves of a sweep as data for the interactive chart of the page."""

import math
from collections.abc import Iterator, Sequence
from itertools import chain, combinations

import numpy as np
import pandas as pd
from scipy import special

from zdl_bench.report.chart_data import Chart, ChartOptimizer, ChartRun, ChartSetting
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figure_terms import loss_name
from zdl_bench.report.figures.selection import evenly_spread
from zdl_bench.report.figures.style import are_near, line_looks
from zdl_bench.report.limits import MAX_TOGETHER
from zdl_bench.report.ranking import Entry, shown_variants
from zdl_bench.run.conditions import texts_of
from zdl_bench.run.run import Run

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
    steps, evaluations, losses = zip(*map(curves.get, part["run_id"]), strict=True) if len(part) else ((), (), ())
    grids = {grid: place for place, grid in enumerate(dict.fromkeys([*steps, *evaluations]))}
    words = {run.run_id: _words_of(run) for one in comparisons for run in one.members}
    configs = list(dict.fromkeys(words[run_id] for run_id in part["run_id"]))
    config_places = {config: place for place, config in enumerate(configs)}
    best = set(chain.from_iterable(map(_best_runs, comparisons)))
    columns = (
        part["run_id"],
        part["place"],
        pd.factorize(part["variant"])[0].tolist(),
        np.where(lr_places < 0, len(lrs), lr_places).tolist(),
        seed_places.tolist(),
        part["status"],
        map(grids.get, steps),
        map(grids.get, evaluations),
        part["run_id"].isin(best).tolist(),
        [config_places[words[run_id]] for run_id in part["run_id"]],
        losses,
    )
    optimizers, most = _optimizers(part), len(seeds) + 1
    first = set(shown_variants([Entry.of(one) for one in comparisons], MAX_TOGETHER))
    return Chart(
        settings=[ChartSetting(one.setting, loss_name(one), one.has_log_scale) for one in comparisons],
        optimizers=optimizers,
        first=[place for place, one in enumerate(optimizers) if one.name in first],
        students=[None, None, *special.stdtrit(np.arange(1, most), 0.975).round(4).tolist()][:most],
        lrs=[*texts_of(lrs.tolist()).values(), *(["none"] if part["lr"].isna().any() else [])],
        seeds=list(map(str, seeds)),
        steps=list(grids),
        configs=configs,
        runs=list(map(ChartRun, *columns)),
        left_out=len(with_curve) - len(part),
    )


_Points = tuple[tuple[int, ...], tuple[int, ...], tuple[float | None, ...]]


def _curves(comparison: Comparison) -> Iterator[tuple[str, _Points]]:
    """Yield the id of each run that has a curve, with steps, evaluations and losses of up to MAX_POINTS spread probes."""
    probes = comparison.probes
    if "strided" not in probes:
        return
    for run_id, rows in probes[probes["strided"]].groupby("run_id", sort=False, observed=True):
        places = evenly_spread(len(rows), MAX_POINTS)
        columns = (rows[name].to_numpy()[places].tolist() for name in ("step", "evaluations", "probe_loss"))
        steps, evaluations, losses = columns
        rounded = (float(f"{loss:.{LOSS_DIGITS}g}") if math.isfinite(loss) else None for loss in losses)
        yield str(run_id), (tuple(steps), tuple(map(int, evaluations)), tuple(rounded))


def _words_of(run: Run) -> tuple[str, ...]:
    """Return the config of a run without lr and seed, as words of the command line."""
    return tuple(f"{key}={value}" for key, value in run.config.flat().items() if key not in ("lr", "seed"))


def _best_runs(comparison: Comparison) -> Iterator[str]:
    """Yield the ids of the runs that judge each optimizer at its best learning rate, or at all if none could be chosen."""
    judged = comparison.judged
    best = comparison.at_best_lr(judged)
    yield from best["run_id"]
    yield from judged.loc[~judged["variant"].isin(best["variant"]), "run_id"]


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
