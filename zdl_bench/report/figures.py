"""A comparison → its figures."""

from collections.abc import Callable, Iterator
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from zdl_bench.conditions import short
from zdl_bench.figures.grid import head, legend_outside, outer_labels, panels, single
from zdl_bench.figures.heat_map import draw_heat_map
from zdl_bench.figures.loss_curves import MOST_BANDS, draw_loss_curves, loss_limits
from zdl_bench.figures.lr_sensitivity import draw_lr_sensitivity
from zdl_bench.figures.runtime_ecdf import draw_runtime_ecdf
from zdl_bench.figures.speed_jitter import draw_speed_jitter, speed_and_jitter
from zdl_bench.figures.style import look_of
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.drawn import Drawn
from zdl_bench.report.path_figures import optimizer_paths, paths

MOST_LINES = 8
MOST_LR_PANELS = 12


def figures_of(comparison: Comparison) -> Iterator[Drawn]:
    """The figures of a comparison that its runs can fill, one at a time: the caller closes each."""
    of_losses = [loss_curves, loss_at_effective_lr, loss_at_best_lr, lr_sensitivity] if comparison.has_log_scale else []
    others = [speed_against_jitter, targets_reached, heat_map, paths, optimizer_paths]
    makers: list[Callable[[Comparison], Drawn | None]] = [*of_losses, *others]
    for make in makers:
        drawn = make(comparison)
        if drawn:
            yield drawn


def loss_curves(comparison: Comparison) -> Drawn | None:
    """Panels per learning rate with a line per optimizer; with many optimizers, the other way round."""
    losses = comparison.strided_losses()
    if comparison.was_tuned:  # each at its best has a figure of its own
        losses = losses[losses.groupby("lr", dropna=False)["variant"].transform("nunique") > 1]
    if losses.empty:
        return None
    by_lr = losses["variant"].nunique() <= MOST_LINES and losses["lr"].nunique() <= MOST_LR_PANELS
    panel, line = ("lr", "variant") if by_lr else ("variant", "lr")
    color = _optimizer_colors(losses) if by_lr else _lr_colors(losses)
    frame = losses.assign(line=losses[line].map(lambda value: _line_label(line, value)), color=color)
    ordered = frame.sort_values("lr", kind="stable", ignore_index=True) if by_lr else frame
    groups = list(ordered.groupby(panel, sort=False, dropna=False))
    figure, axes_list = panels(len(groups))
    for axes, (value, rows) in zip(axes_list, groups, strict=True):
        draw_loss_curves(rows, axes)
        axes.set_title(_line_label(panel, value), fontsize=10)
        axes.set_ylabel(comparison.loss_name)
    outer_labels(axes_list)
    axes_list[0].set_ylim(loss_limits(frame))  # shared by all panels
    _one_legend(figure, [axes.get_legend_handles_labels() for axes in axes_list])
    title = "Loss at the same learning rate" if by_lr else "Loss of each optimizer, by learning rate"
    head(figure, title, [*comparison.context, *_curve_notes(frame)])
    return Drawn("loss_curves", title, "Probe loss against step on a log scale, one panel per group.", figure)


def loss_at_best_lr(comparison: Comparison) -> Drawn | None:
    """All optimizers in one panel, each at its best learning rate; None where there was no choice."""
    chosen = comparison.at_best_lr(comparison.strided_losses())
    if chosen.empty or not has_lr_choice(comparison.runs):
        return None
    labels = chosen["variant"] + ", lr " + chosen["lr"].map(short)
    frame = chosen.assign(line=labels, color=_optimizer_colors(chosen))
    figure, axes = single()
    draw_loss_curves(frame, axes)
    axes.set_ylabel(comparison.loss_name)
    legend_outside(axes)
    title = "Loss of each optimizer at its best learning rate"
    head(figure, title, [*comparison.context, comparison.choice_words, *_curve_notes(frame)])
    return Drawn("loss_at_best_lr", title, "Probe loss against step on a log scale, one line per optimizer.", figure)


