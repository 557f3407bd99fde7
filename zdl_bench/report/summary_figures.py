"""A comparison → figures in which a run is a number: over learning rates, and of the targets that were reached."""

from zdl_bench.figures.grid import head, legend_outside, single
from zdl_bench.figures.heat_map import draw_heat_map
from zdl_bench.figures.lr_sensitivity import draw_lr_sensitivity
from zdl_bench.figures.runtime_ecdf import draw_runtime_ecdf
from zdl_bench.figures.speed_jitter import draw_speed_jitter, speed_and_jitter
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.drawn import Drawn


def lr_sensitivity(comparison: Comparison) -> Drawn | None:
    runs = comparison.above_floor(comparison.trials)
    if not comparison.has_lr_choice or not comparison.best_lrs():
        return None
    figure, axes = single()
    draw_lr_sensitivity(runs, axes)
    axes.set_ylabel(comparison.loss_name.replace("probe loss", "tail loss"))
    legend_outside(axes)
    title = "Tail loss against learning rate"
    interval = "geometric mean and 95 % interval over seeds; " if runs["seed"].nunique() > 1 else ""
    lost = "; × at the top: some run has no value" if runs["tail_loss"].isna().any() else ""
    head(figure, title, [*comparison.context, f"{interval}ring: best{lost}"])
    return Drawn("lr_sensitivity", title, "Tail loss against learning rate, both on log scales, by optimizer.", figure)


def speed_against_jitter(comparison: Comparison) -> Drawn | None:
    """None where no optimizer was tried at two learning rates, or there is nothing to see of one."""
    runs = comparison.trials
    if not comparison.has_lr_choice or speed_and_jitter(runs)["jitter"].isna().all():
        return None
    figure, axes = single(width=8.4, height=5.2)
    draw_speed_jitter(runs, axes)
    axes.set_xlabel(f"geometric mean over the run: {comparison.loss_name}   ← faster")
    legend_outside(axes)
    title = "Speed against steadiness, over learning rates"
    means = "geometric means over seeds; " if runs["seed"].nunique() > 1 else ""
    head(figure, title, [*comparison.context, f"{means}numbers: smallest and largest learning rate of a curve"])
    return Drawn("speed_jitter", title, "Jitter against mean loss of the run, one curve per optimizer.", figure)


def targets_reached(comparison: Comparison) -> Drawn | None:
    """None where no target was reached."""
    runs = comparison.at_best_lr(comparison.judged)
    targets = [column for column in runs if column.startswith("steps_to_")]
    if not targets or not (runs[targets] > 0).any(axis=None):
        return None
    figure, axes = single()
    draw_runtime_ecdf(runs, axes)
    legend_outside(axes)
    title = "Targets reached"
    band = ["95 % bootstrap band over seeds"] if runs["seed"].nunique() > 1 else []
    choice = [f"each optimizer at its best lr, {comparison.choice_words}"] if comparison.has_lr_choice else []
    losses = ", ".join(column.removeprefix("steps_to_") for column in targets)
    head(figure, title, [*comparison.context, *choice, "; ".join([f"targets: loss {losses}", *band])])
    return Drawn("targets_reached", title, "Share of (run, target) pairs reached against steps.", figure)


def heat_map(comparison: Comparison) -> Drawn | None:
    runs = comparison.above_floor(comparison.trials)
    rows, columns = runs["variant"].nunique(), runs["lr"].nunique(dropna=False)
    figure, axes = single(width=max(6.4, 3.2 + 1.05 * columns), height=1.9 + 0.42 * max(rows, 2))
    draw_heat_map(runs, axes)
    title = f"Mean tail loss{' in nats' if 'nats' in comparison.loss_name else ''}, optimizer × learning rate"
    starred = ((runs["status"] == "completed") & ~runs["learned"]).any()
    head(figure, title, [*comparison.context, *(["* completed, but some run did not learn"] if starred else [])])
    return Drawn("heat_map", title, "A table of mean tail losses, dark where low.", figure)
