"""The figures in which a report shows losses against steps or seconds.

They show optimizers at the same learning rate, at the same effective learning rate, or each at its best learning rate.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zdl_bench.language import translatable, translate
from zdl_bench.report.comparison import Comparison, alike
from zdl_bench.report.figure_terms import loss_name
from zdl_bench.report.figures import captions, grid, legends, selection, small_multiples
from zdl_bench.report.figures.loss_lines import have_bands, have_means, loss_limits
from zdl_bench.report.figures.lost_curves import no_curve_note
from zdl_bench.report.figures.lr_lines import EFFECTIVE_LR, colors_of, labels_of
from zdl_bench.report.figures.print_layout import is_for_print, text_points
from zdl_bench.report.figures.scales import LOG, AxisScale, log_axis
from zdl_bench.report.limits import MAX_ALONE, MAX_TOGETHER
from zdl_bench.report.phrases import join_notes, list_names, more_in_tables, shorten, with_full_stop
from zdl_bench.run.counts import count_of

MAX_LR_PANELS = 12
MAX_LR_LINES = 12
MAX_INNER_LEGEND = 4
"""Largest number of lines in a panel with its own legend. With more lines, one legend outside serves all panels."""
LOG_AGAINST, AGAINST = translatable("The {value} on a log scale against {label}"), translatable("The {value} against {label}")
MEANS = {
    (True, True): translatable("geometric mean over seeds, 95 % band"),
    (True, False): translatable("geometric mean over seeds"),
    (False, True): translatable("mean over seeds, 95 % band"),
    (False, False): translatable("mean over seeds"),
}
"""What lines are, by whether they are on a log scale and whether they have bands."""


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

    @property
    def losses(self) -> pd.DataFrame:
        """The rows that the figures show; `loss` is what the vertical axis shows."""
        return self.comparison.losses

    @property
    def value_name(self) -> str:
        """The name of the vertical axis."""
        return loss_name(self.comparison)

    scale: ClassVar[AxisScale] = LOG
    """The scale of the vertical axis."""

    def at_same_lr(self, name: str) -> Iterator[captions.CaptionedFigure]:
        """Yield the figure with a panel per learning rate and a line per optimizer.

        If there are many optimizers or learning rates, the figure has a panel per optimizer and a line per learning rate.
        """
        losses = self.losses
        if self.comparison.was_tuned:  # `at_best_lr` shows the learning rates that only one variant has
            losses = losses[losses.groupby("lr", dropna=False)["variant"].transform("nunique") > 1]
        if not self.can_draw(losses):
            return
        if losses["variant"].nunique() > MAX_TOGETHER and losses.groupby("variant")["lr"].nunique().max() < 2:
            if not self.comparison.has_lr_choice:  # otherwise `at_best_lr` shows the same
                yield self._one_by_one(name, translate("{title} of each optimizer", title=self.title), losses)
            return
        by_lr = losses["variant"].nunique() <= MAX_TOGETHER and losses["lr"].nunique() <= MAX_LR_PANELS
        if by_lr:
            title, panel, line = translate("{title} at the same learning rate", title=self.title), "lr", "variant"
            frame = losses.sort_values("lr", kind="stable", ignore_index=True)
        else:
            title = translate("{title} of each optimizer, by learning rate", title=self.title)
            panel, line = "variant", "lr"
            frame = selection.chosen_variants(losses, self.comparison, MAX_ALONE)
            frame = selection.at_some_lrs(frame, self.comparison, MAX_LR_LINES)
            frame = frame.assign(color=colors_of(frame["lr"]), linestyle="-")
        frame = frame.assign(line=labels_of(line, frame[line]), panel=labels_of(panel, frame[panel]))
        groups = {str(panel): rows for panel, rows in frame.groupby("panel", sort=False)}
        part = pd.concat(groups.values())
        figure, axes_list = self._panels(groups)
        legends.common_legend(figure, axes_list)
        hidden = selection.hidden_note(part, losses, ("variant", "lr"))
        notes = [self.note, *self._notes(part, self.comparison.judged), hidden]
        yield captions.caption(figure, name, title, [*self.comparison.context, *notes], self._sentences(groups))

    def at_same_effective_lr(self, name: str) -> Iterator[captions.CaptionedFigure]:
        """Yield the figure with a panel per effective learning rate that several optimizers share.

        A panel is left out if the effective learning rate equals the learning rate for all optimizers.
        """
        losses = self.losses
        losses = losses[losses["effective_lr"].notna()]
        if not self.can_draw(losses) or (losses["effective_lr"] == losses["lr"]).all():
            return
        effective = alike(losses["effective_lr"])
        line = losses["variant"] + ", " + labels_of("lr", losses["lr"])
        frame = losses.assign(effective=effective, line=line, panel=labels_of(EFFECTIVE_LR, effective))
        is_shared = frame.groupby("panel")["variant"].transform("nunique") > 1
        has_momentum = (frame["effective_lr"] != frame["lr"]).groupby(frame["panel"]).transform("any")
        frame = frame[is_shared & has_momentum].sort_values("effective", kind="stable")
        if frame.empty:
            return
        found = {str(panel): rows for panel, rows in frame.groupby("panel", sort=False)}
        groups = {
            panel: selection.chosen_variants(rows, self.comparison, MAX_TOGETHER)
            for panel, rows in list(found.items())[:MAX_LR_PANELS]
        }
        is_crowded = is_for_print() or max(rows["variant"].nunique() for rows in groups.values()) > MAX_INNER_LEGEND
        if is_crowded:  # one legend for all panels, with an entry per variant
            groups = {panel: rows.assign(line=rows["variant"]) for panel, rows in groups.items()}
        figure, axes_list = self._panels(groups)
        if is_crowded:
            legends.common_legend(figure, axes_list)
        else:
            for axes in axes_list:
                axes.legend(fontsize=text_points(8))
        part = pd.concat(groups.values())
        runs = self.comparison.judged.merge(part[["variant", "lr"]].drop_duplicates(), on=["variant", "lr"])
        hidden_lines = sum(found[panel]["line"].nunique() - rows["line"].nunique() for panel, rows in groups.items())
        hidden_panels = len(found) - len(groups)
        hidden = more_in_tables(
            count_of(hidden_panels, "more effective learning rate") if hidden_panels else "",
            count_of(hidden_lines, "more line") if hidden_lines else "",
        )
        notes = [translate("lr / (1 − β) for momentum methods"), *self._notes(part, runs), hidden]
        title = translate("{title} at the same effective learning rate", title=self.title)
        yield captions.caption(figure, name, title, [*self.comparison.context, *notes], self._sentences(groups))

    def at_best_lr(self, name: str) -> Iterator[captions.CaptionedFigure]:
        """Yield the figure of all optimizers, each at its best learning rate, if some were tried at several learning rates."""
        losses = self.comparison.at_best_lr(self.losses)
        if not self.comparison.has_lr_choice or not self.can_draw(losses):
            return
        title = translate("{title} of each optimizer at its best learning rate", title=self.title)
        yield self._one_by_one(name, title, losses)

    def _one_by_one(self, name: str, title: str, losses: pd.DataFrame) -> captions.CaptionedFigure:
        """Return the figure with a line per optimizer, each at one learning rate."""
        losses = losses.assign(line=losses["variant"] + ", " + labels_of("lr", losses["lr"]))
        frame = selection.chosen_variants(losses, self.comparison, MAX_ALONE)
        frame = frame.assign(panel=frame["line"]) if small_multiples.are_apart(losses, "line") else frame
        figure, axes_list = small_multiples.lines(self.draw, losses, frame, "line")
        small_multiples.label_axes(axes_list, ylabel=self.value_name)
        runs = self.comparison.at_best_lr(self.comparison.judged)
        choice = self.comparison.choice_words if self.comparison.has_lr_choice else ""
        notes = [self.note, choice, captions.no_best_lr_note(self.comparison), *self._notes(frame, runs)]
        notes += [small_multiples.note(losses, "line"), selection.hidden_note(frame, losses)]
        return captions.caption(figure, name, title, [*self.comparison.context, *notes], self._sentences({title: frame}))

    def _panels(self, groups: Mapping[str, pd.DataFrame]) -> tuple[Figure, list[Axes]]:
        """Draw a panel per group, with shared axes. Return the figure and its panels. groups: title of a panel → its losses."""
        figure, axes_list = grid.panels(len(groups))
        ends = []
        for axes, (title, rows) in zip(axes_list, groups.items(), strict=True):
            self.draw(rows, axes)
            ends.append(axes.get_xlim()[1])
            axes.set_title(shorten(title), fontsize=text_points(10))
            axes.set_ylabel(self.value_name)
        grid.outer_labels(axes_list)
        axes_list[0].set_xlim(0, max(ends))  # all panels share both axes
        if self.scale.is_log:
            log_axis(axes_list[0].yaxis, loss_limits(pd.concat(groups.values())))
        return figure, axes_list

    def _sentences(self, groups: Mapping[str, pd.DataFrame]) -> Sequence[str]:
        """Return the description of a figure. groups: title of a panel → its losses."""
        frame = pd.concat(groups.values())
        runs = self.comparison.judged[self.comparison.judged["run_id"].isin(frame["run_id"].unique())]
        text = LOG_AGAINST if self.scale.is_log else AGAINST
        what = translate(text, value=self.value_name, label=self.label)
        if len(groups) > 1:
            what = translate("{what} in {count} panels, {panels}", what=what, count=len(groups), panels=list_names(groups))
        if have_means(frame):
            what = translate("{what}, means over seeds", what=what)
        return [with_full_stop(what), captions.optimizers_sentence(frame), captions.lowest_tail_loss(runs)]

    def _notes(self, frame: pd.DataFrame, runs: pd.DataFrame) -> list[str]:
        """Return notes on lines, on cut losses, and on those of the figure's `runs` that have no curve and are in no line."""
        by_run = frame.groupby("run_id")
        mean = translate(MEANS[self.scale.is_log, have_bands(frame)]) if have_means(frame) else ""
        cross = translate("× where a run diverged") if (by_run["step"].max() < by_run["planned_steps"].first()).any() else ""
        floor = captions.floor_note(frame["loss"], by_run["loss"].transform("first")) if self.scale.is_log else ""
        return [join_notes(mean, cross), floor, no_curve_note(self.comparison, runs)]
