"""Where the optimizers stand → forest plots against the control, and who beats whom."""

from collections.abc import Iterator, Sequence

import matplotlib.pyplot as plt
import pandas as pd

from zdl_bench.figures.forest import draw_forest
from zdl_bench.figures.grid import head
from zdl_bench.figures.improvement_heat_map import draw_improvement
from zdl_bench.report.drawn import Drawn
from zdl_bench.report.standings import Question, Standings, contrast_frame, improvement_frame

MOST_ROWS = 20
"""More optimizers make no figure that can be read: they have the tables."""


def standing_figures(standings: Standings) -> Iterator[Drawn]:
    """None of one optimizer, and none of more than a figure can hold."""
    if not 1 < len(standings.variants) <= MOST_ROWS:
        return
    frames = [(question, contrast_frame(question, standing)) for question, standing in standings.at_best]
    with_effects = [(question, frame) for question, frame in frames if frame["mean"].notna().any()]
    if with_effects:
        yield _forest(standings, with_effects)
    if len(standings.variants) > 2:
        yield _improvement(standings)


def _forest(standings: Standings, frames: Sequence[tuple[Question, pd.DataFrame]]) -> Drawn:
    """A panel per question."""
    control = standings.variants[0]
    height = 1.1 + 0.32 * (len(standings.variants) - 1)
    figure, grid = plt.subplots(len(frames), 1, figsize=(9.2, len(frames) * height + 0.8), squeeze=False, layout="constrained")
    for axes, (question, frame) in zip(grid[:, 0], frames, strict=True):
        draw_forest(frame, axes)
        axes.set_title(question.words, fontsize=10, loc="left")
    title = f"Paired differences from {control}"
    rest = f"left of 1: less of it than {control}; mean over seeds and 95 % interval; verdict on being better, filled: decided"
    head(figure, title, [*standings.comparison.context, f"{standings.view}; {rest}"])
    rows = [f"{question.words}, {row.label}: {row.verdict}" for question, frame in frames for row in frame.itertuples()]
    words = f"Ratios to {control} with their intervals, a row per optimizer. {'; '.join(rows)}."
    return Drawn("paired_differences", title, words, figure)


def _improvement(standings: Standings) -> Drawn:
    """A panel per question."""
    names = len(standings.variants)
    questions = len(standings.at_best)
    figure, grid = plt.subplots(
        1, questions, figsize=(questions * max(3.6, 1.6 + 0.5 * names), 2.4 + 0.45 * names), squeeze=False, layout="constrained"
    )
    for axes, (question, standing) in zip(grid[0], standings.at_best, strict=True):
        draw_improvement(improvement_frame(standing), axes)
        axes.set_title(question.superlative, fontsize=10)
    for axes in grid[0, 1:]:
        axes.set_yticklabels([])
    title = "Probability of improvement"
    rest = "share of seeds on which the row beats the column, ties counted half, a run without a value losing"
    head(figure, title, [*standings.comparison.context, f"{standings.view}; {rest}"])
    words = f"A table per question of how often each of {names} optimizers beats each other over the seeds."
    return Drawn("improvement", title, words, figure)
