"""A comparison → loss against step and against seconds, in the three views of the learning rate."""

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zdl_bench.report.comparison import Comparison, alike
from zdl_bench.report.descriptions import counted, left_out, listed, lowest_tail_loss
from zdl_bench.report.drawn import Drawn
from zdl_bench.report.figures.grid import head, legend_outside, make_room, outer_labels, panels, single
from zdl_bench.report.figures.loss_lines import loss_limits
from zdl_bench.report.figures.style import log_axis, shortened
from zdl_bench.report.loss_against import SECONDS, STEPS, Against
from zdl_bench.report.loss_notes import curve_notes, first_losses, floor_note, more_panels, tried_as, without_curve
from zdl_bench.report.shown import at_some_lrs, first_variants, more, more_variants
from zdl_bench.run.conditions import texts_of

MAX_LINES = 8
MAX_LR_PANELS = 12
MAX_VARIANT_PANELS = 24
MAX_LR_LINES = 12


MAX_IN_PANEL = 4
"""More lines need a legend outside."""


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
    losses = comparison.losses
    losses = losses[losses["effective_lr"].notna()]
    if losses.empty or (losses["effective_lr"] == losses["lr"]).all():
        return None
    frame = losses.assign(
        line=losses["variant"] + ", " + _labels("lr", losses["lr"]),
        panel=_labels("effective lr", alike(losses["effective_lr"])),
        effective=alike(losses["effective_lr"]),
    )
    shared = frame.groupby("panel")["variant"].transform("nunique") > 1
    is_momentum = frame["effective_lr"] != frame["lr"]
    frame = frame[shared & is_momentum.groupby(frame["panel"]).transform("any")].sort_values("effective", kind="stable")
    if frame.empty:
        return None
    found = {str(title): rows for title, rows in frame.groupby("panel", sort=False)}
    groups = {title: first_variants(rows, MAX_LINES) for title, rows in list(found.items())[:MAX_LR_PANELS]}
    is_crowded = max(rows["variant"].nunique() for rows in groups.values()) > MAX_IN_PANEL
    if is_crowded:  # a legend for all, by variant
        groups = {title: rows.assign(line=rows["variant"]) for title, rows in groups.items()}
    shown = pd.concat(groups.values())
    figure, axes_list = _loss_panels(groups, STEPS, comparison.loss_name)
    if is_crowded:
        _one_legend(figure, [axes.get_legend_handles_labels() for axes in axes_list])
    else:
        for axes in axes_list:
            axes.legend(fontsize=8)
    title = "Loss at the same effective learning rate"
    notes = [
        "lr / (1 − β) for momentum methods",
        *curve_notes(shown),
        *floor_note(shown["loss"], first_losses(shown)),
        *without_curve(comparison, tried_as(shown, comparison)),
    ]
    head(figure, title, [*comparison.context, *notes, *more_panels(groups, found)])
    return Drawn("loss_at_effective_lr", title, _words(groups, STEPS, comparison), figure)


def _at_same_lr(comparison: Comparison, against: Against, name: str) -> Drawn | None:
    """Panels per learning rate with a line per optimizer; with many optimizers, the other way round."""
    losses = comparison.losses
    if comparison.was_tuned:  # each at its best has a figure of its own
        losses = losses[losses.groupby("lr", dropna=False)["variant"].transform("nunique") > 1]
    losses = against.drawable(losses)
    if losses.empty:
        return None
    by_lr = losses["variant"].nunique() <= MAX_LINES and losses["lr"].nunique() <= MAX_LR_PANELS
    panel, line = ("lr", "variant") if by_lr else ("variant", "lr")
    some = losses if by_lr else at_some_lrs(losses, comparison, MAX_LR_LINES)
    frame = some if by_lr else some.assign(color=_lr_colors(some), linestyle="-")
    frame = frame.assign(line=_labels(line, some[line]), panel=_labels(panel, some[panel]))
    ordered = frame.sort_values("lr", kind="stable", ignore_index=True) if by_lr else frame
    groups = dict(list(ordered.groupby("panel", sort=False))[:MAX_VARIANT_PANELS])
    shown = pd.concat(groups.values())
    figure, axes_list = _loss_panels(groups, against, comparison.loss_name)
    _one_legend(figure, [axes.get_legend_handles_labels() for axes in axes_list])
    title = f"{against.title} at the same learning rate" if by_lr else f"{against.title} of each optimizer, by learning rate"
    floor = floor_note(shown["loss"], first_losses(shown))
    notes = [*against.notes, *curve_notes(shown), *floor, *without_curve(comparison, comparison.judged), *more(shown, losses)]
    head(figure, title, [*comparison.context, *notes])
    return Drawn(name, title, _words(groups, against, comparison), figure)


