"""All comparisons of a sweep together → the performance profile of its optimizers."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.descriptions import PER_CENT, counted, first
from zdl_bench.report.drawn import Drawn
from zdl_bench.report.figures.grid import head, legend_outside, single
from zdl_bench.report.figures.performance_profile import draw_performance_profile
from zdl_bench.report.figures.style import with_looks
from zdl_bench.report.shown import first_variants, more_variants
from zdl_bench.run.conditions import percent
from zdl_bench.statistics.runtime import expected_running_time

MIN_PROBLEMS = 4
"""With fewer, a profile says no more than the tables."""


def performance_profiles(comparisons: Sequence[Comparison]) -> Drawn | None:
    """None of few problems, or one optimizer."""
    everything = solved_problems(comparisons)
    frame = first_variants(everything)
    problems, optimizers = frame["problem"].nunique(), frame["variant"].nunique()
    settings = frame["setting"].nunique()
    if settings < 2 or problems < MIN_PROBLEMS or optimizers < 2:
        return None
    figure, axes = single()
    draw_performance_profile(frame, axes)
    axes.yaxis.set_major_formatter(PER_CENT)
    legend_outside(axes)
    title = "Performance profile"
    context = [
        f"{problems} problems: targets that some optimizer reached, in {settings} settings",
        "each optimizer at its best learning rate; another set of optimizers gives another profile",
        *_settings_left_out(comparisons),
        *more_variants(frame, everything),
    ]
    head(figure, title, context)
    fastest = frame["ert"] == frame.groupby("problem")["ert"].transform("min")
    shares = fastest.groupby(frame["variant"], sort=False).mean().sort_values(ascending=False, kind="stable")
    words = "Share of problems solved within a multiple of the best expected running time, against that multiple on a log scale"
    best = first("Fastest on the largest share of problems", shares, percent)
    return Drawn("performance_profile", title, f"{words}. {problems} problems. {counted(frame)}. {best}", figure)


def solved_problems(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """The `expected_running_times` to compare optimizers by, with the looks of their variants.

    A problem is a target in a setting that some optimizer reached, and not all had at the start. Only settings in which every
    optimizer was tried count; each is at its best learning rate, and one that has none there solves nothing.
    """
    erts = expected_running_times(comparisons)
    by_problem = erts.groupby("problem")
    is_solved = by_problem["ert"].transform("min").between(0, np.inf, inclusive="neither")
    has_all = by_problem["variant"].transform("nunique") == erts["variant"].nunique()
    return with_looks(erts[is_solved & has_all], pd.concat([one.runs for one in comparisons]))


def expected_running_times(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """setting, problem, variant, optimizer, ert: a row per target of a setting and optimizer at its best learning rate."""
    rows = []
    for comparison in comparisons:
        runs = comparison.at_best_lr(comparison.judged)
        targets = [column for column in runs if column.startswith("steps_to_")]
        for (variant, optimizer), members in runs.groupby(["variant", "optimizer"], sort=False):
            planned = int(members["steps"].iloc[0])
            for target in targets:
                ert = expected_running_time(members[target].to_numpy(dtype=float), planned)
                rows.append((comparison.setting, f"{comparison.setting}, {target}", variant, optimizer, ert))
        for variant, optimizer in _lost(comparison):
            rows += [(comparison.setting, f"{comparison.setting}, {target}", variant, optimizer, np.inf) for target in targets]
    return pd.DataFrame(rows, columns=["setting", "problem", "variant", "optimizer", "ert"])


def _lost(comparison: Comparison) -> list[tuple[str, str]]:
    """Variant and optimizer of those that were tried, and lost runs at every learning rate."""
    tried = comparison.trials.dropna(subset="lr").drop_duplicates("variant")
    lost = tried[~tried["variant"].isin(list(comparison.best_lrs))]
    return [(str(variant), str(optimizer)) for variant, optimizer in zip(lost["variant"], lost["optimizer"], strict=True)]


def _settings_left_out(comparisons: Sequence[Comparison]) -> list[str]:
    """A note on settings in which some optimizer was not tried."""
    erts = expected_running_times(comparisons)
    count = int((erts.groupby("setting")["variant"].nunique() < erts["variant"].nunique()).sum())
    verb = "setting is" if count == 1 else "settings are"
    return [f"{count} more {verb} left out: not every optimizer was tried there"] if count else []
