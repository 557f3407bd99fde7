"""Where the optimizers stand → forest plots against the control, and who beats whom."""

from collections.abc import Iterator, Sequence

import pandas as pd

from zdl_bench.report.drawn import Drawn
from zdl_bench.report.figures.forest import draw_forest
from zdl_bench.report.figures.grid import grid_of, head
from zdl_bench.report.figures.improvement_heat_map import draw_improvement
from zdl_bench.report.figures.style import shortened
from zdl_bench.report.standings import Question, Standings, contrast_frame, improvement_frame

MAX_ROWS = 20
"""The first of more: a figure of all could not be read, and the tables have them."""
MAX_BESIDE = 8
"""Tables of more optimizers stand in two columns."""
TITLES = {"test_accuracy": "test accuracy (odds)"}
"""Of the panels whose effect is not the ratio of what the question asks for."""


def standing_figures(standings: Standings) -> Iterator[Drawn]:
    """None of one optimizer; of many, the first."""
    if len(standings.variants) < 2:
        return
    frames = [(question, contrast_frame(question, standing).head(MAX_ROWS - 1)) for question, standing in standings.at_best]
    with_effects = [(question, frame) for question, frame in frames if frame["mean"].notna().any()]
    if with_effects:
        yield _forest(standings, with_effects)
    if len(standings.variants) > 2:
        yield _improvement(standings)


def _forest(standings: Standings, frames: Sequence[tuple[Question, pd.DataFrame]]) -> Drawn:
    """A panel per question."""
    control = standings.variants[0]
    height = 1.1 + 0.32 * (min(len(standings.variants), MAX_ROWS) - 1)
    figure, everything = grid_of(len(frames), 1, (9.2, len(frames) * height + 0.8))
    for axes, (question, frame) in zip(everything, frames, strict=True):
        draw_forest(frame, axes)
        axes.set_title(TITLES.get(question.metric, question.words), fontsize=10, loc="left")
    control = shortened(control)
    title = f"Paired differences from {control}"
    rest = f"left of 1: less of it than {control}; mean over seeds and 95 % interval; verdict on being better, filled: decided"
    head(figure, title, [*standings.comparison.context, f"{standings.view}; {rest}", *_rest(standings)])
    rows = [f"{question.words}, {row.label}: {row.verdict}" for question, frame in frames for row in frame.itertuples()]
    words = f"Ratios to {control} with their intervals, a row per optimizer. {'; '.join(rows)}."
    return Drawn("paired_differences", title, words, figure)


def _improvement(standings: Standings) -> Drawn:
    """A panel per question."""
    shown = standings.variants[:MAX_ROWS]
    names, questions = len(shown), len(standings.at_best)
    columns = questions if names <= MAX_BESIDE else min(2, questions)
    rows = -(-questions // columns)
    letters = max(0, max(len(shortened(name)) for name in shown) - 12)  # beyond those of a usual name
    size = (columns * (max(3.6, 1.6 + 0.5 * names) + 0.05 * letters), rows * (2.4 + 0.45 * names + 0.035 * letters))
    figure, everything = grid_of(rows, columns, size)
    for number, axes in enumerate(everything):
        if number >= questions:
            axes.set_visible(False)
            continue
        question, standing = standings.at_best[number]
        frame = improvement_frame(standing)
        draw_improvement(frame[frame["first"].isin(shown) & frame["second"].isin(shown)], axes)
        axes.set_title(question.superlative, fontsize=10)
        if number % columns:
            axes.tick_params(left=False, labelleft=False)
    title = "Probability of improvement"
    rest = "share of seeds on which the row beats the column, ties counted half, a run without a value losing"
    head(figure, title, [*standings.comparison.context, f"{standings.view}; {rest}", *_rest(standings)])
    words = f"A table per question of how often each of {names} optimizers beats each other over the seeds."
    return Drawn("improvement", title, words, figure)


def _rest(standings: Standings) -> list[str]:
    count = len(standings.variants) - MAX_ROWS
    return [f"{count} more optimizer{'' if count == 1 else 's'} in the tables only"] if count > 0 else []
