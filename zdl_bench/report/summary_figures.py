"""A comparison → figures in which a run is a number: over learning rates, and of the targets that were reached."""

import pandas as pd

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.descriptions import PER_CENT, counted, first, left_out, listed, lowest_tail_loss
from zdl_bench.report.drawn import Drawn
from zdl_bench.report.figures.grid import head, legend_outside, single
from zdl_bench.report.figures.heat_map import draw_heat_map
from zdl_bench.report.figures.lr_sensitivity import draw_lr_sensitivity
from zdl_bench.report.figures.runtime_ecdf import draw_runtime_ecdf
from zdl_bench.report.figures.speed_jitter import draw_speed_jitter, speed_and_jitter
from zdl_bench.report.loss_notes import floor_note
from zdl_bench.report.shown import at_some_lrs, band_note, first_variants, more, more_variants
from zdl_bench.run.conditions import percent

EDGE_NOTE = "arrow: the best is at the edge of its grid, a better one may lie beyond"
NO_LOG_SCALE = "losses here may be negative, or 0 at the start: no colour for those, no figure on a log scale"
MAX_ROWS, MAX_COLUMNS = 40, 24
"""Of the heat map: more make no image that can be read, or be stored."""


def lr_sensitivity(comparison: Comparison) -> Drawn | None:
    everything = comparison.above_floor(comparison.trials)
    if not comparison.has_lr_choice or not comparison.best_lrs:
        return None
    runs = first_variants(everything)
    figure, axes = single()
    draw_lr_sensitivity(runs, axes)
    loss = comparison.loss_name.replace("probe loss", "tail loss")
    axes.set_ylabel(loss)
    legend_outside(axes)
    title = "Tail loss against learning rate"
    at_edge = [name for name in edge_of_grid(comparison) if (runs["variant"] == name).any()]
    notes = [
        *(["geometric mean and 95 % interval over seeds"] if runs["seed"].nunique() > 1 else []),
        "ring: best by mean tail loss",
        *([EDGE_NOTE] if at_edge else []),
        *(["× at the top: some run has no value"] if runs["tail_loss"].isna().any() else []),
        *floor_note(runs["tail_loss"], runs["start_loss"]),
    ]
    head(figure, title, [*comparison.context, "; ".join(notes), *more_variants(runs, everything)])
    edge = f" At the edge of its grid lies the best of {listed(at_edge)}." if at_edge else ""
    words = f"The {loss} against learning rate, both on log scales. {counted(runs)}. {lowest_tail_loss(runs)}{edge}"
    return Drawn("lr_sensitivity", title, words, figure)


def edge_of_grid(comparison: Comparison) -> list[str]:
    """The variants whose best learning rate is the smallest or largest of several that were tried."""
    best = comparison.best_lrs
    grids = {str(name): lrs for name, lrs in comparison.trials.groupby("variant", sort=False)["lr"]}
    return [name for name, lr in best.items() if grids[name].nunique() > 1 and lr in (grids[name].min(), grids[name].max())]


def speed_against_jitter(comparison: Comparison) -> Drawn | None:
    """None where no optimizer was tried at two learning rates, or there is nothing to see of one."""
    runs = first_variants(comparison.trials)
    if not comparison.has_lr_choice:
        return None
    points = speed_and_jitter(runs).set_index(["variant", "lr"])
    if points["jitter"].isna().all():
        return None
    figure, axes = single(width=8.4, height=5.2)
    draw_speed_jitter(runs, axes)
    axes.set_xlabel(f"geometric mean over the run: {comparison.loss_name}   ← faster")
    legend_outside(axes)
    title = "Speed against steadiness, over learning rates"
    means = "geometric means and 95 % intervals over seeds; " if runs["seed"].nunique() > 1 else ""
    numbers = f"{means}numbers: smallest and largest lr of a curve, if there is room"
    head(figure, title, [*comparison.context, numbers, *more_variants(runs, comparison.trials)])
    words = (
        f"Jitter against the geometric mean of the loss over the run, both on log scales, a point per learning rate. "
        f"{counted(runs)}. {first('Fastest, by mean loss', points['loss'].sort_values(kind='stable'))} "
        f"{first('Steadiest, by jitter', points['jitter'].sort_values(kind='stable'))}"
    )
    return Drawn("speed_jitter", title, words, figure)