def _at_best_lr(comparison: Comparison, against: Against, name: str) -> Drawn | None:
    """All optimizers in one panel, each at its best learning rate; None where there was no choice."""
    chosen = against.drawable(comparison.at_best_lr(comparison.losses))
    if chosen.empty or not comparison.has_lr_choice:
        return None
    some = first_variants(chosen)
    labels = some["variant"] + ", " + _labels("lr", some["lr"])
    frame = some.assign(line=labels)
    figure, axes = single()
    against.draw(frame, axes)
    axes.set_ylabel(comparison.loss_name)
    legend_outside(axes)
    title = f"{against.title} of each optimizer at its best learning rate"
    floor = floor_note(frame["loss"], first_losses(frame))
    notes = [*against.notes, comparison.choice_words, *left_out(comparison), *curve_notes(frame), *floor]
    lacking = without_curve(comparison, comparison.at_best_lr(comparison.judged))
    head(figure, title, [*comparison.context, *notes, *lacking, *more_variants(frame, chosen)])
    return Drawn(name, title, _words({"one panel": frame}, against, comparison), figure)


def _loss_panels(groups: Mapping[str, pd.DataFrame], against: Against, loss_name: str) -> tuple[Figure, list[Axes]]:
    """One panel per title, all with the same axes."""
    figure, axes_list = panels(len(groups))
    ends = []
    for axes, (title, rows) in zip(axes_list, groups.items(), strict=True):
        against.draw(rows, axes)
        ends.append(axes.get_xlim()[1])
        axes.set_title(shortened(title), fontsize=10)
        axes.set_ylabel(loss_name)
    outer_labels(axes_list)
    axes_list[0].set_xlim(0, max(ends))  # shared by all panels, as the limits of the losses are
    log_axis(axes_list[0].yaxis, loss_limits(pd.concat(groups.values())))
    return figure, axes_list


def _words(groups: Mapping[str, pd.DataFrame], against: Against, comparison: Comparison) -> str:
    """The description of loss curves: groups: title of a panel → its rows."""
    frame = pd.concat(groups.values())
    shown = comparison.judged[comparison.judged["run_id"].isin(frame["run_id"].unique())]
    panel_words = f" in {len(groups)} panels, {listed(groups)}" if len(groups) > 1 else ""
    means = ", means over seeds" if shown["seed"].nunique() > 1 else ""
    axes = f"The {comparison.loss_name} on a log scale against {against.axis}{panel_words}{means}"
    return f"{axes}. {counted(frame)}. {lowest_tail_loss(shown)}"


def _lr_colors(frame: pd.DataFrame) -> pd.Series:
    lrs = sorted(frame["lr"].dropna().unique())
    colors = mpl.colormaps["viridis"]
    chosen = {lr: mpl.colors.to_hex(colors(0.85 * i / max(1, len(lrs) - 1))) for i, lr in enumerate(lrs)}
    return pd.Series([chosen.get(lr, "#333333") for lr in frame["lr"]], index=frame.index)


def _labels(column: str, values: pd.Series) -> pd.Series:
    """What a line or a panel of each value is called; no two alike."""
    if column == "variant":
        return values.astype(str)
    texts = {value: f"{column} {text}" for value, text in texts_of(values.dropna().unique().tolist()).items()}
    return pd.Series([texts.get(value, f"no {column}") for value in values], index=values.index)


def _one_legend(figure: Figure, found: list[tuple[list[Artist], list[Any]]]) -> None:
    """One legend for all panels, to their right."""
    entries = {label: handle for handles, labels in found for handle, label in zip(handles, labels, strict=True)}
    make_room(figure, len(entries))
    figure.legend(list(entries.values()), list(entries), loc="outside right center", fontsize=8.5)
