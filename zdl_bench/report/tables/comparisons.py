"""The table of pairwise comparisons: an effect with its interval for every pair, and a verdict for every planned test."""

import math
from collections.abc import Iterator

import pandas as pd

from zdl_bench.report.standings import QUESTIONS, Question, Standings
from zdl_bench.report.tables.table import Column, Record, Table
from zdl_bench.report.words.effects import effect_text, numbers_of, p_text, pairs_text, wins_text
from zdl_bench.statistics.finding import Effect, Finding
from zdl_bench.statistics.standing import Pairwise, Standing

NOTE_ON_PAIRS = (
    "Of the first against the second, paired by seed: below 1 the first has less of it. Wins are the seeds on which the first "
    "is better, ties counted half; a run without a value loses. A verdict says whether the first is better. Only "
    "comparisons with the first optimizer of the plan have one, adjusted by Holm's method over those of one metric. The ids of "
    "the runs are in the CSV."
)
QUESTION_NOUNS = {question.metric: question.noun for question in QUESTIONS}


def comparison_table(standings: Standings) -> Table:
    """Return a table of all pairs of optimizers, first at their best learning rates, then at the learning rates they share.

    Only comparisons with the control at the best learning rates have a verdict.
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
    for judged in standing.contrasts:
        [part] = judged.claim.parts
        [finding] = judged.findings
        assert part.second is not None
        pair = (str(part.first["variant"]), str(part.second["variant"]))
        verdict = {"p_family": judged.p_family, "verdict": judged.verdict.value, "reason": judged.reason}
        yield _row(question, view, pair, standing, finding) | verdict
    for pair in standing.in_order:
        if standing.control not in pair:
            yield _row(question, view, pair, standing, standing.pairs[pair])


def _row(question: Question, view: str, pair: tuple[str, str], pairwise: Pairwise, finding: Finding) -> dict[str, object]:
    about = {"metric": question.metric, "view": view, "first": pair[0], "second": pair[1]}
    judged = {"p_family": math.nan, "verdict": "", "reason": finding.reason, "notes": "; ".join(finding.notes)}
    numbers = numbers_of(finding, question.effect(finding))
    return about | judged | numbers | {"win_rate": pairwise.win_rate(*pair)}  # an exact finding has no wins of its own


def _question_text(row: Record) -> str:
    metric, noun = row["metric"].replace("_", " "), QUESTION_NOUNS[row["metric"]]
    return noun if metric == noun else f"{noun} ({metric})"


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
