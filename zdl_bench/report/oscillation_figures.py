"""A comparison → its oscillation metrics side by side."""

import pandas as pd

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.descriptions import counted, first, left_out, listed
from zdl_bench.report.drawn import Drawn
from zdl_bench.report.figures.grid import head, row_panels
from zdl_bench.report.figures.oscillation import draw_oscillation

OF_NETWORKS = ("jitter", "overshoot", "displacement_cosine", "gradient_cosine", "path_efficiency")
OF_SURFACES = ("axis_crossings", "flip_rate")
MAX_ROWS = 40


def oscillation(comparison: Comparison) -> Drawn | None:
    """A panel per metric that is defined somewhere, each optimizer at its best learning rate; None with one optimizer."""
    chosen = comparison.at_best_lr(comparison.judged)
    names = list(dict.fromkeys(chosen["variant"]))
    runs = chosen[chosen["variant"].isin(names[:MAX_ROWS])]
    defined = [name for name in (*OF_NETWORKS, *OF_SURFACES) if runs[name].notna().any()]
    all_zero = [name.replace("_", " ") for name in defined if (runs[name] == 0).all()]
    metrics = [name for name in defined if name.replace("_", " ") not in all_zero]
    if len(names) < 2 or not metrics:
        return None
    rows = min(len(names), MAX_ROWS)
    figure, axes_list = row_panels(len(metrics), rows)
    for axes, metric in zip(axes_list, metrics, strict=True):
        draw_oscillation(runs, axes, metric)
    title = "Oscillation"
    choice = [f"each optimizer at its best lr, {comparison.choice_words}"] if comparison.has_lr_choice else []
    seeds = ["dots: seeds; above them their mean and its 95 % interval"] if runs["seed"].nunique() > 1 else []
    rest = [f"{len(names) - rows} more optimizers are in the tables only"] if len(names) > rows else []
    steady = [f"{listed(all_zero)} {'is' if len(all_zero) == 1 else 'are'} 0 for all"] if all_zero else []
    head(figure, title, [*comparison.context, *choice, *left_out(comparison), *seeds, *steady, *rest])
    panels = listed(name.replace("_", " ") for name in metrics)
    words = f"A row per optimizer in {len(metrics)} panels: {panels}. {counted(runs)}. {_steadiest(runs)}"
    return Drawn("oscillation", title, words, figure)


def _steadiest(runs: pd.DataFrame) -> str:
    jitters = runs.groupby("variant", sort=False)["jitter"]
    means = jitters.mean().where(jitters.count() == jitters.size())
    return first("Lowest mean jitter", means.sort_values(kind="stable"))
