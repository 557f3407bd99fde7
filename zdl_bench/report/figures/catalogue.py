"""The figures of a report, in the order of the page. To add a figure, add its file to this folder and its name to this file.

The file of a figure has two functions. `draw_…(frame, axes)` is also meant for notebooks. `captioned_figures` draws, one at a
time, the figures of a report: those of a comparison, of the standings of a comparison, of an axis, or of all comparisons of a
sweep.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain

from zdl_bench.report.axis_runs import AxisRuns
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures import (
    accuracy_curves,
    best_of_trials,
    forest,
    heat_map,
    improvement_heat_map,
    key_axis,
    loss_curves,
    lr_sensitivity,
    optimizer_paths,
    oscillation,
    oscillation_profile,
    performance_profile,
    runtime_ecdf,
    smoothed_loss,
    speed_jitter,
    surface_path,
    tuning_budget,
)
from zdl_bench.report.figures.captions import CaptionedFigure
from zdl_bench.report.figures.loss_over_evaluations import loss_against_evaluations as evaluations
from zdl_bench.report.figures.loss_over_seconds import loss_against_seconds as seconds
from zdl_bench.report.language_fonts import in_figure_language
from zdl_bench.report.standings import Standings

Drawing = Callable[[Comparison], Iterator[CaptionedFigure]]
"""A function that draws a figure of a comparison, or yields nothing if the runs have no values for it."""
LOSS_FIGURES: Mapping[str, Drawing] = {
    "loss_curves": lambda one: loss_curves.loss_against_steps(one).at_same_lr("loss_curves"),
    "loss_at_effective_lr": lambda one: loss_curves.loss_against_steps(one).at_same_effective_lr("loss_at_effective_lr"),
    "loss_at_best_lr": lambda one: loss_curves.loss_against_steps(one).at_best_lr("loss_at_best_lr"),
    "smoothed_loss": lambda one: smoothed_loss.smoothed_figures(one).at_same_lr("smoothed_loss"),
    "smoothed_loss_at_best_lr": lambda one: smoothed_loss.smoothed_figures(one).at_best_lr("smoothed_loss_at_best_lr"),
    "loss_over_evaluations": lambda one: evaluations(one).at_same_lr("loss_over_evaluations"),
    "loss_over_evaluations_at_effective_lr": lambda one: evaluations(one).at_same_effective_lr(
        "loss_over_evaluations_at_effective_lr"
    ),
    "loss_over_evaluations_at_best_lr": lambda one: evaluations(one).at_best_lr("loss_over_evaluations_at_best_lr"),
    "loss_over_seconds": lambda one: seconds(one).at_same_lr("loss_over_seconds"),
    "loss_over_seconds_at_best_lr": lambda one: seconds(one).at_best_lr("loss_over_seconds_at_best_lr"),
    "lr_sensitivity": lr_sensitivity.captioned_figures,
    "best_of_trials": best_of_trials.captioned_figures,
}
"""Figures that show losses on a logarithmic axis, by name."""
RUN_FIGURES: Mapping[str, Drawing] = {
    "accuracy_curves": lambda one: accuracy_curves.accuracy_figures(one).at_same_lr("accuracy_curves"),
    "accuracy_at_best_lr": lambda one: accuracy_curves.accuracy_figures(one).at_best_lr("accuracy_at_best_lr"),
    "speed_jitter": speed_jitter.captioned_figures,
    "oscillation_profile": oscillation_profile.captioned_figures,
    "oscillation": oscillation.captioned_figures,
    "targets_reached": runtime_ecdf.captioned_figures,
    "targets_reached_over_evaluations": runtime_ecdf.captioned_figures,
    "tuning_budget": tuning_budget.captioned_figures,
    "heat_map": heat_map.captioned_figures,
    "paths": surface_path.captioned_figures,
    "paths_by_lr": surface_path.captioned_figures,
    "optimizer_paths": optimizer_paths.captioned_figures,
}
STANDING_FIGURES: Mapping[str, Callable[[Standings], Iterator[CaptionedFigure]]] = {
    "paired_differences": forest.captioned_figures,
    "improvement": improvement_heat_map.captioned_figures,
}
SWEEP_FIGURES: Mapping[str, Callable[[Sequence[Comparison]], Iterator[CaptionedFigure]]] = {
    "performance_profile": performance_profile.captioned_figures,
}
FIGURE_NAMES = (*LOSS_FIGURES, *RUN_FIGURES, *STANDING_FIGURES, *SWEEP_FIGURES)
"""The name of each figure, which is also that of its file. The figure of an axis is named after its key: `axis-steps`."""


def comparison_figures(comparison: Comparison) -> Iterator[CaptionedFigure]:
    """Return an iterator that draws the figures of a comparison. Figures for which the runs have no values are left out."""
    drawings = [*(LOSS_FIGURES.values() if comparison.has_log_scale else ()), *dict.fromkeys(RUN_FIGURES.values())]
    return in_figure_language(chain.from_iterable(draw(comparison) for draw in drawings))


def standing_figures(standings: Standings) -> Iterator[CaptionedFigure]:
    """Return an iterator that draws the figures of how the optimizers of a comparison stand."""
    return in_figure_language(chain.from_iterable(draw(standings) for draw in STANDING_FIGURES.values()))


def axis_figures(runs: AxisRuns) -> Iterator[CaptionedFigure]:
    """Return an iterator that draws the figures of an axis of a sweep."""
    return in_figure_language(key_axis.captioned_figures(runs))


def sweep_figures(comparisons: Sequence[Comparison]) -> Iterator[CaptionedFigure]:
    """Return an iterator that draws the figures of all comparisons of a sweep together."""
    return in_figure_language(chain.from_iterable(draw(comparisons) for draw in SWEEP_FIGURES.values()))
