"""The figures of a report, in the order of its page. A new one is a file in this folder, and its name here.

A figure's file has `draw_…(frame, axes)`, for notebooks, and `captioned_figures`: what a report shows of a comparison, of its
standings, or of all comparisons of a sweep, drawn one at a time.
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
    performance_profile,
    runtime_ecdf,
    speed_jitter,
    surface_path,
)
from zdl_bench.report.figures.captions import CaptionedFigure
from zdl_bench.report.standings import Standings

OF_LOSSES = (loss_curves, loss_over_seconds, lr_sensitivity, best_of_trials)
"""They have a logarithmic axis of losses."""
OF_RUNS = (speed_jitter, oscillation, runtime_ecdf, heat_map, surface_path, optimizer_paths)
OF_STANDINGS = (forest, improvement_heat_map)
OF_SWEEPS = (performance_profile,)


def comparison_figures(comparison: Comparison) -> Iterator[CaptionedFigure]:
    """Draw the figures of a comparison that its runs can fill."""
    figures = (*OF_LOSSES, *OF_RUNS) if comparison.has_log_scale else OF_RUNS
    return chain.from_iterable(figure.captioned_figures(comparison) for figure in figures)


def standing_figures(standings: Standings) -> Iterator[CaptionedFigure]:
    """Draw the figures of where the optimizers of a comparison stand."""
    return chain.from_iterable(figure.captioned_figures(standings) for figure in OF_STANDINGS)


def sweep_figures(comparisons: Sequence[Comparison]) -> Iterator[CaptionedFigure]:
    """Draw the figures of all comparisons of a sweep together."""
    return chain.from_iterable(figure.captioned_figures(comparisons) for figure in OF_SWEEPS)
