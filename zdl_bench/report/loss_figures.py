"""A comparison → loss against step, in the three views of the learning rate."""

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zdl_bench.conditions import short
from zdl_bench.figures.grid import head, legend_outside, outer_labels, panels, single
from zdl_bench.figures.loss_curves import MOST_BANDS, draw_loss_curves, loss_limits
from zdl_bench.figures.style import look_of
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.drawn import Drawn

MOST_LINES = 8
MOST_LR_PANELS = 12


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
    groups = {_line_label(panel, value): rows for value, rows in ordered.groupby(panel, sort=False, dropna=False)}
    figure, axes_list = _loss_panels(groups, comparison.loss_name)
    _one_legend(figure, [axes.get_legend_handles_labels() for axes in axes_list])
    title = "Loss at the same learning rate" if by_lr else "Loss of each optimizer, by learning rate"
    head(figure, title, [*comparison.context, *_curve_notes(frame)])
    return Drawn("loss_curves", title, "Probe loss against step on a log scale, one panel per group.", figure)


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
    groups = {f"effective lr {value}": rows for value, rows in list(frame.groupby("panel", sort=False))[:MOST_LR_PANELS]}
    figure, axes_list = _loss_panels(groups, comparison.loss_name)
    for axes in axes_list:
        axes.legend(fontsize=8)
    title = "Loss at the same effective learning rate"
    head(figure, title, [*comparison.context, "lr / (1 − β) for momentum methods", *_curve_notes(frame)])
    return Drawn("loss_at_effective_lr", title, "Probe loss against step on a log scale, one panel per group.", figure)


def loss_at_best_lr(comparison: Comparison) -> Drawn | None:
    """All optimizers in one panel, each at its best learning rate; None where there was no choice."""
    chosen = comparison.at_best_lr(comparison.strided_losses())
    if chosen.empty or not comparison.has_lr_choice:
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


def _loss_panels(groups: Mapping[str, pd.DataFrame], loss_name: str) -> tuple[Figure, list[Axes]]:
    """One panel per title, all with the same axes."""
    figure, axes_list = panels(len(groups))
    for axes, (title, rows) in zip(axes_list, groups.items(), strict=True):
        draw_loss_curves(rows, axes)
        axes.set_title(title, fontsize=10)
        axes.set_ylabel(loss_name)
    outer_labels(axes_list)
    axes_list[0].set_ylim(loss_limits(pd.concat(groups.values())))  # shared by all panels
    return figure, axes_list


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
