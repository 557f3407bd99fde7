"""A comparison → its figures."""

from collections.abc import Callable, Iterator

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.drawn import Drawn
from zdl_bench.report.loss_figures import (
    loss_at_best_lr,
    loss_at_effective_lr,
    loss_curves,
    loss_over_seconds,
    loss_over_seconds_at_best_lr,
)
from zdl_bench.report.oscillation_figures import oscillation
from zdl_bench.report.path_figures import optimizer_paths, paths
from zdl_bench.report.summary_figures import heat_map, lr_sensitivity, speed_against_jitter, targets_reached
from zdl_bench.report.tuning_figures import best_of_trials

Maker = Callable[[Comparison], Drawn | None]

OF_LOSSES: tuple[Maker, ...] = (
    loss_curves,
    loss_at_effective_lr,
    loss_at_best_lr,
    loss_over_seconds,
    loss_over_seconds_at_best_lr,
    lr_sensitivity,
    best_of_trials,
)
"""They have a logarithmic axis of losses."""
OTHERS: tuple[Maker, ...] = (speed_against_jitter, oscillation, targets_reached, heat_map, paths, optimizer_paths)


def figures_of(comparison: Comparison) -> Iterator[Drawn]:
    """The figures of a comparison that its runs can fill, one at a time."""
    for make in (*(OF_LOSSES if comparison.has_log_scale else ()), *OTHERS):
        drawn = make(comparison)
        if drawn:
            yield drawn
