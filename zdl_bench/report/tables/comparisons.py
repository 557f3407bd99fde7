"""The table of pairwise comparisons: an effect with its interval for every pair, and a verdict for every planned test."""

import math
from collections.abc import Iterator

import pandas as pd

from zdl_bench.report.standings import Question, Standings
from zdl_bench.report.tables.table import Column, Record, Table
from zdl_bench.report.words.effects import effect_text, numbers_of, p_text, pairs_text, wins_text
from zdl_bench.statistics.finding import Effect, Finding
from zdl_bench.statistics.standing import Pairwise, Standing

NOTE_ON_PAIRS = (
    "Of the first against the second, paired by seed: below 1 the first has less of it. Wins are the seeds on which the first "
    "is better, ties counted half; a run without a value loses. A verdict says whether the first is better; its p "
    "is adjusted for all that this page tests. Comparisons at a shared learning rate have none. The ids of the runs are in the "
    "CSV."
)


def comparison_table(standings: Standings) -> Table:
    """Return a table of all pairs of optimizers, first at their best learning rates, then at the learning rates they share.

    Only comparisons at the best learning rates have a verdict.
    """
    rows = []
    for question, standing in standings.at_best:
        rows += list(_with_verdicts(question, standing, standings.view))
    control = standings.variants[0]
    for view, question, pairwise in standings.at_same:
        for one, other in pairwise.in_order:
            pair = (other, one) if one == control else (one, other)  # the control comes second, as above
            rows.append(_row(question, view, pair, pairwise, pairwise.pairs[pair]))
    return Table("comparisons", pd.DataFrame(rows), COLUMNS_OF_PAIRS, "Pairwise comparisons", NOTE_ON_PAIRS)


def _with_verdicts(question: Question, standing: Standing, view: str) -> Iterator[dict[str, object]]:
    """Yield a row per pair, metric by metric, first those with the control."""
    by_metric = {one.metric: one for one in standing.measures}
    for one in standing.verdicts:
        verdict = {"p_family": one.p, "verdict": one.verdict.value, "reason": one.reason}
        yield _row(question, view, (one.first, one.second), by_metric[one.metric], one.finding) | verdict


def _row(question: Question, view: str, pair: tuple[str, str], pairwise: Pairwise, finding: Finding) -> dict[str, object]:
    words = question.words[pairwise.metric]
    about = {
        "question": question.noun,
        "metric": pairwise.metric,
        "words": words,
        "view": view,
        "first": pair[0],
        "second": pair[1],
    }
    judged = {"p_family": math.nan, "verdict": "", "reason": finding.reason, "notes": "; ".join(finding.notes)}
    numbers = numbers_of(finding, question.effect(finding))
    return about | judged | numbers | {"win_rate": pairwise.win_rate(*pair)}  # an exact finding has no wins of its own


def _question_text(row: Record) -> str:
    return str(row["words"] if row["words"] == row["question"] else f"{row['question']} ({row['words']})")


def _n_text(row: Record) -> str:
    if row["reason"] and not row["n"]:
        return "–"
    return pairs_text(row["n"], row["n_values"])


def _effect_text(row: Record) -> str:
    if math.isnan(row["effect"]):
        return row["reason"] or "no value"
    return effect_text(Effect(row["effect"], row["low"], row["high"], row["unit"])) + (", exact" if row["exact"] else "")


COLUMNS_OF_PAIRS = (
    Column("question", "metric", row_text=_question_text),
    Column("view", "view"),
    Column("first", "first"),
    Column("second", "second"),
    Column("n", "n", row_text=_n_text),
    Column("effect and 95 % interval", "effect", row_text=_effect_text),
    Column("wins", "win_rate", row_text=lambda row: wins_text(row["win_rate"], row["n"])),
    Column("p", "p_family", p_text, missing=""),
    Column("verdict", "verdict"),
)
