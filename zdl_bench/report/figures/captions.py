"""Write captions, with sentences and notes that several captions share. A note that does not apply is empty."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures.grid import head
from zdl_bench.report.figures.style import MAX_BANDS
from zdl_bench.report.phrases import count_of, list_names, shorten
from zdl_bench.run.conditions import short
from zdl_bench.statistics.metrics.metric import FLOOR


@dataclass(frozen=True)
class CaptionedFigure:
    """A figure with its file name, its title, and a description for readers who cannot see the figure."""

    name: str
    title: str
    description: str
    figure: Figure


def caption(figure: Figure, name: str, title: str, lines: Sequence[str], sentences: Sequence[str]) -> CaptionedFigure:
    """Write the title and the lines above the figure, and return the figure with its name and description.

    sentences: the description of the figure, for readers who cannot see the figure. Empty lines and sentences are left out.
    """
    head(figure, title, list(filter(None, lines)))
    return CaptionedFigure(name, title, " ".join(filter(None, sentences)), figure)


def optimizers_sentence(frame: pd.DataFrame) -> str:
    """Return the sentence with the number and the names of the variants in a frame: `2 optimizers: sgd and adam.`"""
    names = frame["variant"].dropna().unique()
    return f"{count_of(len(names), 'optimizer')}: {list_names(map(str, names))}."


def leader_sentence(what: str, values: pd.Series, best: float, write: Callable[[float], str] = "{:.3g}".format) -> str:
    """Return the sentence that names the first variant with the best value, and the number of others with the same value.

    what: the start of the sentence. values: one per variant, or one per variant and lr, or NaN if some run has no value. best:
    the best of these values. write: turns a value into text.
    """
    leaders = values.index[values == best]
    if leaders.empty:
        return f"{what}: nowhere do all runs have a value."
    variant, lr = leaders[0] if isinstance(leaders[0], tuple) else (leaders[0], None)
    at_lr = "" if lr is None or lr != lr else f" at lr {short(lr)}"
    others = f" and {len(leaders) - 1} more" if len(leaders) > 1 else ""
    return f"{what}: {shorten(str(variant))}{at_lr}{others}, {write(best)}."


def lowest_mean(what: str, values: pd.Series, keys: Sequence[pd.Series]) -> str:
    """Return the sentence on the lowest mean of the values, grouped by the keys.

    what: the start of the sentence. A group in which some run has no value is left out.
    """
    groups = values.groupby(list(keys), sort=False, dropna=False)
    means = groups.mean().where(groups.count() == groups.size())
    return leader_sentence(what, means, means.min())


def tail_loss_name(comparison: Comparison) -> str:
    """Return the name of the tail loss, with its unit, for the label of an axis."""
    return comparison.loss_name.replace("probe loss", "tail loss")


def lowest_tail_loss(runs: pd.DataFrame) -> str:
    """Return the sentence on the lowest mean tail loss. runs: has the columns variant, lr and tail_loss."""
    return lowest_mean("Lowest mean tail loss", runs["tail_loss"], [runs["variant"], runs["lr"]])


def best_lr_note(comparison: Comparison) -> str:
    """Return the note on how the learning rates of a figure were chosen, or an empty note if each optimizer has only one."""
    return f"each optimizer at its best lr, {comparison.choice_words}" if comparison.has_lr_choice else ""


def no_best_lr_note(comparison: Comparison) -> str:
    """Return the note on the optimizers that are not in the figure because they have no best learning rate."""
    with_lr = comparison.trials.dropna(subset="lr")["variant"].unique()
    lost = [str(variant) for variant in with_lr if variant not in comparison.best_lrs]
    return f"left out, since no learning rate has a value in every run: {list_names(lost)}" if lost else ""


def floor_note(losses: pd.Series, starts: pd.Series) -> str:
    """Return the note that a figure shows losses below the floor of its log scale at the floor.

    The note is empty if no loss is at the floor. losses: the losses that the figure shows. starts: for each loss, the loss at
    the start of the same run.
    """
    floors = (FLOOR * starts)[(losses >= 0) & (losses <= FLOOR * starts)]
    if floors.empty:
        return ""
    ends = dict.fromkeys(f"{floor:.1g}" for floor in (floors.min(), floors.max()))
    return f"losses below {' to '.join(ends)}, {FLOOR:g} of the start, are shown there"


def band_note(runs: pd.DataFrame) -> str:
    """Return the note on the bands around the lines of these runs; empty if the lines have no bands."""
    has_bands = runs["seed"].nunique() > 1 and runs["variant"].nunique() <= MAX_BANDS
    return "95 % bootstrap band over seeds" if has_bands else ""
