"""The table of a page's first screen: one row per optimizer, the fastest first, with the numbers that decide."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import pandas as pd

from zdl_bench.language import translatable, translate
from zdl_bench.report.ranking import RANKED_BY, Entry, ranking_of
from zdl_bench.report.standings import STEPS_TO, Standings
from zdl_bench.report.tables.table import Column, Record, Table, lr_column, readable
from zdl_bench.report.tied import not_told_from_best
from zdl_bench.report.words.uncontested import SettingAnswer
from zdl_bench.run.conditions import percent
from zdl_bench.statistics.finding import three_digits
from zdl_bench.statistics.measures import ACCURACY
from zdl_bench.statistics.metrics.steadiness import LOG_JITTERS, PATH_STEADINESS, scale_words
from zdl_bench.statistics.standing import Standing
from zdl_bench.statistics.verdict import Verdict

ROOM = 8
"""Largest number of rows. Of more optimizers, the first ones and those that lead in something are shown."""
BOARD_HEADINGS = {
    RANKED_BY: translatable("mean loss"),
    "tail_loss": translatable("final loss"),
    "test_accuracy": translatable("accuracy"),
    "test_loss": translatable("test loss"),
}
BOARD_EXPLANATIONS = {
    "lr": translatable("learning rate: the best of those that were tried"),
    RANKED_BY: translatable("geometric mean of the loss over the run, on the images of the figure; the rows are in its order"),
    "tail_loss": translatable("mean over seeds of the loss at the end (tail loss), on validation images if there are some"),
    "test_accuracy": translatable("share of the test images that are classified correctly at the end"),
    "test_loss": translatable("mean loss of the test examples at the end"),
}
LARGEST_LOG = 700.0
"""Largest logarithm of which the exponential is a float."""
OSCILLATIONS = ("jitter_20", "jitter_5", "jitter_1", *PATH_STEADINESS, *LOG_JITTERS)


def leaderboard(standings: Standings) -> Table:
    """Return the table. Shaded: who is ahead in a column by the tests of the page, and whom they cannot tell from it.

    Bold: the best value of all optimizers whose runs all learned, including those that have no row.
    """
    by_metric = {metric: standing for question, standing in standings.at_best for metric in question.words}
    measures = [metric for metric in _measures(standings) if metric in by_metric or len(standings.variants) == 1]
    shown = standings.shown(ROOM)
    rows = []
    for variant in ranking_of([Entry.of(standings.comparison)]):
        side = standings.entrants.sides.get(variant)
        runs = side.runs if side is not None else pd.DataFrame()
        row: dict[str, object] = {"optimizer": variant, "lr": runs["lr"].iloc[0] if len(runs) else math.nan, "runs": len(runs)}
        row["learned"] = bool(len(runs)) and bool(runs["learned"].all())
        for metric in measures:
            values = runs[metric].astype(float).dropna() if metric in runs else pd.Series(dtype=float)
            row[metric] = values.median() if metric.startswith(STEPS_TO) else values.mean()
            row[f"{metric}_n"] = len(values)
        rows.append(row)
    everyone = pd.DataFrame(rows)
    numbers = everyone[everyone["optimizer"].isin(shown)].reset_index(drop=True)
    columns = [Column(translate("optimizer"), "optimizer"), _lr_column(numbers)] if rows else []
    for metric in measures:
        tied = not_told_from_best(metric, by_metric[metric]) if len(rows) > 1 and is_tested(standings) else []
        tied = [] if set(numbers["optimizer"]) <= {*tied} else tied  # shades that tell nobody apart say nothing
        best = _best(everyone, metric, by_metric.get(metric)) if len(rows) > 1 else ""
        columns.append(
            Column(
                _heading(metric),
                metric,
                row_text=partial(_text, metric),
                is_shaded=partial(_is_among, tied),
                is_bold=partial(_is_among, [best]),
                explanation=_explanation(metric),
            )
        )
    return Table("leaderboard", numbers, columns)


def is_tested(standings: Standings) -> bool:
    """Return whether the page tests any difference between these optimizers, so that shades mean something."""
    return any(
        one.verdict is not Verdict.NOT_DECIDABLE and not one.reason
        for _, standing in standings.at_best
        for one in standing.verdicts
    )


def setting_table(every: Sequence[Standings], choices: Sequence[SettingAnswer]) -> Table:
    """Return a table with a row per setting: who is ahead there, at which learning rate, and whether that is shown."""
    rows = []
    for standings, one in zip(every, choices, strict=True):
        side = standings.entrants.sides.get(one.variant)
        runs = side.runs if side is not None else pd.DataFrame(columns=["lr", "tail_loss", "test_accuracy"], dtype=float)
        row = {
            "setting": standings.comparison.setting,
            "ahead": one.variant or "–",
            "lr": runs["lr"].iloc[0] if len(runs) else math.nan,
        }
        means = {name: runs[name].mean() if name in runs else math.nan for name in ("tail_loss", "test_accuracy")}
        rows.append(row | means | {"shown": one.is_shown})
    numbers = pd.DataFrame(rows)
    columns = [
        Column(translate("setting"), "setting"),
        Column(translate("ahead"), "ahead", is_bold=lambda row: bool(row["shown"])),
        _lr_column(numbers),
        _mean_column("tail_loss", three_digits),
        *([_mean_column("test_accuracy", partial(percent, decimals=1))] if numbers["test_accuracy"].notna().any() else []),
        Column(translate("shown"), "shown"),
    ]
    return Table("settings_ahead", numbers, columns)


def _lr_column(numbers: pd.DataFrame) -> Column:
    return replace(lr_column(numbers, "lr", "–"), explanation=_explanation("lr"))


def _mean_column(metric: str, write: Callable[[float], str]) -> Column:
    return Column(_heading(metric), metric, write, explanation=_explanation(metric))


def _measures(standings: Standings) -> list[str]:
    """Return the measures that the table has."""
    runs = standings.comparison.judged
    has = [name for name in runs if runs[name].dtype.kind == "f" and runs[name].notna().any()]
    last = [name for name in ("test_accuracy", "test_loss") if name in has][:1]
    oscillation = [name for name in OSCILLATIONS if name in has][:1]
    target = _hardest_target(standings, [name for name in has if name.startswith(STEPS_TO)])
    return [*([RANKED_BY] if RANKED_BY in has else []), "tail_loss", *last, *oscillation, *filter(None, [target])]


def _heading(metric: str) -> str:
    if metric.startswith(STEPS_TO):
        return translate("steps to {target}", target=metric.removeprefix(STEPS_TO))
    return translate(BOARD_HEADINGS[metric]) if metric in BOARD_HEADINGS else translate("oscillation")


def _explanation(metric: str) -> str:
    if metric.startswith(STEPS_TO):
        return translate("median number of steps until the loss is at or below this value")
    return translate(BOARD_EXPLANATIONS[metric]) if metric in BOARD_EXPLANATIONS else _oscillation_words(metric)


def _hardest_target(standings: Standings, targets: Sequence[str]) -> str:
    """Return the lowest target that the first of the ranking reaches on every seed, or empty if it reaches none."""
    first = ranking_of([Entry.of(standings.comparison)])[0]
    side = standings.entrants.sides.get(first)
    reached = [name for name in targets if side is not None and side.runs[name].notna().all()]
    return min(reached, key=lambda name: float(name.removeprefix(STEPS_TO)), default="")


def _best(numbers: pd.DataFrame, metric: str, standing: Standing | None) -> str:
    """Return the variant with the best value, of those whose runs all learned and have a value."""
    if standing is None:
        return ""
    values = (
        numbers.loc[numbers["learned"] & (numbers[f"{metric}_n"] == numbers["runs"])].set_index("optimizer")[metric].dropna()
    )
    if values.empty:
        return ""
    return str(values.idxmax() if metric.endswith(ACCURACY) else values.idxmin())


def _oscillation_words(metric: str) -> str:
    scale = scale_words(metric)
    if scale:
        return translate("how much the loss jitters {scale}, without its trend; lower is steadier", scale=scale)
    return translate("{measure} of the path; lower is steadier", measure=translate(readable(metric)))


def _is_among(variants: list[str], row: Record) -> bool:
    return row["optimizer"] in variants


def _text(metric: str, row: Record) -> str:
    value, n, runs = row[metric], row[f"{metric}_n"], row["runs"]
    if not n:
        return translate("never") if metric.startswith(STEPS_TO) and runs else "–"
    if metric.endswith(ACCURACY):
        text = percent(value, 1)
    else:
        value = math.exp(min(value, LARGEST_LOG)) if metric == RANKED_BY else value
        text = f"{value:,.0f}" if metric.startswith(STEPS_TO) else three_digits(value)
    return text if n == runs else translate("{value} ({count} of {runs})", value=text, count=n, runs=runs)
