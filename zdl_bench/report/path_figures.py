"""A comparison on a problem of two parameters → the paths of its runs."""

from typing import cast

import pandas as pd

from zdl_bench.errors import ConfigError
from zdl_bench.registry import registry
from zdl_bench.report.comparison import ABOUT, Comparison
from zdl_bench.report.descriptions import counted, lowest_tail_loss
from zdl_bench.report.drawn import Drawn
from zdl_bench.report.figures.grid import head, legend_outside, outer_labels, panels, single
from zdl_bench.report.figures.landscape import Landscape
from zdl_bench.report.figures.optimizer_paths import draw_optimizer_paths
from zdl_bench.report.figures.style import shortened
from zdl_bench.report.figures.surface_path import draw_path
from zdl_bench.run.conditions import short

MAX_PANELS = 12
MAX_PATHS = 8
BEST = "each at its best learning rate by mean tail loss"


def paths(comparison: Comparison) -> Drawn | None:
    """A panel per optimizer and learning rate, in the order of the plan; where they are too many, at the best ones."""
    landscape = landscape_of(comparison)
    if landscape is None:
        return None
    frame = first_paths(comparison)
    count = frame["run_id"].nunique()
    chosen = _at_best_lr(frame, comparison) if count > MAX_PANELS else frame
    shown = [rows for _, rows in (frame if chosen.empty else chosen).groupby("run_id", sort=False)][:MAX_PANELS]
    figure, axes_list = panels(len(shown))
    for axes, rows in zip(axes_list, shown, strict=True):
        draw_path(rows, axes, landscape)
        axes.set_title(_panel_title(rows), fontsize=10)
    outer_labels(axes_list)
    by_lr = frame["variant"].nunique() == 1 < count
    title = "Path at each learning rate" if by_lr else "Path of each optimizer"
    rest = [*([BEST] if len(chosen) else []), f"{count - len(shown)} others are not shown"] if len(shown) < count else []
    head(figure, title, [*comparison.context, "; ".join([*_key(comparison, landscape), "ring: start", *rest])])
    words = f"{len(shown)} panels, each the path of one run over contours of the loss, with x and y the two parameters"
    lost = int((frame.drop_duplicates("run_id")["status"] != "completed").sum())
    ends = f" {lost} of {count} runs did not complete." if lost else ""
    words = f"{words}. {counted(frame)}. {lowest_tail_loss(comparison.runs)}{ends}"
    return Drawn("paths_by_lr" if by_lr else "paths", title, words, figure)


def optimizer_paths(comparison: Comparison) -> Drawn | None:
    """All optimizers over one another, each at its best learning rate; None where there is but one, or too many."""
    landscape = landscape_of(comparison)
    if landscape is None:
        return None
    frame = first_paths(comparison)
    chosen = _at_best_lr(frame, comparison)
    if not 1 < chosen["variant"].nunique() <= MAX_PATHS:
        return None
    figure, axes = single(width=8.6)
    named = chosen["variant"] + ", lr " + chosen["lr"].map(short)
    draw_optimizer_paths(chosen.assign(variant=named), axes, landscape)
    legend_outside(axes)
    title = "Paths of the optimizers"
    choice = [BEST] if comparison.has_lr_choice else []
    head(figure, title, [*comparison.context, "; ".join([*_key(comparison, landscape), *choice])])
    words = "The path of one run per optimizer over contours of the loss, with x and y the two parameters"
    return Drawn("optimizer_paths", title, f"{words}. {counted(chosen)}. {lowest_tail_loss(comparison.runs)}", figure)


def landscape_of(comparison: Comparison) -> Landscape | None:
    """The problem as something to draw; None where it is not, or no run has recorded its points."""
    if not comparison.recorded:
        return None
    try:
        spec = registry.problem(comparison.recorded[0].config.problem)
    except ConfigError:  # stored runs of a problem that this installation does not have
        return None
    return cast(Landscape, spec) if spec.domain else None


def first_paths(comparison: Comparison) -> pd.DataFrame:
    """x, y, ABOUT and status: a row per step of the runs of the first seed."""
    seed = shown_seed(comparison)
    points = [
        pd.DataFrame(run.curve.points, columns=["x", "y"]).assign(run_id=run.run_id)
        for run in comparison.recorded
        if run.curve and run.config.seed == seed
    ]
    about = comparison.runs[[*ABOUT, "status"]]
    return pd.concat(points).merge(about, on="run_id", how="left")


def shown_seed(comparison: Comparison) -> int:
    """The first seed that judges; the first at all where none does."""
    seeds = [run.config.seed for run in comparison.recorded]
    return next((seed for seed in seeds if seed not in comparison.tuning_seeds), seeds[0])


def _at_best_lr(frame: pd.DataFrame, comparison: Comparison) -> pd.DataFrame:
    """The rows of the runs at their optimizer's best learning rate; an optimizer without one is left out."""
    return comparison.at_best_lr(frame[frame["variant"].isin(list(comparison.best_lrs))])


def _panel_title(rows: pd.DataFrame) -> str:
    run = rows.iloc[0]
    title = f"{shortened(run['variant'])}, lr {short(run['lr'])}"
    return title if run["status"] == "completed" else f"{title}: {run['status']}"


def _key(comparison: Comparison, landscape: Landscape) -> list[str]:
    """Which runs are shown, and what the star is."""
    seeds = comparison.judged["seed"].nunique()
    shown = [f"seed {shown_seed(comparison)}, the first of {seeds}"] if seeds > 1 else []
    return [*shown, *(["star: minimum"] if landscape.minima else [])]
