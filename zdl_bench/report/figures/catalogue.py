"""The figures of a report, in the order of the page. To add a figure, add its file to this folder and its name to this file.

The file of a figure has two functions. `draw_…(frame, axes)` is also meant for notebooks. `captioned_figures` draws, one at a
time, the figures of a report: those of a comparison, of the standings of a comparison, or of all comparisons of a sweep.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures import (
    best_of_trials,
    forest,
    heat_map,
    improvement_heat_map,
    loss_curves,
    loss_over_seconds,
    lr_sensitivity,
    optimizer_paths,
    oscillation,
    oscillation_profile,
    performance_profile,
    runtime_ecdf,
    speed_jitter,
    surface_path,
)
from zdl_bench.report.figures.captions import CaptionedFigure
from zdl_bench.report.standings import Standings

OF_LOSSES = (loss_curves, loss_over_seconds, lr_sensitivity, best_of_trials)
"""Figures that show losses on a logarithmic axis."""
OF_RUNS = (speed_jitter, oscillation_profile, oscillation, runtime_ecdf, heat_map, surface_path, optimizer_paths)
OF_STANDINGS = (forest, improvement_heat_map)
OF_SWEEPS = (performance_profile,)


def comparison_figures(comparison: Comparison) -> Iterator[CaptionedFigure]:
    """Return an iterator that draws the figures of a comparison. Figures for which the runs have no values are left out."""
    figures = (*OF_LOSSES, *OF_RUNS) if comparison.has_log_scale else OF_RUNS
    return chain.from_iterable(figure.captioned_figures(comparison) for figure in figures)


def standing_figures(standings: Standings) -> Iterator[CaptionedFigure]:
    """Return an iterator that draws the figures of how the optimizers of a comparison stand."""
    return chain.from_iterable(figure.captioned_figures(standings) for figure in OF_STANDINGS)


def sweep_figures(comparisons: Sequence[Comparison]) -> Iterator[CaptionedFigure]:
    """Return an iterator that draws the figures of all comparisons of a sweep together."""
    return chain.from_iterable(figure.captioned_figures(comparisons) for figure in OF_SWEEPS)
