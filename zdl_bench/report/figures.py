"""A comparison → its figures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from zdl_bench.conditions import short
from zdl_bench.figures.grid import head, legend_outside, panels, single
from zdl_bench.figures.heat_map import draw_heat_map
from zdl_bench.figures.loss_curves import MOST_BANDS, draw_loss_curves, loss_limits
from zdl_bench.figures.lr_sensitivity import draw_lr_sensitivity
from zdl_bench.figures.style import look_of
from zdl_bench.report.comparison import Comparison

MOST_LINES = 8
MOST_LR_PANELS = 12


@dataclass(frozen=True)
class Drawn:
    """A figure with the name of its file, its title and words for who cannot see it."""

    name: str
    title: str
    description: str
    figure: Figure


def figures_of(comparison: Comparison) -> Iterator[Drawn]:
    """The figures of a comparison that its runs can fill, one at a time: the caller closes each."""
    makers: list[Callable[[Comparison], Drawn | None]] = [loss_curves, loss_at_best_lr, lr_sensitivity, heat_map]
    for make in makers:
        drawn = make(comparison)
        if drawn:
            yield drawn


def loss_curves(comparison: Comparison) -> Drawn | None:
    """Panels per learning rate with a line per optimizer; with many optimizers, the other way round."""
    losses = comparison.strided_losses()
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
        axes.label_outer()
    axes_list[0].set_ylim(loss_limits(frame))  # shared by all panels
    _one_legend(figure, [axes.get_legend_handles_labels() for axes in axes_list])
    title = "Loss at the same learning rate" if by_lr else "Loss of each optimizer, by learning rate"
    head(figure, title, [*comparison.context, *_curve_notes(frame)])
    return Drawn("loss_curves", title, "Probe loss against step on a log scale, one panel per group.", figure)


def loss_at_best_lr(comparison: Comparison) -> Drawn | None:
    """All optimizers in one panel, each at its best learning rate; None where there was no choice."""
    best = comparison.best_lrs()
    losses = comparison.strided_losses()
    if not best or comparison.runs["lr"].nunique(dropna=False) < 2:
        return None
    chosen = losses[losses["lr"].eq(losses["variant"].map(best)) | losses["lr"].isna()]
    labels = chosen["variant"] + ", lr " + chosen["lr"].map(short)
    frame = chosen.assign(line=labels, color=_optimizer_colors(chosen))
    figure, axes = single()
    draw_loss_curves(frame, axes)
    axes.set_ylabel(comparison.loss_name)
    legend_outside(axes)
    title = "Loss of each optimizer at its best learning rate"
    choice = "best by mean tail loss, chosen on the seeds that are shown"
    head(figure, title, [*comparison.context, choice, *_curve_notes(frame)])
    return Drawn("loss_at_best_lr", title, "Probe loss against step on a log scale, one line per optimizer.", figure)


def lr_sensitivity(comparison: Comparison) -> Drawn | None:
    runs = comparison.runs
    if runs["lr"].nunique() < 2 or not comparison.best_lrs():  # a curve needs two, of which one has all its values
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
    runs = comparison.runs
    rows, columns = runs["variant"].nunique(), runs["lr"].nunique(dropna=False)
    figure, axes = single(width=max(6.4, 3.2 + 1.05 * columns), height=1.9 + 0.42 * max(rows, 2))
    draw_heat_map(runs, axes)
    title = f"Mean tail loss{' in nats' if 'nats' in comparison.loss_name else ''}, optimizer × learning rate"
    starred = ((runs["status"] == "completed") & ~runs["learned"]).any()
    head(figure, title, [*comparison.context, *(["* completed, but some run did not learn"] if starred else [])])
    return Drawn("heat_map", title, "A table of mean tail losses, dark where low.", figure)


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
