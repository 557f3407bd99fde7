"""A comparison → its figures."""

from collections.abc import Callable, Iterator

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.drawn import Drawn
from zdl_bench.report.loss_figures import loss_at_best_lr, loss_at_effective_lr, loss_curves
from zdl_bench.report.path_figures import optimizer_paths, paths
from zdl_bench.report.summary_figures import heat_map, lr_sensitivity, speed_against_jitter, targets_reached


def figures_of(comparison: Comparison) -> Iterator[Drawn]:
    """The figures of a comparison that its runs can fill, one at a time: the caller closes each."""
    of_losses = [loss_curves, loss_at_effective_lr, loss_at_best_lr, lr_sensitivity] if comparison.has_log_scale else []
    others = [speed_against_jitter, targets_reached, heat_map, paths, optimizer_paths]
    makers: list[Callable[[Comparison], Drawn | None]] = [*of_losses, *others]
    for make in makers:
        drawn = make(comparison)
        if drawn:
            yield drawn
