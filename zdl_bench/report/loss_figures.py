"""A comparison → loss against step and against seconds, in the three views of the learning rate."""

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zdl_bench.conditions import short
from zdl_bench.figures.grid import head, legend_outside, outer_labels, panels, single
from zdl_bench.figures.loss_lines import MOST_BANDS, loss_limits
from zdl_bench.figures.style import look_of, plain_log_axis
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.descriptions import counted, left_out, listed, lowest_tail_loss
from zdl_bench.report.drawn import Drawn
from zdl_bench.report.loss_against import SECONDS, STEPS, Against

MOST_LINES = 8
MOST_LR_PANELS = 12
MOST_VARIANT_PANELS = 24


def loss_curves(comparison: Comparison) -> Drawn | None:
    return _at_same_lr(comparison, STEPS, "loss_curves")


def loss_over_seconds(comparison: Comparison) -> Drawn | None:
    return _at_same_lr(comparison, SECONDS, "loss_over_seconds")


def loss_at_best_lr(comparison: Comparison) -> Drawn | None:
    return _at_best_lr(comparison, STEPS, "loss_at_best_lr")


def loss_over_seconds_at_best_lr(comparison: Comparison) -> Drawn | None:
    return _at_best_lr(comparison, SECONDS, "loss_over_seconds_at_best_lr")


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
    figure, axes_list = _loss_panels(groups, STEPS, comparison.loss_name)
    for axes in axes_list:
        axes.legend(fontsize=8)
    title = "Loss at the same effective learning rate"
    head(figure, title, [*comparison.context, "lr / (1 − β) for momentum methods", *_curve_notes(frame)])
    return Drawn("loss_at_effective_lr", title, _words(groups, STEPS, comparison), figure)


def _at_same_lr(comparison: Comparison, against: Against, name: str) -> Drawn | None:
    """Panels per learning rate with a line per optimizer; with many optimizers, the other way round."""
    losses = comparison.strided_losses()
    if comparison.was_tuned:  # each at its best has a figure of its own
        losses = losses[losses.groupby("lr", dropna=False)["variant"].transform("nunique") > 1]
    losses = against.drawable(losses)
    if losses.empty:
        return None
    by_lr = losses["variant"].nunique() <= MOST_LINES and losses["lr"].nunique() <= MOST_LR_PANELS
    panel, line = ("lr", "variant") if by_lr else ("variant", "lr")
    color = _optimizer_colors(losses) if by_lr else _lr_colors(losses)
    labels = {value: _line_label(line, value) for value in losses[line].unique()}
    frame = losses.assign(line=losses[line].map(labels), color=color)
    ordered = frame.sort_values("lr", kind="stable", ignore_index=True) if by_lr else frame
    found = [(_line_label(panel, value), rows) for value, rows in ordered.groupby(panel, sort=False, dropna=False)]
    groups = dict(found[:MOST_VARIANT_PANELS])
    rest = [f"{len(found) - len(groups)} more are in the tables only"] if len(groups) < len(found) else []
    figure, axes_list = _loss_panels(groups, against, comparison.loss_name)
    _one_legend(figure, [axes.get_legend_handles_labels() for axes in axes_list])
    title = f"{against.title} at the same learning rate" if by_lr else f"{against.title} of each optimizer, by learning rate"
    head(figure, title, [*comparison.context, *against.notes, *_curve_notes(frame), *rest])
    return Drawn(name, title, _words(groups, against, comparison), figure)


def _at_best_lr(comparison: Comparison, against: Against, name: str) -> Drawn | None:
    """All optimizers in one panel, each at its best learning rate; None where there was no choice."""
    chosen = against.drawable(comparison.at_best_lr(comparison.strided_losses()))
    if chosen.empty or not comparison.has_lr_choice:
        return None
    labels = chosen["variant"] + ", lr " + chosen["lr"].map(short)
    frame = chosen.assign(line=labels, color=_optimizer_colors(chosen))
    figure, axes = single()
    against.draw(frame, axes)
    axes.set_ylabel(comparison.loss_name)
    legend_outside(axes)
    title = f"{against.title} of each optimizer at its best learning rate"
    notes = [*against.notes, comparison.choice_words, *left_out(comparison), *_curve_notes(frame)]
    head(figure, title, [*comparison.context, *notes])
    return Drawn(name, title, _words({"one panel": frame}, against, comparison), figure)


def _loss_panels(groups: Mapping[str, pd.DataFrame], against: Against, loss_name: str) -> tuple[Figure, list[Axes]]:
    """One panel per title, all with the same axes."""
    figure, axes_list = panels(len(groups))
    ends = []
    for axes, (title, rows) in zip(axes_list, groups.items(), strict=True):
        against.draw(rows, axes)
        ends.append(axes.get_xlim()[1])
        axes.set_title(title, fontsize=10)
        axes.set_ylabel(loss_name)
    outer_labels(axes_list)
    axes_list[0].set_xlim(0, max(ends))  # shared by all panels, as the limits of the losses are
    axes_list[0].set_ylim(loss_limits(pd.concat(groups.values())))
    plain_log_axis(axes_list[0].yaxis)
    return figure, axes_list


def _words(groups: Mapping[str, pd.DataFrame], against: Against, comparison: Comparison) -> str:
    """The description of loss curves: groups: title of a panel → its rows."""
    frame = pd.concat(groups.values())
    shown = comparison.judged[comparison.judged["run_id"].isin(frame["run_id"].unique())]
    panel_words = f" in {len(groups)} panels, {listed(groups)}" if len(groups) > 1 else ""
    means = ", means over seeds" if shown["seed"].nunique() > 1 else ""
    axes = f"The {comparison.loss_name} on a log scale against {against.axis}{panel_words}{means}"
    return f"{axes}. {counted(frame)}. {lowest_tail_loss(shown)}"


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
    return frame["optimizer"].map({name: look_of(name).color for name in frame["optimizer"].unique()})


def _lr_colors(frame: pd.DataFrame) -> pd.Series:
    lrs = sorted(frame["lr"].dropna().unique())
    colors = mpl.colormaps["viridis"]
    chosen = {lr: mpl.colors.to_hex(colors(0.85 * i / max(1, len(lrs) - 1))) for i, lr in enumerate(lrs)}
    return frame["lr"].map(chosen).fillna("#333333")


def _line_label(column: str, value: object) -> str:
    if column != "lr":
        return str(value)
    return f"lr {value:g}" if isinstance(value, float) and value == value else "no lr"


def _one_legend(figure: Figure, found: list[tuple[list[Artist], list[Any]]]) -> None:
    """One legend for all panels, to their right."""
    entries = {label: handle for handles, labels in found for handle, label in zip(handles, labels, strict=True)}
    figure.legend(list(entries.values()), list(entries), loc="outside right center", fontsize=8.5)
