"""A comparison → what tuning its learning rates buys."""

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.descriptions import counted, lowest_tail_loss
from zdl_bench.report.drawn import Drawn
from zdl_bench.report.figures.best_of_trials import draw_best_of_trials
from zdl_bench.report.figures.grid import head, legend_outside, single
from zdl_bench.report.loss_notes import floor_note
from zdl_bench.report.shown import band_note, first_variants, more_variants


def best_of_trials(comparison: Comparison) -> Drawn | None:
    """None where no optimizer was tried at two learning rates, or none with a value everywhere."""
    everything = comparison.above_floor(comparison.trials)
    runs = first_variants(everything)
    if not comparison.has_lr_choice or not comparison.best_lrs:
        return None
    figure, axes = single()
    draw_best_of_trials(runs, axes)
    loss = comparison.loss_name.replace("probe loss", "tail loss")
    axes.set_ylabel(f"expected {loss}")
    legend_outside(axes)
    title = "Best of k tuning trials"
    notes = [
        "learning rates drawn at random, none twice; another grid gives another line",
        *band_note(runs),
        *floor_note(runs["tail_loss"], runs["start_loss"]),
        *(["one with a run without a value counts as the loss at the start"] if runs["tail_loss"].isna().any() else []),
    ]
    head(figure, title, [*comparison.context, *notes, *more_variants(runs, everything)])
    words = f"The {loss} that is expected of the best of k learning rates, on a log scale, against k"
    return Drawn("best_of_trials", title, f"{words}. {counted(runs)}. {lowest_tail_loss(runs)}", figure)
