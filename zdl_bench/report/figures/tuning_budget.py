"""Who has the lowest loss as a function of the tuning budget, with one line per optimizer."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from zdl_bench.language import translate
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures import captions, grid, selection
from zdl_bench.report.figures.scales import PER_CENT
from zdl_bench.report.figures.style import MAX_BANDS, legend_name, line_looks
from zdl_bench.report.limits import MAX_TOGETHER
from zdl_bench.report.phrases import join_notes, list_names
from zdl_bench.report.ranking import Entry, favourites_of
from zdl_bench.run.conditions import percent
from zdl_bench.statistics.tuning_budget import SURE_SHARE, ahead_shares, tuning_costs


def draw_tuning_budget(frame: pd.DataFrame, axes: Axes, leaders: Sequence[str] = ()) -> Axes:
    """Draw how often each optimizer has the lowest loss against the number of trials that each may make.

    frame: one row per run on a tuning seed, with variant, optimizer, lr, seed, tail_loss and start_loss. Lines are those of
    `statistics.tuning_budget.ahead_shares`, for the control, which comes first, and for those that are ahead most often, up to
    MAX_BANDS. The markers of a line end where the optimizer has no more trials. leaders: variants that have a line in any case.
    """
    shares, looks = shares_of(frame, leaders), line_looks(frame)
    trials = {cost.variant: cost.trials for cost in tuning_costs(frame)}
    for variant in [name for name in looks if name in shares]:
        own = slice(0, trials[variant])
        axes.plot(shares.index, shares[variant], label=legend_name(variant), markevery=own, markersize=5, **looks[variant])
    axes.axhline(SURE_SHARE, color="#999999", linewidth=0.8, linestyle=":")
    axes.set_ylim(-0.03, 1.03)
    axes.margins(x=0.04)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(PER_CENT)
    axes.set(
        xlabel=translate("trials of each optimizer, drawn at random"), ylabel=translate("share of draws with the lowest loss")
    )
    return axes


def shares_of(frame: pd.DataFrame, leaders: Sequence[str] = ()) -> pd.DataFrame:
    """Return the shares that the figure shows: a row per number of trials, a column per optimizer."""
    costs = tuning_costs(frame)
    found = ahead_shares([cost.losses for cost in costs])
    shares = pd.DataFrame(found, np.arange(1, len(found) + 1), [cost.variant for cost in costs])
    best = shares.max().sort_values(ascending=False, kind="stable").index
    return shares[[name for name in shares if name in {shares.columns[0], *best[: MAX_BANDS - 1], *leaders}]]


def captioned_figures(comparison: Comparison) -> Iterator[captions.CaptionedFigure]:
    """Yield the figure of a comparison that was tuned on tuning seeds, if several optimizers were and one had a choice."""
    costs = comparison.tuning_costs
    if len(costs) < 2 or not any(cost.was_tuned for cost in costs):
        return
    trials = comparison.trials
    entry = Entry.of(comparison)
    leaders = favourites_of([entry]) if len(entry.variants) > MAX_TOGETHER else []
    shares = shares_of(trials, leaders)
    figure, _ = grid.single(partial(draw_tuning_budget, leaders=leaders), trials)
    shown = trials[trials["variant"].isin(list(shares))]
    single = [cost.variant for cost in costs if not cost.was_tuned]
    lines = [
        *comparison.context,
        translate("the best of the drawn trials, by mean tail loss; markers end with the trials of an optimizer"),
        join_notes(
            translate("dotted: {share}", share=percent(SURE_SHARE)),
            translate("one trial only: {names}", names=list_names(single)) if single else "",
        ),
        selection.hidden_note(shown, trials),
    ]
    last = shares.iloc[-1]
    sentences = [
        translate(
            "The share of draws of trials and seeds in which each optimizer has the lowest loss, against the number of trials."
        ),
        captions.optimizers_sentence(shown),
        translate("With all trials, {name} has it most often, in {share}.", name=last.idxmax(), share=percent(last.max())),
    ]
    title = captions.of_trials(translate("Who is ahead at which tuning budget"), comparison)
    yield captions.caption(figure, "tuning_budget", title, lines, sentences)