def loss_at_effective_lr(comparison: Comparison) -> Drawn | None:
    """Panels per effective learning rate that several optimizers share; None where it is the learning rate for all."""
    losses = comparison.strided_losses()
    losses = losses[losses["effective_lr"].notna()]
    if losses.empty or (losses["effective_lr"] == losses["lr"]).all():
        return None
    frame = losses.assign(
        line=losses["variant"] + ", lr " + losses["lr"].map(short),
        color=_optimizer_colors(losses),
        panel=losses["effective_lr"].map(lambda lr: f"{lr:.6g}"),  # 0.01 and 0.001 / (1 - 0.9) differ in the last bits
    )
    shared = frame.groupby("panel")["variant"].transform("nunique") > 1
    is_momentum = frame["effective_lr"] != frame["lr"]
    frame = frame[shared & is_momentum.groupby(frame["panel"]).transform("any")].sort_values("effective_lr", kind="stable")
    if frame.empty:
        return None
    groups = list(frame.groupby("panel", sort=False))[:MOST_LR_PANELS]
    figure, axes_list = panels(len(groups))
    for axes, (value, rows) in zip(axes_list, groups, strict=True):
        draw_loss_curves(rows, axes)
        axes.set_title(f"effective lr {value}", fontsize=10)
        axes.set_ylabel(comparison.loss_name)
        axes.legend(fontsize=8)
    outer_labels(axes_list)
    axes_list[0].set_ylim(loss_limits(frame))
    title = "Loss at the same effective learning rate"
    head(figure, title, [*comparison.context, "lr / (1 − β) for momentum methods", *_curve_notes(frame)])
    return Drawn("loss_at_effective_lr", title, "Probe loss against step on a log scale, one panel per group.", figure)


def speed_against_jitter(comparison: Comparison) -> Drawn | None:
    """None where no optimizer was tried at two learning rates, or there is nothing to see of one."""
    runs = comparison.trials
    if not has_lr_choice(runs) or speed_and_jitter(runs)["jitter"].isna().all():
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
    choice = [f"each optimizer at its best lr, {comparison.choice_words}"] if has_lr_choice(comparison.runs) else []
    losses = ", ".join(column.removeprefix("steps_to_") for column in targets)
    head(figure, title, [*comparison.context, *choice, "; ".join([f"targets: loss {losses}", *band])])
    return Drawn("targets_reached", title, "Share of (run, target) pairs reached against steps.", figure)


def lr_sensitivity(comparison: Comparison) -> Drawn | None:
    runs = comparison.above_floor(comparison.trials)
    if not has_lr_choice(runs) or not comparison.best_lrs():
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


def heat_map(comparison: Comparison) -> Drawn | None:
    runs = comparison.above_floor(comparison.trials)
    rows, columns = runs["variant"].nunique(), runs["lr"].nunique(dropna=False)
    figure, axes = single(width=max(6.4, 3.2 + 1.05 * columns), height=1.9 + 0.42 * max(rows, 2))
    draw_heat_map(runs, axes)
    title = f"Mean tail loss{' in nats' if 'nats' in comparison.loss_name else ''}, optimizer × learning rate"
    starred = ((runs["status"] == "completed") & ~runs["learned"]).any()
    head(figure, title, [*comparison.context, *(["* completed, but some run did not learn"] if starred else [])])
    return Drawn("heat_map", title, "A table of mean tail losses, dark where low.", figure)


def has_lr_choice(runs: pd.DataFrame) -> bool:
    """Whether some variant was tried at several learning rates."""
    return bool(runs.groupby("variant")["lr"].nunique().max() > 1)


def _curve_notes(frame: pd.DataFrame) -> list[str]:
    """What has to be known to read loss curves, as far as it applies."""
    notes = []
    if frame.groupby(["variant", "lr"], dropna=False)["run_id"].nunique().max() > 1:
        band = ", 95 % band" if frame["line"].nunique() <= MOST_BANDS else ""
        notes.append(f"geometric mean over seeds{band}")
    if (frame.groupby("run_id")["step"].max() < frame.groupby("run_id")["planned_steps"].first()).any():
        notes.append("× where a run diverged")
    return ["; ".join(notes)] if notes else []


def _optimizer_colors(frame: pd.DataFrame) -> pd.Series:
    return frame["optimizer"].map(lambda name: look_of(name).color)


def _lr_colors(frame: pd.DataFrame) -> pd.Series:
    lrs = sorted(frame["lr"].dropna().unique())
    colors = mpl.colormaps["viridis"].resampled(max(len(lrs), 2))
    chosen = {lr: mpl.colors.to_hex(colors(0.85 * i / max(1, len(lrs) - 1))) for i, lr in enumerate(lrs)}
    return frame["lr"].map(lambda lr: chosen.get(lr, "#333333"))


def _line_label(column: str, value: object) -> str:
    return f"lr {value:g}" if column == "lr" and isinstance(value, float) and value == value else str(value)


def _one_legend(figure: Figure, found: list[tuple[list[Artist], list[Any]]]) -> None:
    """One legend for all panels, to their right."""
    entries = {label: handle for handles, labels in found for handle, label in zip(handles, labels, strict=True)}
    figure.legend(list(entries.values()), list(entries), loc="outside right center", fontsize=8.5)
