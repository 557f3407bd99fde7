"""The paths of a comparison's runs, and the landscape over which the paths are drawn."""

from typing import cast

import pandas as pd

from zdl_bench.errors import ConfigError
from zdl_bench.language import translatable, translate
from zdl_bench.registry import registry
from zdl_bench.report.comparison import ABOUT, Comparison
from zdl_bench.report.figures.landscape import Landscape

AT_BEST_NOTE = translatable("each at its best learning rate by mean tail loss")


def landscape_of(comparison: Comparison) -> Landscape | None:
    """Return the problem of a comparison as a landscape, or None if the problem has no domain or no run has recorded points."""
    if not comparison.recorded:
        return None
    try:
        spec = registry.problem(comparison.recorded[0].config.problem)
    except ConfigError:  # stored runs of a problem that this installation does not have
        return None
    return cast(Landscape, spec) if spec.domain else None


def first_paths(comparison: Comparison) -> pd.DataFrame:
    """Return the paths of the runs on the first seed: one row per step, with the columns x, y, ABOUT and status."""
    seed = _first_seed(comparison)
    points = [
        pd.DataFrame(run.curve.points, columns=["x", "y"]).assign(run_id=run.run_id)
        for run in comparison.recorded
        if run.curve and run.config.seed == seed
    ]
    return pd.concat(points).merge(comparison.runs[[*ABOUT, "status"]], on="run_id", how="left")


def best_paths(comparison: Comparison) -> pd.DataFrame:
    """Return the `first_paths` at the best learning rate of each variant. Leave out variants without a best learning rate."""
    paths = first_paths(comparison)
    return comparison.at_best_lr(paths[paths["variant"].isin(list(comparison.best_lrs))])


def path_notes(comparison: Comparison, landscape: Landscape) -> list[str]:
    """Return the note that says which seed is shown, and the note that explains the stars on minima."""
    seeds = comparison.judged["seed"].nunique()
    return [
        translate("seed {seed}, the first of {count}", seed=_first_seed(comparison), count=seeds) if seeds > 1 else "",
        translate("star: minimum") if landscape.minima else "",
    ]


def _first_seed(comparison: Comparison) -> int:
    """Return the first evaluation seed with recorded points, or the first tuning seed if there is no evaluation seed."""
    seeds = [run.config.seed for run in comparison.recorded]
    return next((seed for seed in seeds if seed not in comparison.tuning_seeds), seeds[0])