def targets_reached(comparison: Comparison) -> Drawn | None:
    """None where no target was reached."""
    everything = comparison.at_best_lr(comparison.judged)
    runs = first_variants(everything)
    targets = [column for column in runs if column.startswith("steps_to_")]
    if not targets or not (runs[targets] > 0).any(axis=None):
        return None
    figure, axes = single()
    draw_runtime_ecdf(runs, axes)
    axes.yaxis.set_major_formatter(PER_CENT)
    legend_outside(axes)
    title = "Targets reached"
    choice = [f"each optimizer at its best lr, {comparison.choice_words}"] if comparison.has_lr_choice else []
    losses = ", ".join(column.removeprefix("steps_to_") for column in targets)
    rest = more_variants(runs, everything)
    notes = [*choice, *left_out(comparison), "; ".join([f"targets: loss {losses}", *band_note(runs)]), *rest]
    head(figure, title, [*comparison.context, *notes])
    shares = runs[targets].notna().groupby(runs["variant"], sort=False).mean().mean(axis=1)
    most = first("Most targets reached at the end", shares.sort_values(ascending=False, kind="stable"), percent)
    axes_words = f"Share of (run, target) pairs reached against steps, on a log scale; targets: loss {losses}"
    return Drawn("targets_reached", title, f"{axes_words}. {counted(runs)}. {most}", figure)


def heat_map(comparison: Comparison) -> Drawn | None:
    everything = comparison.above_floor(comparison.trials)
    runs = at_some_lrs(first_variants(everything, MAX_ROWS), comparison, MAX_COLUMNS)
    rows, columns = runs["variant"].nunique(), runs["lr"].nunique(dropna=False)
    figure, axes = single(width=max(6.4, 3.2 + 1.05 * columns), height=1.9 + 0.42 * max(rows, 2))
    draw_heat_map(runs, axes)
    title = f"Mean tail loss{' in nats' if 'nats' in comparison.loss_name else ''}, optimizer × learning rate"
    notes = [
        *(["* completed, but some run did not learn"] if _has_asterisk(runs) else []),
        *(["grey: some run has no value, and why"] if runs["tail_loss"].isna().any() else []),
        *(["blank: not tried"] if _has_gaps(runs) else []),
        *floor_note(runs["tail_loss"], runs["start_loss"]),
        *([] if comparison.has_log_scale else [NO_LOG_SCALE]),
    ]
    head(figure, title, [*comparison.context, *(["; ".join(notes)] if notes else []), *more(runs, everything)])
    lost = int(runs["tail_loss"].isna().sum())
    shares = f" {lost} of {len(runs)} runs have no value." if lost else ""
    words = f"A table of mean tail losses, dark where low: rows are optimizers, columns learning rates. {counted(runs)}."
    return Drawn("heat_map", title, f"{words} {lowest_tail_loss(runs)}{shares}", figure)


def _has_asterisk(runs: pd.DataFrame) -> bool:
    """Whether some cell has an asterisk: all of its runs have a value, and some did not learn."""
    cells = [runs["variant"], runs["lr"]]
    has_values = runs["tail_loss"].notna().groupby(cells, dropna=False).all()
    return bool((has_values & ~runs["learned"].astype(bool).groupby(cells, dropna=False).all()).any())


def _has_gaps(runs: pd.DataFrame) -> bool:
    """Whether some optimizer was not tried at some learning rate of the others."""
    pairs = runs[["variant", "lr"]].drop_duplicates()
    return bool(len(pairs) < runs["variant"].nunique() * runs["lr"].nunique(dropna=False))
