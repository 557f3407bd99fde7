"""The table of pairwise comparisons: an effect with its interval for every pair, and a verdict for every planned test."""

import math
from collections.abc import Iterator

import pandas as pd

from zdl_bench.language import said, translatable, translate
from zdl_bench.report.phrases import join_notes, join_sentences
from zdl_bench.report.standings import Question, Standings
from zdl_bench.report.tables.table import Column, Record, Table
from zdl_bench.report.words.effects import effect_text, numbers_of, p_text, pairs_text, wins_text
from zdl_bench.statistics.finding import Effect, Finding
from zdl_bench.statistics.pairwise import Pairwise
from zdl_bench.statistics.standing import Standing

NOT_IN_LATEX = ["wins", "p"]
"""The columns that a page of paper has no room for."""
NOTE_ON_PAIRS = translatable(
    "Of the first against the second, paired by seed: below 1 the first has less of it. Wins are the seeds on which the first "
    "is better, ties counted half; a run without a value loses. A verdict says whether the first is better; its p "
    "is adjusted for all that this page tests. Comparisons at a shared learning rate have none. The ids of the runs are in the "
    "CSV."
)

NOTE_ON_CHOSEN_PAIRS = translatable(
    "Here are all comparisons with the control, and those among {compared} of {count} optimizers: the control, those that "
    "lead, and the fastest. The CSV has all pairs at the best learning rates."
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
    numbers, heading, note = pd.DataFrame(rows), translate("Pairwise comparisons"), translate(NOTE_ON_PAIRS)
    summary = None
    if len(standings.compared) < len(standings.variants):
        among = numbers["first"].isin(standings.compared) & numbers["second"].isin(standings.compared)
        summary = numbers[among | (numbers["second"] == control)]
        chosen = translate(NOTE_ON_CHOSEN_PAIRS, compared=len(standings.compared), count=len(standings.variants))
        note = join_sentences(note, chosen)
    return Table("comparisons", numbers, _columns_of_pairs(), heading, note, summary, not_in_latex=NOT_IN_LATEX)


def _with_verdicts(question: Question, standing: Standing, view: str) -> Iterator[dict[str, object]]:
    """Yield a row per pair, metric by metric, first those with the control."""
    by_metric = {one.metric: one for one in standing.measures}
    for one in standing.verdicts:
        verdict = {"p_family": one.p, "verdict": one.verdict.value, "reason": said(one.reason)}
        yield _row(question, view, (one.first, one.second), by_metric[one.metric], one.finding) | verdict


def _row(question: Question, view: str, pair: tuple[str, str], pairwise: Pairwise, finding: Finding) -> dict[str, object]:
    words = question.words[pairwise.metric]
    about = {
        "question": said(question.noun),
        "metric": pairwise.metric,
        "words": said(words),
        "view": said(view),
        "first": pair[0],
        "second": pair[1],
    }
    judged = {"p_family": math.nan, "verdict": "", "reason": said(finding.reason), "notes": join_notes(*finding.notes)}
    numbers = numbers_of(finding, question.effect(finding))
    return about | judged | numbers | {"win_rate": pairwise.win_rate(*pair)}  # an exact finding has no wins of its own


def _question_text(row: Record) -> str:
    if row["words"] == row["question"]:
        return str(row["words"])
    return translate("{question} ({measure})", question=row["question"], measure=row["words"])


def _n_text(row: Record) -> str:
    if row["reason"] and not row["n"]:
        return "–"
    return pairs_text(row["n"], row["n_values"])


def _effect_text(row: Record) -> str:
    if math.isnan(row["effect"]):
        return row["reason"] or translate("no value")
    effect = effect_text(Effect(row["effect"], row["low"], row["high"], row["unit"]))
    return translate("{effect}, exact", effect=effect) if row["exact"] else effect


def _columns_of_pairs() -> list[Column]:
    return [
        Column(translate("question"), "metric", row_text=_question_text),
        Column(translate("view"), "view"),
        Column(translate("first"), "first"),
        Column(translate("second"), "second"),
        Column("n", "n", row_text=_n_text),
        Column(translate("effect and 95 % interval"), "effect", row_text=_effect_text),
        Column(translate("wins"), "win_rate", row_text=lambda row: wins_text(row["win_rate"], row["n"])),
        Column("p", "p_family", p_text, missing=""),
        Column(translate("verdict"), "verdict", translate),
    ]
