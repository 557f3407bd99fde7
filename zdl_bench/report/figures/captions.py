"""Write captions, with sentences and notes that several captions share. A note that does not apply is empty."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from zdl_bench.language import translate, translate_count
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures.grid import head, limit_size
from zdl_bench.report.figures.label_room import break_labels
from zdl_bench.report.figures.print_layout import is_for_print, shrink_marks
from zdl_bench.report.phrases import and_more, join_notes, join_sentences, list_names, shorten, with_full_stop
from zdl_bench.run.conditions import short
from zdl_bench.run.counts import count_of
from zdl_bench.statistics.metrics.metric import FLOOR


@dataclass(frozen=True)
class CaptionedFigure:
    """A figure with its file name, its title, and a description for readers who cannot see the figure.

    notes: what is written below the title, one fact each, which may begin with a name and so with any letter. caption: the
    title and the notes, for a figure whose title is not drawn.
    """

    name: str
    title: str
    description: str
    figure: Figure
    caption: str = ""
    notes: Sequence[str] = ()


def caption(figure: Figure, name: str, title: str, lines: Sequence[str], sentences: Sequence[str]) -> CaptionedFigure:
    """Write the title and the lines above the figure, and return the figure with its name and description.

    In print, nothing is written above the figure, and its marks are scaled as its text is.
    sentences: the description of the figure, for readers who cannot see the figure. Empty lines and sentences are left out.
    """
    shown, description = list(filter(None, lines)), join_sentences(*sentences)
    if is_for_print():
        shrink_marks(figure)
        break_labels(figure)
        text = join_sentences(*map(with_full_stop, (title, join_notes(*shown))))
        return CaptionedFigure(name, title, description, figure, text, shown)
    limit_size(figure)
    head(figure, title, shown)
    break_labels(figure)
    return CaptionedFigure(name, title, description, figure, notes=shown)


def optimizers_sentence(frame: pd.DataFrame) -> str:
    """Return the sentence with the number and the names of the variants in a frame: `2 optimizers: sgd and adam.`"""
    names = frame["variant"].dropna().unique()
    return translate("{optimizers}: {names}.", optimizers=count_of(len(names), "optimizer"), names=list_names(map(str, names)))


def leader_sentence(what: str, values: pd.Series, best: float, write: Callable[[float], str] = "{:.3g}".format) -> str:
    """Return the sentence that names the first variant with the best value, and the number of others with the same value.

    what: the start of the sentence. values: one per variant, or one per variant and lr or place in words; NaN if some run
    has no value. best: the best of these values. write: turns a value into text.
    """
    leaders = values.index[values == best]
    if leaders.empty:
        return translate("{what}: nowhere do all runs have a value.", what=what)
    variant, place = leaders[0] if isinstance(leaders[0], tuple) else (leaders[0], None)
    name = shorten(str(variant))
    if isinstance(place, str):
        leader = translate("{name} at {place}", name=name, place=place)
    else:
        leader = name if place is None or place != place else translate("{name} at lr {lr}", name=name, lr=short(place))
    leader = and_more(leader, len(leaders) - 1)
    return translate("{what}: {leader}, {value}.", what=what, leader=leader, value=write(best))


def lowest_mean(what: str, values: pd.Series, keys: Sequence[pd.Series]) -> str:
    """Return the sentence on the lowest mean of the values, grouped by the keys.

    what: the start of the sentence. A group in which some run has no value is left out.
    """
    groups = values.groupby(list(keys), sort=False, dropna=False)
    means = groups.mean().where(groups.count() == groups.size())
    return leader_sentence(what, means, means.min())


def lowest_tail_loss(runs: pd.DataFrame) -> str:
    """Return the sentence on the lowest mean tail loss. runs: has the columns variant, lr and tail_loss."""
    return lowest_mean(translate("Lowest mean tail loss"), runs["tail_loss"], [runs["variant"], runs["lr"]])


def of_trials(title: str, comparison: Comparison) -> str:
    """Return the title of a figure of the trials, which says so if these ran on seeds of their own."""
    if not comparison.was_tuned:
        return title
    count = comparison.trials["seed"].nunique()
    return translate_count("{title}, on the {count} tuning seed", "{title}, on the {count} tuning seeds", count, title=title)


def best_lr_note(comparison: Comparison) -> str:
    """Return the note on how the learning rates of a figure were chosen, or an empty note if each optimizer has only one."""
    if not comparison.has_lr_choice:
        return ""
    return translate("each optimizer at its best lr, {choice}", choice=comparison.choice_words)


def no_best_lr_note(comparison: Comparison) -> str:
    """Return the note on the optimizers that are not in the figure because they have no best learning rate."""
    with_lr = comparison.trials.dropna(subset="lr")["variant"].unique()
    lost = [str(variant) for variant in with_lr if variant not in comparison.best_lrs]
    if not lost:
        return ""
    return translate("left out, since no learning rate has a value in every run: {names}", names=list_names(lost))


def floor_note(losses: pd.Series, starts: pd.Series) -> str:
    """Return the note that a figure shows losses below the floor of its log scale at the floor.

    The note is empty if no loss is at the floor. losses: the losses that the figure shows. starts: for each loss, the loss at
    the start of the same run.
    """
    floors = (FLOOR * starts)[(losses >= 0) & (losses <= FLOOR * starts)]
    if floors.empty:
        return ""
    low, high = (f"{floor:.1g}" for floor in (floors.min(), floors.max()))
    ends = low if low == high else translate("{low} to {high}", low=low, high=high)
    return translate("losses below {floor}, {share:g} of the start, are shown there", floor=ends, share=FLOOR)


def has_spread(values: pd.Series, keys: Sequence[pd.Series]) -> bool:
    """Return whether some group, by the keys, has different values and lacks none, so that a figure shows its interval."""
    groups = values.groupby(list(keys), dropna=False)
    return bool(((groups.nunique() > 1) & (groups.count() == groups.size())).any())


def band_note(runs: pd.DataFrame) -> str:
    """Return the note on the bands around the lines of these runs; empty if the lines have no bands."""
    return translate("95 % bootstrap band over seeds") if runs["seed"].nunique() > 1 else ""
