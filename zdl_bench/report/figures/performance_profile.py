"""Performance profile: the share of problems solved within a multiple of the best expected running time.

The figure has one line per optimizer.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.language import translate, translate_count
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures import captions, selection, small_multiples
from zdl_bench.report.figures.scales import PER_CENT, share_axes
from zdl_bench.report.figures.style import legend_name, line_looks, with_looks
from zdl_bench.report.limits import MAX_ALONE
from zdl_bench.report.ranking import Entry, shown_variants
from zdl_bench.run.conditions import percent
from zdl_bench.statistics.runtime import expected_running_time, performance_profile

MAX_RATIO = 100.0
MIN_PROBLEMS = 4
"""Smallest number of problems for which a profile is drawn. A profile of fewer problems says no more than the tables."""


def draw_performance_profile(frame: pd.DataFrame, axes: Axes) -> Axes:
    """Draw the performance profile, with one line per optimizer. Draw nothing if the frame is empty.

    frame: one row per problem and optimizer, with problem, variant, optimizer and ert, the expected running time.
    ert: in steps; ∞ if the target was never reached. best: the smallest ert on the problem, if the frame lacks some optimizers.
    The profile of an optimizer depends on which other optimizers are compared. Source: Dolan & Moré 2002.
    """
    if frame.empty:
        return axes
    looks = line_looks(frame)
    erts = frame.pivot(index="problem", columns="variant", values="ert")[list(looks)].to_numpy(dtype=float)
    best = frame.groupby("problem")["best" if "best" in frame else "ert"].min().to_numpy(dtype=float)[:, np.newaxis]
    largest = np.nanmax(np.append(np.where(np.isfinite(erts), erts, np.nan) / best, 2.0))
    ratios = np.geomspace(1, MAX_RATIO, 600)
    shares = performance_profile(np.hstack([erts, best]), ratios)[:, :-1]
    for (variant, look), share in zip(looks.items(), shares.T, strict=True):
        line = look | {"marker": "", "label": legend_name(variant), "linewidth": 1.6}
        axes.step(ratios, share, where="post", **line)
    share_axes(axes, min(1.2 * largest, MAX_RATIO))
    axes.set(xlabel=translate("expected running time, as a multiple of the best"), ylabel=translate("share of problems"))
    return axes


def solved_problems(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """Return the `expected_running_times` on the problems of the performance profile, with the columns of LOOK.

    A problem is a target in a setting. A problem is left out if no optimizer reached the target, if some expected running time
    is 0, or if some optimizer was not tried in the setting. Each optimizer is at its best learning rate in the setting. An
    optimizer without a best learning rate in a setting solves none of the setting's problems.
    """
    erts = expected_running_times(comparisons)
    by_problem = erts.groupby("problem")
    is_solved = by_problem["ert"].transform("min").between(0, np.inf, inclusive="neither")
    has_all = by_problem["variant"].transform("nunique") == erts["variant"].nunique()
    return with_looks(erts[is_solved & has_all], pd.concat([one.runs for one in comparisons]))


def expected_running_times(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """Return the expected running times, with the columns setting, problem, variant, optimizer and ert (in steps).

    There is one row per setting, target and optimizer, each optimizer at its best learning rate. An optimizer has no best
    learning rate if every learning rate has a run without a value. In this case, ert is ∞.
    """
    rows = []
    for comparison in comparisons:
        runs = comparison.at_best_lr(comparison.judged)
        targets = [column for column in runs if column.startswith("steps_to_")]
        erts = [
            (variant, optimizer, target, expected_running_time(members[target].to_numpy(float), int(members["steps"].iloc[0])))
            for (variant, optimizer), members in runs.groupby(["variant", "optimizer"], sort=False)
            for target in targets
        ]
        tried = comparison.trials.dropna(subset="lr").drop_duplicates("variant")
        lost = tried[~tried["variant"].isin(list(comparison.best_lrs))]
        erts += [(row.variant, row.optimizer, target, np.inf) for row in lost.itertuples() for target in targets]
        rows += [
            (comparison.setting, f"{comparison.setting}, {target}", variant, optimizer, ert)
            for variant, optimizer, target, ert in erts
        ]
    return pd.DataFrame(rows, columns=["setting", "problem", "variant", "optimizer", "ert"])


def captioned_figures(comparisons: Sequence[Comparison]) -> Iterator[captions.CaptionedFigure]:
    """Yield the profile over all comparisons.

    Yield nothing unless there are several settings, several optimizers and at least MIN_PROBLEMS problems.
    """
    everything = solved_problems(comparisons)
    everything = everything.assign(best=everything.groupby("problem")["ert"].transform("min"))
    shown = shown_variants([Entry.of(one) for one in comparisons], MAX_ALONE)
    frame = selection.in_order(everything, shown)
    problems, settings = frame["problem"].nunique(), frame["setting"].nunique()
    if settings < 2 or problems < MIN_PROBLEMS or frame["variant"].nunique() < 2:
        return
    figure, axes_list = small_multiples.lines(draw_performance_profile, everything, frame)
    axes_list[0].yaxis.set_major_formatter(PER_CENT)
    small_multiples.label_axes(axes_list)
    erts = expected_running_times(comparisons)
    partial = int((erts.groupby("setting")["variant"].nunique() < erts["variant"].nunique()).sum())
    lines = [
        translate(
            "{problems} problems: targets that some optimizer reached, in {settings} settings",
            problems=problems,
            settings=settings,
        ),
        translate("each optimizer at its best learning rate; another set of optimizers gives another profile"),
        translate_count(
            "{count} more setting is left out: not every optimizer was tried there",
            "{count} more settings are left out: not every optimizer was tried there",
            partial,
        )
        if partial
        else "",
        small_multiples.note(everything),
        selection.hidden_note(frame, everything),
    ]
    is_fastest = frame["ert"] == frame.groupby("problem")["ert"].transform("min")
    shares = is_fastest.groupby(frame["variant"], sort=False).mean()
    sentences = [
        translate(
            "Share of problems solved within a multiple of the best expected running time, "
            "against that multiple on a log scale."
        ),
        translate("{count} problems.", count=problems),
        captions.optimizers_sentence(frame),
        captions.leader_sentence(translate("Fastest on the largest share of problems"), shares, shares.max(), percent),
    ]
    yield captions.caption(figure, "performance_profile", translate("Performance profile"), lines, sentences)
