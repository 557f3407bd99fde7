"""The paths of a comparison's runs, and the landscape on which they are drawn."""

from typing import cast

import pandas as pd

from zdl_bench.errors import ConfigError
from zdl_bench.registry import registry
from zdl_bench.report.comparison import ABOUT, Comparison
from zdl_bench.report.figures.landscape import Landscape

AT_BEST_NOTE = "each at its best learning rate by mean tail loss"


def landscape_of(comparison: Comparison) -> Landscape | None:
    """Return the problem as something to draw; None if it is not, or no run has recorded its points."""
    if not comparison.recorded:
        return None
    try:
        spec = registry.problem(comparison.recorded[0].config.problem)
    except ConfigError:  # stored runs of a problem that this installation does not have
        return None
    return cast(Landscape, spec) if spec.domain else None


def first_paths(comparison: Comparison) -> pd.DataFrame:
    """Return x, y, ABOUT and status: a row per step of the runs of the first seed."""
    seed = _first_seed(comparison)
    points = [
        pd.DataFrame(run.curve.points, columns=["x", "y"]).assign(run_id=run.run_id)
        for run in comparison.recorded
        if run.curve and run.config.seed == seed
    ]
    return pd.concat(points).merge(comparison.runs[[*ABOUT, "status"]], on="run_id", how="left")


def best_paths(comparison: Comparison) -> pd.DataFrame:
    """Return the `first_paths` at the best learning rate of their optimizer; an optimizer without one is left out."""
    paths = first_paths(comparison)
    return comparison.at_best_lr(paths[paths["variant"].isin(list(comparison.best_lrs))])


def path_notes(comparison: Comparison, landscape: Landscape) -> list[str]:
    """Return the notes on which runs are shown, and on the star."""
    seeds = comparison.judged["seed"].nunique()
    return [
        f"seed {_first_seed(comparison)}, the first of {seeds}" if seeds > 1 else "",
        "star: minimum" if landscape.minima else "",
    ]


def _first_seed(comparison: Comparison) -> int:
    """Return the first seed that judges, or the first at all if none does."""
    seeds = [run.config.seed for run in comparison.recorded]
    return next((seed for seed in seeds if seed not in comparison.tuning_seeds), seeds[0])
