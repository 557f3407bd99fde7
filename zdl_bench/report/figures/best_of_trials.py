"""The benefit of tuning: the expected loss at the best of k learning rates against k, with one line per optimizer."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from zdl_bench.language import translate
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figure_terms import tail_loss_name
from zdl_bench.report.figures import captions, selection, small_multiples
from zdl_bench.report.figures.scales import log_axis
from zdl_bench.report.figures.style import MAX_BANDS, legend_name, line_looks
from zdl_bench.report.limits import MAX_ALONE
from zdl_bench.statistics.tuning import lr_grid
from zdl_bench.statistics.tuning_curve import tuning_curve

MAX_TRIAL_MARKERS = 40


def draw_best_of_trials(frame: pd.DataFrame, axes: Axes) -> Axes:
    """Draw the loss at the best of k learning rates against k, with one line per optimizer.

    frame: one row per run, with variant, optimizer, lr, seed, tail_loss and start_loss. All losses are above 0.
    A point is the expected tail loss at the best of k different learning rates, drawn at random from those in the frame. If
    there are up to MAX_BANDS lines, each has a 95 % bootstrap band over seeds. If a learning rate has a run without a value,
    or has no run on some seed, the loss at the start of training replaces the tail loss.
    """
    with_lr = frame.dropna(subset="lr")
    heights: list[float] = []
    looks = line_looks(with_lr)
    for variant, look in looks.items():
        rows = with_lr[with_lr["variant"] == variant]
        best = tuning_curve(lr_grid(rows).to_numpy(), lr_grid(rows, "start_loss").to_numpy())
        heights += [*best.mean, *best.low, *best.high]
        trials = np.arange(1, len(best.mean) + 1)
        every = -(-len(trials) // MAX_TRIAL_MARKERS)
        axes.plot(trials, best.mean, label=legend_name(variant), markersize=5, markevery=every, linewidth=1.5, **look)
        if len(looks) <= MAX_BANDS:
            axes.fill_between(trials, best.low, best.high, color=look["color"], alpha=0.14, linewidth=0)
    log_axis(axes.yaxis, heights, 0.05)
    axes.margins(x=0.04)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel=translate("best of k learning rates, k"), ylabel=translate("expected tail loss (nats)"))
    return axes


def captioned_figures(comparison: Comparison) -> Iterator[captions.CaptionedFigure]:
    """Yield the figure of a comparison's trials, if some optimizer was tried at several learning rates."""
    if not comparison.has_lr_choice or not comparison.best_lrs:
        return
    everything = comparison.above_floor(comparison.trials).dropna(subset="lr")
    runs = selection.chosen_variants(everything, comparison, MAX_ALONE)
    figure, axes_list = small_multiples.lines(draw_best_of_trials, everything, runs)
    loss = tail_loss_name(comparison)
    small_multiples.label_axes(axes_list, ylabel=translate("expected {loss}", loss=loss))
    lines = [
        *comparison.context,
        translate("learning rates drawn at random, none twice; another grid gives another line"),
        captions.band_note(runs),
        captions.floor_note(runs["tail_loss"], runs["start_loss"]),
        translate("one with a run without a value counts as the loss at the start") if runs["tail_loss"].isna().any() else "",
        small_multiples.note(everything),
        selection.hidden_note(runs, everything),
    ]
    what = translate("The {loss} that is expected of the best of k learning rates, on a log scale, against k.", loss=loss)
    sentences = [what, captions.optimizers_sentence(runs), captions.lowest_tail_loss(runs)]
    title = captions.of_trials(translate("Best of k tuning trials"), comparison)
    yield captions.caption(figure, "best_of_trials", title, lines, sentences)
