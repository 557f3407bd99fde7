"""The figures in which a report shows losses against steps or seconds.

They show optimizers at the same learning rate, at the same effective learning rate, or each at its best learning rate.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zdl_bench.report.comparison import Comparison, alike
from zdl_bench.report.figures import captions, grid, selection
from zdl_bench.report.figures.loss_lines import loss_limits
from zdl_bench.report.figures.scales import log_axis
from zdl_bench.report.figures.style import MAX_BANDS
from zdl_bench.report.phrases import join_notes, limit_lines, list_names, more_in_tables, shorten
from zdl_bench.run.conditions import texts_of

MAX_PANEL_LINES = 8
MAX_LR_PANELS = 12
MAX_VARIANT_PANELS = 24
MAX_LR_LINES = 12
MAX_INNER_LEGEND = 4
"""Largest number of lines in a panel with its own legend. With more lines, one legend outside serves all panels."""
MAX_LOST_CELLS = 4
"""Largest number of pairs of optimizer and learning rate in the note on runs without a curve."""


@dataclass(frozen=True)
class LossFigures:
    """The figures of a comparison's losses against steps or seconds.

    title: the start of each figure's title. label: the name of the horizontal axis. draw: draws a frame of losses on a panel.
    can_draw: returns whether a frame of losses at equal strides has what `draw` needs. note: a further note for readers.
    """

    comparison: Comparison
    title: str
    label: str
    draw: Callable[[pd.DataFrame, Axes], Axes]
    can_draw: Callable[[pd.DataFrame], bool]
    note: str = ""

    def at_same_lr(self, name: str) -> Iterator[captions.CaptionedFigure]:
        """Yield the figure with a panel per learning rate and a line per optimizer.

        If there are many optimizers or learning rates, the figure has a panel per optimizer and a line per learning rate.
        """
        losses = self.comparison.losses
        if self.comparison.was_tuned:  # `at_best_lr` shows the learning rates that only one variant has
            losses = losses[losses.groupby("lr", dropna=False)["variant"].transform("nunique") > 1]
        if not self.can_draw(losses):
            return
        by_lr = losses["variant"].nunique() <= MAX_PANEL_LINES and losses["lr"].nunique() <= MAX_LR_PANELS
        if by_lr:
            title, panel, line = f"{self.title} at the same learning rate", "lr", "variant"
            frame = losses.sort_values("lr", kind="stable", ignore_index=True)
        else:
            title, panel, line = f"{self.title} of each optimizer, by learning rate", "variant", "lr"
            frame = selection.at_some_lrs(losses, self.comparison, MAX_LR_LINES)
            frame = frame.assign(color=_lr_colors(frame["lr"]), linestyle="-")
        frame = frame.assign(line=_labels(line, frame[line]), panel=_labels(panel, frame[panel]))
        groups = dict(list(frame.groupby("panel", sort=False))[:MAX_VARIANT_PANELS])
        part = pd.concat(groups.values())
        figure, axes_list = self._panels(groups)
        grid.common_legend(figure, axes_list)
        hidden = selection.hidden_note(part, losses, ("variant", "lr"))
        notes = [self.note, *_curve_notes(part, self.comparison, self.comparison.judged), hidden]
        yield captions.caption(figure, name, title, [*self.comparison.context, *notes], self._sentences(groups))

    def at_same_effective_lr(self, name: str) -> Iterator[captions.CaptionedFigure]:
        """Yield the figure with a panel per effective learning rate that several optimizers share.

        A panel is left out if the effective learning rate equals the learning rate for all optimizers.
        """
        losses = self.comparison.losses
        losses = losses[losses["effective_lr"].notna()]
        if losses.empty or (losses["effective_lr"] == losses["lr"]).all():
            return
        effective = alike(losses["effective_lr"])
        line = losses["variant"] + ", " + _labels("lr", losses["lr"])
        frame = losses.assign(effective=effective, line=line, panel=_labels("effective lr", effective))
        is_shared = frame.groupby("panel")["variant"].transform("nunique") > 1
        has_momentum = (frame["effective_lr"] != frame["lr"]).groupby(frame["panel"]).transform("any")
        frame = frame[is_shared & has_momentum].sort_values("effective", kind="stable")
        if frame.empty:
            return
        found = {str(panel): rows for panel, rows in frame.groupby("panel", sort=False)}
        groups = {panel: selection.first_variants(rows, MAX_PANEL_LINES) for panel, rows in list(found.items())[:MAX_LR_PANELS]}
        is_crowded = max(rows["variant"].nunique() for rows in groups.values()) > MAX_INNER_LEGEND
        if is_crowded:  # one legend for all panels, with an entry per variant
            groups = {panel: rows.assign(line=rows["variant"]) for panel, rows in groups.items()}
        figure, axes_list = self._panels(groups)
        if is_crowded:
            grid.common_legend(figure, axes_list)
        else:
            for axes in axes_list:
                axes.legend(fontsize=8)
        part = pd.concat(groups.values())
        runs = self.comparison.judged.merge(part[["variant", "lr"]].drop_duplicates(), on=["variant", "lr"])
        hidden_lines = sum(found[panel]["line"].nunique() - rows["line"].nunique() for panel, rows in groups.items())
        hidden = more_in_tables((len(found) - len(groups), "effective learning rate"), (hidden_lines, "line"))
        notes = ["lr / (1 − β) for momentum methods", *_curve_notes(part, self.comparison, runs), hidden]
        title = f"{self.title} at the same effective learning rate"
        yield captions.caption(figure, name, title, [*self.comparison.context, *notes], self._sentences(groups))

    def at_best_lr(self, name: str) -> Iterator[captions.CaptionedFigure]:
        """Yield the figure of all optimizers, each at its best learning rate, if some were tried at several learning rates."""
        losses = self.comparison.at_best_lr(self.comparison.losses)
        if not self.comparison.has_lr_choice or not self.can_draw(losses):
            return
        part = selection.first_variants(losses)
        frame = part.assign(line=part["variant"] + ", " + _labels("lr", part["lr"]))
        figure, axes = grid.single(self.draw, frame)
        axes.set_ylabel(self.comparison.loss_name)
        runs = self.comparison.at_best_lr(self.comparison.judged)
        notes = [self.note, self.comparison.choice_words, captions.no_best_lr_note(self.comparison)]
        notes += [*_curve_notes(frame, self.comparison, runs), selection.hidden_note(frame, losses)]
        title = f"{self.title} of each optimizer at its best learning rate"
        yield captions.caption(figure, name, title, [*self.comparison.context, *notes], self._sentences({title: frame}))

    def _panels(self, groups: Mapping[str, pd.DataFrame]) -> tuple[Figure, list[Axes]]:
        """Draw a panel per group, with shared axes. Return the figure and its panels. groups: title of a panel → its losses."""
        figure, axes_list = grid.panels(len(groups))
        ends = []
        for axes, (title, rows) in zip(axes_list, groups.items(), strict=True):
            self.draw(rows, axes)
            ends.append(axes.get_xlim()[1])
            axes.set_title(shorten(title), fontsize=10)
            axes.set_ylabel(self.comparison.loss_name)
        grid.outer_labels(axes_list)
        axes_list[0].set_xlim(0, max(ends))  # all panels share both axes
        log_axis(axes_list[0].yaxis, loss_limits(pd.concat(groups.values())))
        return figure, axes_list

    def _sentences(self, groups: Mapping[str, pd.DataFrame]) -> Sequence[str]:
        """Return the description of a figure. groups: title of a panel → its losses."""
        frame = pd.concat(groups.values())
        runs = self.comparison.judged[self.comparison.judged["run_id"].isin(frame["run_id"].unique())]
        in_panels = f" in {len(groups)} panels, {list_names(groups)}" if len(groups) > 1 else ""
        means = ", means over seeds" if runs["seed"].nunique() > 1 else ""
        what = f"The {self.comparison.loss_name} on a log scale against {self.label}{in_panels}{means}."
        return [what, captions.optimizers_sentence(frame), captions.lowest_tail_loss(runs)]


def _curve_notes(frame: pd.DataFrame, comparison: Comparison, runs: pd.DataFrame) -> list[str]:
    """Return notes on what a line shows, where losses are cut, and which runs are in no line.

    runs: all runs that belong to the figure, even if they have no curve.
    """
    by_run = frame.groupby("run_id")
    has_means = frame.groupby(["variant", "lr"], dropna=False)["run_id"].nunique().max() > 1
    band = ", 95 % band" if frame["line"].nunique() <= MAX_BANDS else ""
    mean = f"geometric mean over seeds{band}" if has_means else ""
    cross = "× where a run diverged" if (by_run["step"].max() < by_run["planned_steps"].first()).any() else ""
    floor = captions.floor_note(frame["loss"], by_run["loss"].transform("first"))
    return [join_notes(mean, cross), floor, _no_curve_note(comparison, runs)]


def _no_curve_note(comparison: Comparison, runs: pd.DataFrame) -> str:
    """Return the note on runs without a curve, which failed or ran out of time. No line shows them and no mean counts them."""
    has_curve = runs["run_id"].isin(comparison.with_curve)
    cells = has_curve.groupby([runs["variant"], runs["lr"]], sort=False, dropna=False).agg(["sum", "size"])
    has_lrs = runs.groupby("variant")["lr"].nunique().max() > 1
    texts = texts_of(runs["lr"].dropna().unique().tolist()) if has_lrs else {}
    notes = [
        f"{shorten(str(variant))}{f', lr {texts[lr]}' if lr in texts else ''}: {have} of {size} runs have a curve"
        for (variant, lr), have, size in cells[cells["sum"] < cells["size"]].itertuples()
    ]
    return join_notes(*limit_lines(notes, MAX_LOST_CELLS, " such"))


def _lr_colors(lrs: pd.Series) -> list[str]:
    distinct = sorted(lrs.dropna().unique())
    last, scale = max(1, len(distinct) - 1), mpl.colormaps["viridis"]
    colors = {lr: mpl.colors.to_hex(scale(0.85 * place / last)) for place, lr in enumerate(distinct)}
    return [colors.get(lr, "#333333") for lr in lrs]


def _labels(column: str, values: pd.Series) -> pd.Series:
    """Return for each value the name of its line or panel. Different values have different names."""
    if column == "variant":
        return values.astype(str)
    texts = {value: f"{column} {text}" for value, text in texts_of(values.dropna().unique().tolist()).items()}
    return pd.Series([texts.get(value, f"no {column}") for value in values], index=values.index)
